/*
 * A schedule in a file: a trial and all that it takes to run the schedule again
 * (explore --replay, by the same program), in lines that begin with '#'. The
 * first one is for the kernel too, which cannot stop at an access: schedule= of
 * lab/litmus/schedule.h.
 */
#ifndef TEST_EXPLORE_SCHEDULE_H
#define TEST_EXPLORE_SCHEDULE_H

#include <stdio.h>
#include "test/explore/world.h"

void schedule_write(FILE *to, const struct trial *trial, const char *turns,
		    const struct schedule *schedule);

/* False: it is none, and standard error says why. */
bool schedule_read(const char *path, struct trial *trial,
		   struct schedule *schedule);

#endif
