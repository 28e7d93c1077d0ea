/*
 * The last resort against silence: every few seconds CPU 0 checks for progress
 * on any CPU. Waits have their own bounds, which expire first and say more
 * (wait.h); this catches a loop that waits for nothing.
 */
#ifndef ARCH_X86_WATCHDOG_H
#define ARCH_X86_WATCHDOG_H

#include "arch/x86/trap.h"

/*
 * A tick is a host interrupt, and an exit if a vCPU runs on this CPU: too rare
 * to show in any count.
 */
#define WATCHDOG_PERIOD_MS	5000
#define WATCHDOG_LIMIT_MS	30000

/* On CPU 0: check every @period_ms, and panic after @limit_ms without progress.
 * Called again, it changes both. */
void watchdog_start(u32 period_ms, u32 limit_ms);

/* The timer's interrupt, taken at @frame. */
void watchdog_tick(const struct trap_frame *frame);

#endif
