/*
 * Stateless search: run, note the choices that there were, go back to the last
 * one that has an alternative, run again.
 */
#include "test/fake/explore.h"

#include <pthread.h>
#include <stdlib.h>
#include "lib/print.h"
#include "test/fake/fake.h"
#include "test/fake/internal.h"

#define MAX_CHOICES	256

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* The run that is under way; the thread whose turn it is changes these. */
static const struct race *race;
bool fake_exploring;
static u32 turn;
static bool ended[EXPLORE_COLUMNS];
static u32 preemptions_left;

/* Choice i: 0 = go on, n = the n-th other column. */
static struct {
	u32 chosen, options;
} choices[MAX_CHOICES];
static u32 choice_count;	/* made so far in this run */
static u32 forced;		/* the first ones are prescribed */

/* The @n-th column after the current one that has not ended. */
static u32 other_column(u32 n)
{
	u32 column = turn;

	while (n) {
		column = (column + 1) % race->count;
		n -= !ended[column];
	}
	return column;
}

static u32 others_left(void)
{
	u32 i, n = 0;

	for (i = 0; i < race->count; i++)
		n += i != turn && !ended[i];
	return n;
}

static u32 choose(u32 options)
{
	u32 i = choice_count++;

	if (i >= MAX_CHOICES)
		panic("a race with more than %d choices", MAX_CHOICES);
	if (i >= forced)
		choices[i].chosen = 0;
	choices[i].options = options;
	return choices[i].chosen;
}

static void wait_for_turn(u32 column)
{
	while (turn != column)
		pthread_cond_wait(&changed, &mutex);
}

static void drain_all(void)
{
	u32 i;

	for (i = 0; i < race->count; i++)
		fake_store_drain(i);
}

static void hand_over(u32 to)
{
	u32 self = turn;

	if (to == self)
		return;
	pthread_mutex_lock(&mutex);
	turn = to;
	pthread_cond_broadcast(&changed);
	if (!ended[self])
		wait_for_turn(self);
	pthread_mutex_unlock(&mutex);
}

/* The current column is left at a time of the explorer's choice: its last
 * store may be on its way still. */
static void preempt(u32 to)
{
	preemptions_left--;
	if (fake_store_pending(turn) && preemptions_left && choose(2))
		preemptions_left--;
	else
		fake_store_drain(turn);
	hand_over(to);
}

void fake_explore_point(void)
{
	u32 others, n;

	if (!fake_exploring || !preemptions_left)
		return;
	others = others_left();
	if (!others)
		return;
	n = choose(others + 1);
	if (n)
		preempt(other_column(n));
}

bool fake_explore_has_turn(void)
{
	return cpu_id() == READ_ONCE(turn) && !ended[turn];
}

bool fake_explore_delay(void)
{
	/* A column that has ended only answers. */
	if (!fake_exploring || cpu_id() != READ_ONCE(turn) ||
	    !preemptions_left || !choose(2))
		return false;
	preemptions_left--;
	return true;
}

void fake_explore_sent(u32 id)
{
	(void)id;
}

void fake_explore_spin(void)
{
	if (!fake_exploring || !fake_explore_has_turn() || !others_left())
		return;
	/* It waits for as long as any store takes. */
	drain_all();
	hand_over(other_column(1));
}

static void on_step(enum step step, u64 subject)
{
	(void)step, (void)subject;
	fake_explore_point();
}

static void column(u32 id)
{
	pthread_mutex_lock(&mutex);
	wait_for_turn(id);
	pthread_mutex_unlock(&mutex);
	race->columns[id]();
	fake_store_drain(id);
	ended[id] = true;
	if (others_left())
		hand_over(other_column(1));
}

static void run_once(u32 preemptions)
{
	u32 i;

	race->before();
	for (i = 0; i < race->count; i++)
		ended[i] = false;
	choice_count = 0;
	preemptions_left = preemptions;
	turn = 0;
	fake_on_step = on_step;
	fake_exploring = true;
	fake_run(race->count, column);
	fake_exploring = false;
	fake_on_step = NULL;
	if (race->after)
		race->after();
}

/* Prescribe the next schedule; false: there is none. */
static bool next_schedule(void)
{
	while (choice_count) {
		u32 last = choice_count - 1;

		if (choices[last].chosen + 1 < choices[last].options) {
			choices[last].chosen++;
			forced = choice_count;
			return true;
		}
		choice_count--;
	}
	return false;
}

u32 fake_explore(const struct race *which, u32 preemptions)
{
	u32 schedules = 0;

	race = which;
	forced = 0;
	do {
		run_once(preemptions);
		schedules++;
	} while (next_schedule());
	return schedules;
}
