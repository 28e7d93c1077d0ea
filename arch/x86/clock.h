/*
 * Time, from the TSC. Under Bochs with one CPU a tick is an instruction.
 */
#ifndef ARCH_X86_CLOCK_H
#define ARCH_X86_CLOCK_H

#include "lib/types.h"

extern u64 clock_ticks_per_ms;	/* a guess before clock_init() */

/*
 * Find out clock_ticks_per_ms: by a timer, the PIT first, or without one by
 * what CPU or hypervisor say. Says if these differ; if there is neither, says
 * so and ends the machine with EXIT_NO_BACKEND.
 */
void clock_init(void);

/* Let so much time pass, with PAUSE. */
void clock_delay_us(u32 us);

#endif
