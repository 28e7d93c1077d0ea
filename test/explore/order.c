/*
 * The order of accesses that conflict: who has seen what, who is woken, and
 * whether plain code relies on an order that nobody has made.
 */
#include "test/explore/internal.h"

#include <string.h>

static void join(u32 *clock, const u32 *other)
{
	u32 i;

	for (i = 0; i < EXPLORE_ACTORS; i++)
		if (clock[i] < other[i])
			clock[i] = other[i];
}

void order_wake(u32 id, u32 writer)
{
	u32 i;

	run->writes++;
	for (i = 0; i < run->what->count; i++)
		if (i != writer && run->actors[i].seen[id / 64] >> id % 64 & 1)
			run->actors[i].woken = true;
}

/* Has all of @times, by the other actors, come before what @actor does now? */
static bool is_after(u32 actor, const u32 *times)
{
	const u32 *clock = run->actors[actor].clock;
	u32 i;

	for (i = 0; i < EXPLORE_ACTORS; i++)
		if (i != actor && times[i] > clock[i])
			return false;
	return true;
}

static void expect_no_race(u32 actor, u32 id, u32 how)
{
	const struct order *o = &run->order[id];

	if (!is_after(actor, o->plain_write) ||
	    (how == WRITES && !is_after(actor, o->plain_read)))
		access_is_racy(id);
}

void order_access(u32 actor, u32 id, u32 how)
{
	struct actor *a = &run->actors[actor];
	struct order *o = &run->order[id];

	turn_met(actor, id, how);
	a->clock[actor]++;
	join(a->clock, o->write_clock);
	if (how == READS) {
		join(o->read_clock, a->clock);
		a->seen[id / 64] |= 1ull << id % 64;
	} else {
		a->wrote = true;
		join(a->clock, o->read_clock);
		memcpy(o->write_clock, a->clock, sizeof(a->clock));
		order_wake(id, actor);
	}
	expect_no_race(actor, id, how);
}

void order_plain(u32 id, u32 how)
{
	struct order *o = &run->order[id];
	u32 *clock = run->actors[run->turn].clock;

	turn_met(run->turn, id, how);
	clock[run->turn]++;
	expect_no_race(run->turn, id, how);
	if (!is_after(run->turn, o->write_clock) ||
	    (how == WRITES && !is_after(run->turn, o->read_clock)))
		access_is_racy(id);
	(how == READS ? o->plain_read : o->plain_write)[run->turn] =
		clock[run->turn];
}
