/*
 * Sleep, and lose no interrupt. STI keeps interrupts off for one more
 * instruction, so none comes between it and the HLT (SDM vol. 2, "STI"). But
 * an NMI may, and after its IRET an interrupt is taken before the HLT, which
 * then sleeps although there is work:
 *
 *	this CPU			another one
 *
 *	no work?
 *	STI
 *	NMI ... IRET			work := fn, IPI_WAKE
 *	IPI_WAKE ... IRET
 *	HLT
 *
 * So an interrupt that would return to the HLT returns after it.
 */
#ifndef ARCH_X86_HALT_H
#define ARCH_X86_HALT_H

#include "lib/types.h"

/* Interrupts are off, and on when it returns. */
void interrupts_on_and_halt(void);

extern const char halt_insn[], halt_over[];

/* For trap.c: where an interrupt that came at @rip returns to. */
static inline u64 halt_return(u64 rip)
{
	return rip == (u64)halt_insn ? (u64)halt_over : rip;
}

#endif
