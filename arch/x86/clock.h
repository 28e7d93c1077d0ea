/*
 * Time, from the TSC. Under Bochs with one CPU a tick is an instruction.
 */
#ifndef ARCH_X86_CLOCK_H
#define ARCH_X86_CLOCK_H

#include "arch/x86/types.h"

extern u64 clock_ticks_per_ms;	/* calibrated against the PIT at boot */

/* Measure clock_ticks_per_ms; a guess stays if the PIT does not run. */
void clock_init(void);

/* Let so much time pass, with PAUSE. */
void clock_delay_us(u32 us);

#endif
