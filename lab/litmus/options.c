#include "lab/litmus/options.h"

#include "lib/error.h"
#include "lib/string.h"

struct litmus_options litmus_options;

static const char *litmus_name(u32 i)
{
	return i < litmus_test_count ? litmus_tests[i].name : NULL;
}

static const char *litmus_file(u32 i)
{
	return i < litmus_test_count ? litmus_tests[i].file : NULL;
}

static int read_litmus(const struct reading *r)
{
	litmus_options.wanted = true;
	memset(litmus_options.asked, 0, sizeof(litmus_options.asked));
	return read_files(r, litmus_name, litmus_file, litmus_options.asked);
}

static int read_rounds(const struct reading *r)
{
	return read_number(r, 1, 1000000000, &litmus_options.rounds);
}

/* --- hold= and schedule=: who goes on when, in a round. */

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

static int read_hold(const struct reading *r)
{
	struct schedule_hold hold = { 0 };
	const char *at = r->value;

	if (actor_of(&at, &hold.actor) &&
	    (step_of(at, &hold.name) ||
	     (digits(&at, &hold.at) && !*at && hold.at))) {
		litmus_options.plan.holds[0] = hold;
		litmus_options.plan.hold_count = 1;
		return 0;
	}
	return refuse(r, "ACTOR:STEP, an actor from 0 to %u and a step's name "
		      "(N5) or number", LITMUS_ACTORS - 1);
}

static int read_schedule(const struct reading *r)
{
	struct schedule_plan *plan = &litmus_options.plan;
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

static void begin(struct options *options)
{
	(void)options;
	memset(&litmus_options, 0, sizeof(litmus_options));
}

const struct words litmus_words = {
	.begin = begin,
	.words = {
		{ "litmus", read_litmus },	{ "rounds", read_rounds },
		{ "hold", read_hold },		{ "schedule", read_schedule },
	},
};
