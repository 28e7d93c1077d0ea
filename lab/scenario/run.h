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
#include "lab/scenario/scenarios.h"

struct run {
	const struct cell *cell;
	const struct scenario *scenario;
	u32 operations;			/* of a mix; 0: 1 a page */
	bool faults_untimed;		/* guest_ticks stays empty */
	bool quiet;			/* nothing on the console but what is
					 * wrong: see run_quietly() */

	struct stage stage;
	struct guest guest;
	struct content content;
	struct least_model least;
	u64 random;			/* CPU 0's */
	bool vcpus_write;		/* to pages of their own, in a mix */

	u64 worked;			/* ticks of CPU 0 in verbs so far */
	struct samples ticks;		/* of what the scenario times: by the
					 * guest, or on CPU 0; one writer */
	struct samples guest_ticks;	/* of guest faults of vCPU 0 */
};

/* Scenarios as a kind of experiment: each with an idle and a running guest. */
extern const struct kind scenario_kind;

/* How it is run. */
struct scenario_way {
	bool guest_runs;
	u32 operations;			/* of a mix; 0: 1 a page */
	bool pace_free;
	bool faults_untimed;		/* the time of a fault is not kept: that
					 * takes time too */
};

/* Run @scenario in @cell, and report it. */
enum verdict scenario_run(const struct cell *cell,
			  const struct scenario_file *scenario,
			  struct scenario_way way);

/* Do it all; what came out is in @run. */
void run_quietly(struct run *run);

#endif
