/*
 * Bounded waiting. Every loop that waits for another CPU is written
 *
 *	struct wait wait = wait_start("what it waits for");
 *	while (!condition)
 *		wait_spin(&wait);
 *	wait_end(&wait);
 *
 * so that a hang is a message and not a silence: beyond the bound wait_spin()
 * prints every CPU's state and panics with what it waited for (O14).
 * wait_spin() executes PAUSE, and interrupts must be on, or the CPU could not
 * answer a flush while it waits.
 */
#ifndef ARCH_X86_WAIT_H
#define ARCH_X86_WAIT_H

#include "arch/x86/types.h"

struct wait {
	const char *what;
	const char *outer;	/* what this CPU was waiting for before */
	u64 deadline;		/* in ticks of the clock */
	u32 spins;
};

struct wait wait_start(const char *what);
void wait_spin(struct wait *wait);
void wait_end(struct wait *wait);

/* What is waited for has moved: the bound begins anew. */
void wait_renew(struct wait *wait);

/* True once half of the bound has passed: time for a stronger means. */
bool wait_is_long(const struct wait *wait);

#endif
