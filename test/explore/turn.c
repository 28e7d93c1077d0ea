/*
 * Who has the turn: an actor is interrupted, preempted, or waits.
 */
#include "test/explore/internal.h"

#include <string.h>
#include "test/explore/trace.h"
#include "test/fake/fake.h"
#include "test/fake/internal.h"

#define MAX_POINTS	100000	/* a schedule without end */

static bool can_go(const struct actor *a)
{
	return !a->asleep && (!a->waiting || a->woken);
}

static u32 others_that_can_go(void)
{
	u32 i, n = 0;

	for (i = 0; i < run->what->count; i++)
		n += i != run->turn && can_go(&run->actors[i]);
	return n;
}

/* The @n-th of them, from 0 on, in their order after the current one. */
static u32 other_that_can_go(u32 n)
{
	u32 i = run->turn;

	for (;;) {
		i = (i + 1) % run->what->count;
		if (i != run->turn && can_go(&run->actors[i]) && !n--)
			return i;
	}
}

static void hand_over(u32 to, const char *why)
{
	struct actor *from = run_current();

	trace_switch(run->turn, why);
	from->cpu = fake_this_cpu;
	run->turn = to;
	run_current()->delayed = false;
	fake_this_cpu = run_current()->cpu;
	context_switch(&from->stack_pointer, run_current()->stack_pointer);
}

/* --- Sleep. */

u32 turn_asleep(void)
{
	u32 i, all = 0;

	for (i = 0; i < run->what->count; i++)
		all |= !!run->actors[i].asleep << i;
	return all;
}

static bool is_met(const struct actor *a, u32 id, u32 how)
{
	return (a->asleep == ASLEEP_NEXT && a->next.id == id &&
		(how | a->next.how) != READS) ||
	       (a->asleep && a->store.to && a->store.word == id);
}

void turn_met(u32 actor, u32 id, u32 how)
{
	u32 i;

	for (i = 0; i < run->what->count; i++) {
		struct actor *a = &run->actors[i];

		if (i != actor && is_met(a, id, how))
			a->asleep = AWAKE;
	}
}

/* When the current actor's last store is seen, somebody may have waited for
 * it. */
static u32 others_once_drained(void)
{
	const struct actor *self = run_current();
	u32 i, n = 0, word = self->store.word;

	if (!self->store.to)
		return others_that_can_go();
	for (i = 0; i < run->what->count; i++) {
		const struct actor *a = &run->actors[i];

		n += i != run->turn &&
		     (!a->asleep || is_met(a, word, WRITES)) &&
		     (!a->waiting || a->woken ||
		      a->seen[word / 64] >> word % 64 & 1);
	}
	return n;
}

/*
 * The current actor is preempted before it does @next. If it goes on before
 * anybody has met that, it could have done it before it was preempted, which
 * is tried too and needs no more preemptions. So it is if its last store is
 * late and nobody meets that. An interrupt, though, arrives when its CPU looks.
 */
static void fall_asleep(struct next next)
{
	struct actor *a = run_current();

	if (!run->what->reduce)
		return;
	a->next = next;
	if (a->store.to)
		a->asleep = ASLEEP_LATE;
	else if (next.id && !access_is_interrupt(next.id) && !a->delayed &&
		 !fake_interrupt_is_pending(run->what->actors[run->turn].cpu))
		a->asleep = ASLEEP_NEXT;
}

/* The interrupt of the current actor comes late: when it goes on after another
 * one, whatever that one has done. */
static void all_wake_up(void)
{
	u32 i;

	for (i = 0; i < run->what->count; i++)
		run->actors[i].asleep = AWAKE;
}

/*
 * The current actor waits, or has ended. What it waits for may be what another
 * one does after its next access, such as to give a lock back. And it lasts as
 * long as any store takes, so none is late any more.
 */
static void wake_up(void)
{
	bool ended = run_current()->ended;
	u32 i;

	for (i = 0; i < run->what->count; i++) {
		struct actor *a = &run->actors[i];

		if (a->asleep == ASLEEP_LATE)
			search_is_in_vain();
		if (!ended || a->next.late)
			a->asleep = AWAKE;
	}
}

/*
 * The current actor can go on, or is preempted; its last store may be on its
 * way still.
 */
