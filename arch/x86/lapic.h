/*
 * The local APIC: who am I, interrupt another CPU, end of interrupt, timer.
 */
#ifndef ARCH_X86_LAPIC_H
#define ARCH_X86_LAPIC_H

#include "arch/x86/types.h"

enum ipi {
	IPI_WAKE,	/* there is work, leave HLT */
	IPI_KICK,	/* leave the guest; the handler does nothing else */
	IPI_PRIMARY,	/* handshake_primary_ipi() */
	IPI_COUNT,
};

/* Send @ipi to CPU @id. */
void ipi_send(u32 id, enum ipi ipi);

/* Kick a CPU whose guest runs with interrupts off. */
void ipi_send_nmi(u32 id);

#endif
