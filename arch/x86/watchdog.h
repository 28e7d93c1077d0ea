/*
 * The last resort against silence: CPU 0 looks every few seconds whether
 * anything has moved anywhere. Waits have bounds of their own, which strike
 * first and know more (wait.h); this catches what waits for nothing.
 */
#ifndef ARCH_X86_WATCHDOG_H
#define ARCH_X86_WATCHDOG_H

#include "arch/x86/trap.h"

/*
 * A tick is a host interrupt, and an exit if a vCPU runs on this CPU: rare
 * enough not to be seen in any count.
 */
#define WATCHDOG_PERIOD_MS	5000
#define WATCHDOG_LIMIT_MS	30000

/* On CPU 0: look every @period_ms, and panic when nothing has moved for
 * @limit_ms. Again: with other ones. */
void watchdog_start(u32 period_ms, u32 limit_ms);

/* The timer's interrupt, taken at @frame. */
void watchdog_tick(const struct trap_frame *frame);

#endif
