/*
 * The timers of a PC by which the TSC can be measured.
 */
#ifndef ARCH_X86_TIMERS_H
#define ARCH_X86_TIMERS_H

#include "arch/x86/clock_measure.h"

/*
 * The timer of index @i, the best first, running; its hz is 0 if this machine
 * does not have it. Its name is NULL after the last.
 */
struct clock_timer timer_start(u32 i);

/* Stop it: nobody needs it any more. */
void timer_stop(u32 i);

#endif
