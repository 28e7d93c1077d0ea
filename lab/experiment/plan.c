/*
 * hold= and schedule=: who goes on when, in a round of a litmus test.
 */
#include "lab/experiment/reading.h"

#include "lib/error.h"
#include "lib/string.h"

/* A number up to ':', ',' or the end; moves *@at behind it. */
static bool digits(const char **at, u32 *number)
{
	const char *start = *at;
	u32 n = 0;

	while (**at >= '0' && **at <= '9' && n < 100000)
		n = n * 10 + (*(*at)++ - '0');
	*number = n;
	return *at > start;
}

static bool actor_of(const char **at, u32 *actor)
{
	if (!digits(at, actor) || *actor >= LITMUS_ACTORS || **at != ':')
		return false;
	++*at;
	return true;
}

static bool step_of(const char *name, enum step *step)
{
	for (*step = 0; *step < STEP_COUNT; ++*step)
		if (step_is_scheduled(*step) && !strcmp(step_names[*step], name))
			return true;
	return false;
}

int read_hold(const struct reading *r)
{
	struct schedule_hold hold = { 0 };
	const char *at = r->value;

	if (actor_of(&at, &hold.actor) &&
	    (step_of(at, &hold.name) ||
	     (digits(&at, &hold.at) && !*at && hold.at))) {
		r->options->plan.holds[0] = hold;
		r->options->plan.hold_count = 1;
		return 0;
	}
	return refuse(r, "ACTOR:STEP, an actor from 0 to %u and a step's name "
		      "(N5) or number", LITMUS_ACTORS - 1);
}

int read_schedule(const struct reading *r)
{
	struct schedule_plan *plan = &r->options->plan;
	const char *at = r->value;

	for (plan->segment_count = 0; plan->segment_count < SCHEDULE_SEGMENTS;
	     at++) {
		struct schedule_segment *segment =
			&plan->segments[plan->segment_count++];

		if (!actor_of(&at, &segment->actor) ||
		    !digits(&at, &segment->steps))
			break;
		if (!*at)
			return 0;
		if (*at != ',')
			break;
	}
	return refuse(r, "ACTOR:STEPS,ACTOR:STEPS,... up to %u of them",
		      SCHEDULE_SEGMENTS);
}