static void may_switch(struct next next)
{
	u32 others, late_others, n;

	run_current()->reads = mix(run_current()->reads, 1);
	search_continue_if_new();
	if (!run->left)
		return;
	others = others_once_drained();
	late_others = run_current()->store.to ? others_that_can_go() : 0;
	if (!others)
		return;
	n = search_choose(1 + others + late_others);
	if (!n)
		return;
	run->left--;
	n--;
	if (n < others)
		access_drain(run->turn);
	fall_asleep(next);
	if (n < others)
		hand_over(other_that_can_go(n), "(preempted)");
	else
		hand_over(other_that_can_go(n - others),
			  "(preempted, its last store late)");
}

static void all_have_ended(void)
{
	u32 i;

	for (i = 0; i < run->what->count; i++)
		if (!run->actors[i].ended || !run->actors[i].waiting)
			return;		/* or it serves an interrupt */
	search_schedule_is_over();
}

/*
 * All wait, and nothing that they saw has changed since. Some may not need a
 * change: a fault that was refused is tried again in any case.
 */
static void let_look_again(void)
{
	u32 i, n = 0;

	for (i = 0; i < run->what->count; i++) {
		struct actor *a = &run->actors[i];

		if (!a->delayed && (a->ended || a->tried == run->writes + 1))
			continue;
		a->delayed = false;
		a->tried = run->writes + 1;
		a->woken = true;
		n++;
	}
	if (!n)
		explore_found(FOUND_DEATH, "deadlock: all wait for each other");
}

/* The current actor cannot go on; it lasts as long as any store takes. */
static void must_switch(void)
{
	u32 others, self, i;

	wake_up();
	for (i = 0; i < run->what->count; i++)
		access_drain(i);
	all_have_ended();
	search_continue_if_new();
	if (turn_asleep() && !can_go(run_current()) && !others_that_can_go())
		search_is_in_vain();
	if (!can_go(run_current()) && !others_that_can_go())
		let_look_again();
	others = others_that_can_go();
	self = can_go(run_current());
	i = others + self > 1 ? search_choose(others + self) : 0;
	if (!self || i)
		hand_over(other_that_can_go(i - self), "(waits)");
}

/* --- Points. */

/* And not on one that nobody plays, whose interrupt it serves. */
static bool on_own_cpu(void)
{
	return cpu_id() == run->what->actors[run->turn].cpu;
}

static bool can_be_interrupted(void)
{
	bool is;

	if (run_current()->delayed || run_current()->answering || !on_own_cpu())
		return false;
	run->active = false;	/* nobody looks */
	is = fake_interrupt_is_due();
	run->active = true;
	return is;
}

static void be_interrupted(void)
{
	struct actor *a = run_current();

	if (!can_be_interrupted())
		return;
	if (run->left && search_choose(2)) {
		run->left--;
		trace_note("(its interrupt comes late)");
		a->delayed = true;
		all_wake_up();
		a->reads = mix(a->reads, 2);
		return;
	}
	a->answering = true;
	fake_interrupts();
	a->answering = false;
}

void turn_point(struct next next)
{
	if (++run->points > MAX_POINTS)
		explore_found(FOUND_DEATH, "it never ends");
	do {
		be_interrupted();
		may_switch(next);
		/* Somebody may have sent it one meanwhile. */
	} while (can_be_interrupted());
}

/* --- What the fake machine asks. */

bool fake_interrupt_is_late(void)
{
	struct actor *a;

	if (!run || !run->active)
		return false;
	a = run_current();
	if (a->answering || !on_own_cpu())
		return false;
	a->delayed = run->left && search_choose(2);
	if (!a->delayed)
		return false;
	trace_note("(its interrupt comes late)");
	run->left--;
	all_wake_up();
	a->reads = mix(a->reads, 2);
	return true;
}

void fake_interrupt_is_sent(u32 id)
{
	u32 i;

	if (!run || !run->active)
		return;
	for (i = 0; i < run->what->count; i++)
		if (run->what->actors[i].cpu == id) {
			run->actors[i].woken = true;
			run->actors[i].asleep = AWAKE;
		}
}

/* Nothing of what the current actor has looked at since it last waited will
 * be different unless another one changes it. */
void turn_wait(void)
{
	struct actor *a = run_current();

	if (this_cpu()->waiting_for && this_cpu()->progress == a->progress &&
	    !a->wrote)
		a->reads = a->looked;		/* the same wait still */
	a->looked = a->reads;
	a->progress = this_cpu()->progress;
	a->wrote = false;
	if (!a->woken) {
		a->waiting = true;
		must_switch();
		a->waiting = false;
	}
	a->woken = false;
	memset(a->seen, 0, sizeof(a->seen));
}

void fake_waits(void)
{
	if (run && run->active)
		turn_wait();
}

void explore_yield(void)
{
	fake_interrupts();
	fake_waits();
}
