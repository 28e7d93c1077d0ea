/*
 * The litmus tests, row by row. Page 0 and 1 lie in one table of both MMUs.
 */
#include "lab/litmus.h"

/* Ops in short: who is only asked for initially and finally. */
#define READ(p)		{ LITMUS_READ, .page = p }
#define READ_WORD(p, w)	{ LITMUS_READ, .page = p, .word = w }
#define WRITE(p, v)	{ LITMUS_WRITE, .page = p, .value = v }
#define WRITE_WORD(p, w, v) { LITMUS_WRITE, .page = p, .word = w, .value = v }
#define WATCH(p, f, was, is) { LITMUS_WATCH, .page = p, .flag = f,	\
			       .value = was, .other = is }
#define RAISE(f)	{ LITMUS_RAISE, .flag = f }
#define GUEST_READ(p)	{ LITMUS_READ, .page = p, .who = LITMUS_VCPU0 }
#define FORK		{ LITMUS_FORK }

/* The guest watched, and saw what it must not. */
static bool guest_is_stale(const struct litmus_outcome *o)
{
	return o->reg[1][0] != 0;
}

static bool new_then_old(const struct litmus_outcome *o)
{
	return o->reg[1][0] == 2 && o->reg[1][1] == 1;
}

const struct litmus_test litmus_tests[] = {
	{
		.name = "COW-MP",
		.rules = "O2 O12",
		.what = "The host's write copies a shared page: the guest, "
			"once it has read the new value, never reads the old "
			"one again.",
		.reach = "all, if the flush were not complete before N5",
		.mutants = "no-flush",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2) } },
			{ LITMUS_VCPU0, { READ(0), READ(0) } },
		},
		.outcome = "vcpu0 reads 2, then 1",
		.seen = new_then_old,
	}, {
		.name = "COW-XIAO",
		.rules = "O2 O12",
		.what = "The host's write copies a shared page: once the host "
			"has gone on, no vCPU reads the old value.",
		.reach = "all, if P were set before S and its flush",
		.mutants = "no-flush",
		.initially = { WRITE(0, 1), FORK, GUEST_READ(0) },
		.actors = {
			{ LITMUS_HOST, { WRITE(0, 2), RAISE(0) } },
			{ LITMUS_VCPU0, { WATCH(0, 0, 1, 2) } },
		},
		.outcome = "vcpu0 reads 1 after the host wrote 2",
		.seen = guest_is_stale,
	},
};

const u32 litmus_test_count = array_count(litmus_tests);
