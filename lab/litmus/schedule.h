/*
 * Windows of a few instructions, met every time: an actor of a litmus test is
 * held at a step (lib/step.h) until the others have done what they can,
 * or all of them follow a schedule. Real CPUs run; only the moments are chosen.
 *
 * Steps are counted as schedules count them (step_is_scheduled()): the
 * contract's own ones, without PRIMARY, which comes by interrupt, and FLUSH,
 * which serves whatever was asked for before the round.
 */
#ifndef LAB_LITMUS_SCHEDULE_H
#define LAB_LITMUS_SCHEDULE_H

#include "lab/litmus/litmus.h"
#include "lib/step.h"

/* Hold @actor at its step number @at, from 1 on; or, if that is 0, each time
 * that it takes step @name. */
struct schedule_hold {
	u32 actor, at;
	enum step name;
};

/* Let @actor take @steps steps while the others wait. */
struct schedule_segment {
	u32 actor, steps;
};

#define STRETCH_HOLDS		2
#define SCHEDULE_SEGMENTS	48

struct schedule_plan {
	struct schedule_hold holds[STRETCH_HOLDS];
	u32 hold_count;
	struct schedule_segment segments[SCHEDULE_SEGMENTS];
	u32 segment_count;	/* behind the last one everybody goes on */
};

static inline bool step_is_scheduled(enum step step)
{
	return !step_is_detail(step) && step != STEP_PRIMARY &&
	       step != STEP_FLUSH;
}

/* Listen to steps: before anybody who shall hear a step without delay. */
void schedule_init(void);
void schedule_exit(void);

/* A round of @actors actors begins and ends. @plan stays as it is. */
void schedule_begin(const struct schedule_plan *plan, u32 actors);

/* How many holds were met. */
u32 schedule_end(void);

/*
 * This CPU plays @actor from now on, and no longer. *@looks counts what the
 * actor does between its steps: its reads, its looks at a flag.
 */
void schedule_join(u32 actor, const u64 *looks);
void schedule_leave(u32 actor);

/* How many steps @actor has taken in this round. */
u32 schedule_steps(u32 actor);

#endif
