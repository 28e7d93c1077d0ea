#include "test/explore/trace.h"

#include <stdarg.h>
#include <string.h>
#include "lab/litmus/schedule.h"
#include "test/explore/internal.h"

/* A process traces one schedule, from its beginning: nothing is brought back
 * meanwhile. */
static FILE *out;
static trace_name_fn name_of;
static u32 steps;		/* in this turn */
static u32 segments;
static char schedule[12 * SCHEDULE_SEGMENTS];

void trace_to(FILE *to, trace_name_fn names)
{
	out = to;
	name_of = names;
}

/* The kernel counts a turn by its steps: without one it is none. */
static void end_turn(u32 actor)
{
	size_t length = strlen(schedule);

	if (steps && segments++ < SCHEDULE_SEGMENTS)
		snprintf(schedule + length, sizeof(schedule) - length,
			 "%s%u:%u", length ? "," : "", actor, steps);
	steps = 0;
}

const char *trace_schedule(void)
{
	end_turn(run->turn);
	return schedule;
}

/* A line in @actor's column; it is the only one on it. */
static void line(u32 actor, const char *text)
{
	fprintf(out, "%*s%s\n", (int)(actor * TRACE_WIDTH), "", text);
}

static void show(u32 actor, const char *how, const volatile void *p, u64 value)
{
	const char *name;
	char text[128];
	bool active;

	if (!out)
		return;
	/* Naming walks tables: that is no access of an actor's. */
	active = run->active;
	run->active = false;
	name = name_of(p);
	run->active = active;
	if (!name)
		return;
	/* Where the host put something is another address each time. */
	if (value >> 40 && value < 1ull << 47)
		snprintf(text, sizeof(text), "  %s %s (a pointer)", how, name);
	else
		snprintf(text, sizeof(text), "  %s %s %llx", how, name,
			 (unsigned long long)value);
	line(actor, text);
}

void trace_read(const volatile void *p, u32 size)
{
	u64 value = 0;

	memcpy(&value, (const void *)p, size < sizeof(value) ? size
							     : sizeof(value));
	show(run->turn, "read", p, value);
}

void trace_write(const volatile void *p, u64 value)
{
	show(run->turn, "write", p, value);
}

void trace_store(const volatile void *p, u64 value)
{
	show(run->turn, "store", p, value);
}

void trace_drain(u32 actor, const volatile void *p, u64 value)
{
	show(actor, "  is seen:", p, value);
}

void trace_step(enum step step)
{
	steps += step_is_scheduled(step);
	trace_note(step_names[step]);
}

void trace_switch(u32 from, const char *why)
{
	if (!out)
		return;
	line(from, why);
	end_turn(from);
}

void trace_note(const char *text)
{
	if (out)
		line(run->turn, text);
}
