/*
 * Interleaving by the instruction, where a race lies between two loads and no
 * step() is near: CPU 0 runs a function in single steps (the trap flag), and
 * before its n-th instruction CPU 1 runs another one, until that ends or has
 * to wait for CPU 0. Once for each n, until the function has no n-th one; most
 * of the way there is run, to an INT3. A repeated string instruction counts as
 * one, and libraries do not count.
 */
#ifndef TEST_FAKE_STEPPER_H
#define TEST_FAKE_STEPPER_H

#include "lib/types.h"

struct stepped_race {
	void (*before)(void);	/* as CPU 0, not stepped */
	void (*stepped)(void);	/* as CPU 0 */
	void (*other)(void);	/* as CPU 1 */
	void (*after)(void);
	u32 stride;		/* 0: each n; else each stride-th, where the
				 * window is known to be wider */
};

/* Returns the number of instructions. */
u32 fake_step_through(const struct stepped_race *race);

#endif
