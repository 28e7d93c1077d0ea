/*
 * Time, from the TSC. Under Bochs with one CPU a tick is an instruction.
 */
#ifndef ARCH_X86_CLOCK_H
#define ARCH_X86_CLOCK_H

#include "lib/types.h"

extern u64 clock_ticks_per_ms;	/* a guess before clock_init() */

/*
 * Set clock_ticks_per_ms: measured by a timer, the PIT first, or without one
 * as CPU or hypervisor report it. Prints a line if they differ; if there is
 * neither, prints one and ends the machine with EXIT_NO_BACKEND.
 */
void clock_init(void);

/* Let that much time pass, with PAUSE. */
void clock_delay_us(u32 us);

#endif
