/*
 * One run: a workload under a policy, with an idle or a running guest, from a
 * new VM to the last check that nothing is left of it.
 */
#ifndef LAB_SCENARIO_RUN_H
#define LAB_SCENARIO_RUN_H

#include "lab/experiment/stage.h"
#include "lab/scenario/content.h"
#include "lab/scenario/driver.h"
#include "lab/scenario/least.h"

struct run {
	const struct cell *cell;
	const struct scenario *scenario;
	u32 operations;			/* of a mix; 0: 1 a page */
	bool quiet;			/* nothing on the console but what is
					 * wrong: see run_quietly() */

	struct stage stage;
	struct guest guest;
	struct content content;
	struct least_model least;
	u64 random;			/* CPU 0's */
	bool vcpus_write;		/* to pages of their own, in a mix */

	struct samples host_ticks;	/* of what the scenario times, on CPU 0:
					 * one writer */
	struct samples guest_ticks;	/* of guest faults of vCPU 0 */
};

/* Scenarios as a kind of experiment: each with an idle and a running guest. */
extern const struct kind scenario_kind;

/* Do it all; what came out is in @run. */
void run_quietly(struct run *run);

#endif
