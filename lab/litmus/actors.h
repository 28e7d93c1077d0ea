/*
 * The actors of a litmus test on real CPUs: host threads on CPU 0 and on those
 * without a vCPU, guest code on the vCPUs, one round at a time.
 */
#ifndef LAB_LITMUS_ACTORS_H
#define LAB_LITMUS_ACTORS_H

#include "lab/experiment/stage.h"
#include "lab/litmus/schedule.h"

/* A stage for a test. */
struct litmus_stage {
	struct stage base;
	const struct litmus_test *test;
	struct guest_litmus *shared;	/* the page, as the kernel sees it */
	const u64 *guest_reads[LITMUS_VCPUS];	/* of the mailboxes; likewise */
	u64 deadline;			/* of the round, in ticks */
	const char *failure;		/* the first one, by anybody */
};

/* CPUs and vCPUs that @test needs. */
u32 litmus_cpus(const struct litmus_test *test);
u32 litmus_vcpus(const struct litmus_test *test);

/*
 * @stage->base is open for @test, and its VM is current here, CPU 0. -ENOMEM;
 * -EBUSY, -EFAULT: the guest does not start.
 */
__must_check int litmus_stage_init(struct litmus_stage *stage,
				   const struct litmus_test *test);

struct litmus_round {
	struct litmus_outcome outcome;
	u32 held;			/* holds of the plan that were met */
	u32 steps[LITMUS_ACTORS];
	s64 leaked_frames;
};

/*
 * Play one round. False: it broke off, see litmus_failure(), and no further
 * one can be played.
 */
__must_check bool litmus_play_round(struct litmus_stage *stage,
				    const struct schedule_plan *plan,
				    struct litmus_round *round);

/* Why it broke off; NULL: it did not. */
const char *litmus_failure(const struct litmus_stage *stage);

#endif
