/*
 * One run: a workload under a policy, with an idle or a running guest, from a
 * new VM to the last check that nothing is left of it.
 */
#ifndef LAB_EXPERIMENT_RUN_H
#define LAB_EXPERIMENT_RUN_H

#include "lab/experiment/options.h"
#include "lab/mutant/mutant.h"
#include "lab/scenario/workload.h"
#include "vmm/vm.h"

enum verdict {
	VERDICT_COHERENT,
	VERDICT_STALE,		/* somebody read what was not there any more */
	VERDICT_VIOLATION,	/* a rule was broken, seen by lab/check/check.c */
	VERDICT_LEAK,		/* INV-FREE */
	VERDICT_DIED,		/* it broke off: run->message */
};

struct run {
	/* What it is. */
	const struct options *options;
	const struct workload *workload;
	const struct mutant *mutant;	/* NULL: none */
	struct policy policy;
	bool guest_runs;
	bool quiet;			/* nothing on the console but what is
					 * wrong: see run_quietly() */
	u32 number, run_count;

	/* While it lasts. */
	struct vm vm;
	struct mm *child;		/* after a fork */
	u32 child_generation;		/* of every page, when it was forked */
	u64 command_seq[GUEST_MAX_VCPUS];
	const char *phase;
	struct samples host_ticks;	/* of the workload's host operation, on
					 * CPU 0: one writer */
	struct samples guest_ticks;	/* of guest faults of vCPU 0 */


	/* What came out. */
	u64 stale_reads;
	u64 leaked_frames;
	u64 spurious_bound;		/* pf_spurious_max, see ept/notifier.c */
	u64 spurious_model;		/* pf_spurious_accessed, of the checker */
	char message[200];		/* empty: the run came to its end */
};

/* The workload's host operation took @ticks. Any host thread. */
static inline void run_note_ticks(struct run *run, u64 ticks)
{
	if (cpu_id() == 0)
		samples_add(&run->host_ticks, ticks);
}

/* Do it all and report it on the console. */
enum verdict run_one(struct run *run);

/* Do it all; what came out is in @run. */
void run_quietly(struct run *run);

#endif
