/*
 * The last resort against silence: CPU 0 looks every few seconds whether
 * anything has moved anywhere. Waits have bounds of their own, which strike
 * first and know more (wait.h); this catches what waits for nothing.
 */
#ifndef ARCH_X86_WATCHDOG_H
#define ARCH_X86_WATCHDOG_H

#include "arch/x86/trap.h"

/* Start the timer; on CPU 0, once. */
void watchdog_start(void);

/* The timer's interrupt, taken at @frame. */
void watchdog_tick(const struct trap_frame *frame);

#endif
