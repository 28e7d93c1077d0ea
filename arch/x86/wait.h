/*
 * Bounded waiting. Every loop that waits for another CPU is written
 *
 *	struct wait wait = wait_start("what it waits for");
 *	while (!condition)
 *		wait_spin(&wait);
 *	wait_end(&wait);
 *
 * so that a hang produces a message: beyond the bound wait_spin() prints every
 * CPU's state and panics with what it waited for (O14). wait_spin() executes
 * PAUSE, and interrupts must be on, or the CPU could not answer a flush while
 * it waits.
 *
 * To wait for long work, call wait_sleep(): the CPU that has a timer, CPU 0,
 * sleeps in naps and looks again after each. Nobody has to wake it, so no
 * wake-up can be lost, and the bound is the same. Locks and flushes spin: they
 * are short, they are measured, and a litmus test must see at once that an
 * actor can continue.
 */
#ifndef ARCH_X86_WAIT_H
#define ARCH_X86_WAIT_H

#include "lib/types.h"

struct wait {
	const char *what;
	const char *outer;	/* what this CPU was waiting for before */
	u64 since;		/* in ticks of the clock, as is the next one */
	u64 deadline;
	u32 spins;
};

struct wait wait_start(const char *what);
void wait_spin(struct wait *wait);
void wait_sleep(struct wait *wait);	/* in place of wait_spin() */
void wait_end(struct wait *wait);

/*
 * Between two looks of a wait that began at tick @since and has its own bound:
 * PAUSE at first, then naps as long as it has lasted, so that oversleeping at
 * most doubles it. True: it has slept.
 */
bool wait_nap(u64 since);

/* What is waited for has made progress: the bound starts again. */
void wait_renew(struct wait *wait);

/* True once half of the bound has passed: time for stronger means. */
bool wait_is_long(const struct wait *wait);

#endif
