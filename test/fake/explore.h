/*
 * Races, explored: the columns of a race run as CPUs 0, 1, ... one at a time,
 * and change over at steps (see lib/step.h) and in waits only. Every
 * schedule with at most @preemptions changes that nobody had to make is run,
 * so a forbidden outcome that needs no more of them is found for certain. An
 * interrupt that is still on its way at an interrupt point counts as one, and
 * so does a store that is in its store buffer when the columns change over.
 */
#ifndef TEST_FAKE_EXPLORE_H
#define TEST_FAKE_EXPLORE_H

#include "lib/types.h"

#define EXPLORE_COLUMNS	3

struct race {
	void (*before)(void);		/* as CPU 0, before each schedule */
	void (*columns[EXPLORE_COLUMNS])(void);
	u32 count;
	void (*after)(void);		/* as CPU 0, when all have ended */
};

/* Returns the number of schedules. */
u32 fake_explore(const struct race *race, u32 preemptions);

/* A point at which the columns may change over, besides the steps. */
void fake_explore_point(void);

/* Has the pending interrupt not arrived yet? */
bool fake_explore_delay(void);

/* An interrupt is on its way to CPU @id. */
void fake_explore_sent(u32 id);

/* The current column waits for another one. */
void fake_explore_spin(void);

#endif
