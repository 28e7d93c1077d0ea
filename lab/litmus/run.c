/*
 * A sweep of rounds: one in which all actors run freely, and then one for each
 * step of each actor, with that actor alone up to there and held there while
 * the others go on. Each is a schedule with one preemption, on real CPUs.
 */
#include "lab/litmus/run.h"

#include "lab/experiment/report.h"
#include "lab/litmus/actors.h"
#include "lab/litmus/options.h"
#include "lib/string.h"

#define STEPS_MAX	96	/* of an actor that are held, in a sweep */
#define ROUNDS_MORE	150	/* for a mutant that the sweep did not show */
#define ROUNDS_FIXED	16	/* where hold= or schedule= says what to do */

/* A test under a policy or a mutant. */
struct trial {
	const struct cell *cell;
	const struct litmus_test *test;

	struct litmus_stage stage;
	u32 steps[LITMUS_ACTORS];	/* of each actor in the first round */
	u64 random;

	u32 rounds, seen;
	char shown_by[80];		/* the words that show it again */
	bool over;			/* no further round can be played */
};

static struct trial trial;

/* --- Rounds. */

/* Is there any use in another one? */
static bool goes_on(const struct trial *t)
{
	u32 rounds = litmus_options.rounds;

	if (t->over || (t->cell->mutant && t->seen))
		return false;
	return !rounds || t->rounds < rounds;
}

/* @plan as the command line has it. */
static void print_plan(const struct schedule_plan *plan, char *text,
		       size_t size)
{
	int n = 0;
	u32 i;

	for (i = 0; i < plan->segment_count && (size_t)n < size; i++)
		n += format_text(text + n, size - n, "%s%u:%u",
				 i ? "," : " schedule=",
				 plan->segments[i].actor,
				 plan->segments[i].steps);
	/* A hold by name is what the person has asked for himself. */
	for (i = 0; i < plan->hold_count && (size_t)n < size; i++)
		if (plan->holds[i].at)
			n += format_text(text + n, size - n, " hold=%u:%u",
					 plan->holds[i].actor,
					 plan->holds[i].at);
}

/* Returns how many holds were met. */
static u32 play(struct trial *t, const struct schedule_plan *plan)
{
	struct litmus_round round;
	u32 i;

	t->over = !litmus_play_round(&t->stage, plan, &round);
	if (t->over)
		return 0;
	t->rounds++;
	if (litmus_seen(t->test, &round.outcome)) {
		if (!t->seen)
			print_plan(plan, t->shown_by, sizeof(t->shown_by));
		t->seen++;
	}
	t->stage.base.leaked_frames += round.leaked_frames;
	t->over = round.leaked_frames != 0;
	for (i = 0; i < LITMUS_ACTORS && t->rounds == 1; i++)
		t->steps[i] = round.steps[i];
	return round.held;
}

static void sweep(struct trial *t)
{
	struct schedule_plan plan = { 0 };
	u32 actors = litmus_actor_count(t->test), actor, at;

	if (goes_on(t))
		play(t, &plan);
	plan.hold_count = 1;
	plan.segment_count = 1;
	for (actor = 0; actor < actors; actor++) {
		for (at = 1; at <= STEPS_MAX && goes_on(t); at++) {
			plan.holds[0] = (struct schedule_hold){
				.actor = actor, .at = at,
			};
			/* The others begin when it is held there. */
			plan.segments[0] = (struct schedule_segment){
				.actor = actor, .steps = at,
			};
			if (!play(t, &plan))
				break;		/* it has no such step */
		}
	}
}

/* Below @end, which may be 0. Any generator will do (here xorshift). */
static u32 random_below(struct trial *t, u32 end)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return end ? t->random % end : 0;
}

/*
 * After the sweep, if more rounds are wanted: two preemptions. One actor takes
 * some steps, another one some, the first one goes on, and then all do.
 */
