#include "lab/litmus/schedule.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"

/*
 * How far the others shall get while one is held: to their end, to a wait, or
 * so far that they are going round in circles, and that in so many looks
 * running. The limit in time is for a host that is too busy to let them.
 */
#define CIRCLE_LOOKS	16
#define CIRCLE_STEPS	64
#define CALM_LOOKS	50
#define LIMIT_MS	8

/* An actor in a round; its own CPU writes, the others read. */
static struct playing {
	bool joined, left, held;
	u32 cpu;
	u32 steps;
	const u64 *looks;
	u64 first_looks;
} playing[LITMUS_ACTORS];

static const struct schedule_plan *plan;		/* NULL: no round */
static u32 actor_count;
static u32 actor_on[MAX_CPUS];			/* 1 + its number; 0: none */
static u32 holds_met;
static u32 segment;				/* the current one, atomic */
static u32 steps_in_segment;			/* by whoever's turn it is */

/* Where an actor was when somebody began to wait for it. */
struct mark {
	u32 steps;
	u64 looks;
};

static struct mark mark_of(u32 i)
{
	const struct playing *actor = &playing[i];

	/* Pairs with the release in schedule_join(). */
	if (!load_acquire(&actor->joined))
		return (struct mark){ 0, 0 };
	return (struct mark){ READ_ONCE(actor->steps),
			      READ_ONCE(*actor->looks) - actor->first_looks };
}

/* Has actor @i got as far as it can since @mark? */
static bool is_settled(u32 i, const struct mark *mark)
{
	const struct playing *actor = &playing[i];
	struct mark now = mark_of(i);

	if (!load_acquire(&actor->joined))
		return false;
	/* Pairs with the release in schedule_leave(). */
	return load_acquire(&actor->left) || READ_ONCE(actor->held) ||
	       READ_ONCE(cpus[actor->cpu].waiting_for) ||
	       now.looks - mark->looks >= CIRCLE_LOOKS ||
	       now.steps - mark->steps >= CIRCLE_STEPS;
}

static bool all_settled(u32 self, const struct mark *marks)
{
	u32 i;

	for (i = 0; i < actor_count; i++)
		if (i != self && !is_settled(i, &marks[i]))
			return false;
	return true;
}

static u64 limit(void)
{
	return read_tsc() + LIMIT_MS * clock_ticks_per_ms;
}

static bool is_over(u64 limit)
{
	return (s64)(read_tsc() - limit) > 0;
}

/* With interrupts as they are: who waits for us is settled, so we go on. */
static void hold(u32 self)
{
	struct mark marks[LITMUS_ACTORS];
	u64 late = limit();
	u32 calm = 0, i;

	for (i = 0; i < actor_count; i++)
		marks[i] = mark_of(i);
	WRITE_ONCE(playing[self].held, true);
	while (calm < CALM_LOOKS && !is_over(late)) {
		calm = all_settled(self, marks) ? calm + 1 : 0;
		cpu_pause();
	}
	WRITE_ONCE(playing[self].held, false);
}

static bool is_held_at(const struct schedule_hold *hold, u32 self, u32 number,
		       enum step step)
{
	if (hold->actor != self)
		return false;
	return hold->at ? hold->at == number : hold->name == step;
}

/* It is not @self's turn: wait for it. Whoever's turn it is may be unable to
 * get on; then his segment is over. */
static void await_turn(u32 self)
{
	u64 late = limit();
	u32 calm = 0, now, waiting_for = ~0u;
	struct mark mark = { 0, 0 };

	while ((now = load_acquire(&segment)) < plan->segment_count &&
	       plan->segments[now].actor != self) {
		u32 other = plan->segments[now].actor;

		if (now != waiting_for) {
			waiting_for = now;
			mark = mark_of(other);
			late = limit();
			calm = 0;
		}
		calm = is_settled(other, &mark) ? calm + 1 : 0;
		if (calm >= CALM_LOOKS || is_over(late))
			(void)atomic_cmpxchg(&segment, now, now + 1);
		cpu_pause();
	}
}

/* @self has taken a step: one of its segment, unless others have its turn. */
static void take_turn(u32 self)
{
	u32 now = load_acquire(&segment);

	if (now >= plan->segment_count)
		return;
	if (plan->segments[now].actor == self &&
	    ++steps_in_segment >= plan->segments[now].steps) {
		steps_in_segment = 0;
		(void)atomic_cmpxchg(&segment, now, now + 1);
	}
	await_turn(self);
}

static void hear(struct step_listener *listener,
		 const struct step_event *event)
{
	u32 self = READ_ONCE(actor_on[cpu_id()]), number, i;

	(void)listener;
	if (!self-- || !step_is_scheduled(event->step))
		return;
	number = playing[self].steps + 1;
	WRITE_ONCE(playing[self].steps, number);
	take_turn(self);
	for (i = 0; i < plan->hold_count; i++) {
		if (!is_held_at(&plan->holds[i], self, number, event->step))
			continue;
		(void)atomic_add(&holds_met, 1);
		hold(self);
	}
}

static struct step_listener listener = { .hear = hear };

void schedule_init(void)
{
	step_listen(&listener);
}

void schedule_exit(void)
{
	step_unlisten(&listener);
}

void schedule_begin(const struct schedule_plan *new_plan, u32 actors)
{
	u32 i;

	for (i = 0; i < LITMUS_ACTORS; i++)
		playing[i] = (struct playing){ 0 };
	actor_count = actors;
	holds_met = 0;
	segment = 0;
	steps_in_segment = 0;
	plan = new_plan;
}

u32 schedule_end(void)
{
	return holds_met;
}

void schedule_join(u32 self, const u64 *looks)
{
	playing[self].cpu = cpu_id();
	playing[self].looks = looks;
	playing[self].first_looks = READ_ONCE(*looks);
	/* Pairs with the acquire in mark_of(). */
	store_release(&playing[self].joined, true);
	WRITE_ONCE(actor_on[cpu_id()], 1 + self);
	await_turn(self);
}

void schedule_leave(u32 self)
{
	WRITE_ONCE(actor_on[cpu_id()], 0u);
	store_release(&playing[self].left, true);
}

u32 schedule_steps(u32 actor)
{
	return playing[actor].steps;
}