static void play_at_random(struct trial *t, u32 end)
{
	u32 actors = litmus_actor_count(t->test);

	while (goes_on(t) && t->rounds < end) {
		u32 first = random_below(t, actors);
		u32 other = (first + 1 + random_below(t, actors - 1)) % actors;
		struct schedule_plan plan = {
			.segments = {
				{ first, 1 + random_below(t, t->steps[first]) },
				{ other, 1 + random_below(t, t->steps[other]) },
				{ first, STEPS_MAX },
			},
			.segment_count = 3,
		};

		play(t, &plan);
	}
}

static void play_fixed(struct trial *t)
{
	u32 rounds = litmus_options.rounds ? litmus_options.rounds
					   : ROUNDS_FIXED;

	while (goes_on(t) && t->rounds < rounds)
		play(t, &litmus_options.plan);
}

static void play_rounds(struct trial *t)
{
	const struct schedule_plan *plan = &litmus_options.plan;
	u32 rounds = litmus_options.rounds;

	if (plan->hold_count || plan->segment_count) {
		play_fixed(t);
		return;
	}
	sweep(t);
	if (rounds)
		play_at_random(t, rounds);
	else if (t->cell->mutant)
		play_at_random(t, t->rounds + ROUNDS_MORE);
}

/* --- A trial. */

static void play_on_stage(struct trial *t)
{
	struct stage *stage = &t->stage.base;
	int err = litmus_stage_init(&t->stage, t->test);

	if (!err)
		play_rounds(t);
	/* Its own reason says more. */
	if (litmus_failure(&t->stage))
		stage_stop(stage, litmus_failure(&t->stage));
	if (err)
		stage_fail(stage, "the guest's start", err);
}

static void run_trial(struct trial *t)
{
	struct vm_config config = {
		.page_count = t->test->pages,
		.vcpu_count = litmus_vcpus(t->test),
		.alias = true,
	};

	schedule_init();	/* the checker hears before an actor is held */
	if (stage_open(&t->stage.base, t->cell, config)) {
		play_on_stage(t);
		stage_close(&t->stage.base);
	}
	schedule_exit();
}

static enum verdict verdict_of(const struct trial *t)
{
	return stage_verdict(&t->stage.base, t->test->allowed ?
			     VERDICT_ALLOWED : t->seen ? VERDICT_SEEN :
			     VERDICT_NOT_SEEN);
}

static void report(const struct trial *t, enum verdict verdict)
{
	if (t->seen && !t->test->allowed)
		printk("message seen in a round with rounds=1%s\n",
		       t->shown_by);
	report_end(t->cell, &t->stage.base, verdict);
	printk(" rounds=%u seen=%u forbidden=%s\n", t->rounds, t->seen,
	       t->test->allowed ? "no" : "yes");
}

/* --- Litmus tests as a kind. */

/* A test that needs more CPUs than there are is skipped. */
static bool fits(const struct options *options)
{
	(void)options;
	return true;
}

static u64 gfn_count(const struct options *options)
{
	(void)options;
	return vm_gfn_count(litmus_pages_max(), LITMUS_VCPUS);
}

static u32 subject_count(void)
{
	return litmus_test_count;
}

static bool is_asked(u32 subject)
{
	return litmus_options.asked[subject];
}

static bool shows(const struct options *options, u32 subject,
		  const struct mutant *mutant)
{
	(void)options;
	return litmus_shows(&litmus_tests[subject], mutant->name);
}

static enum verdict run_cell(const struct cell *cell)
{
	const struct litmus_test *test = &litmus_tests[cell->subject];
	enum verdict verdict = VERDICT_SKIPPED;

	memset(&trial, 0, sizeof(trial));
	trial.cell = cell;
	trial.test = test;
	trial.random = cell->options->seed * 2654435761ull + 1;
	report_begin(cell, "test", test->name);
	printk("\n");
	if (litmus_cpus(test) > cpu_count) {
		printk("message it needs %u CPUs\n", litmus_cpus(test));
	} else {
		run_trial(&trial);
		verdict = verdict_of(&trial);
	}
	report(&trial, verdict);
	return verdict;
}

const struct kind litmus_kind = {
	fits, gfn_count, subject_count, is_asked, shows, run_cell,
};
