/*
 * The world of a litmus test on the fake machine: an address space, its
 * secondary MMU, a CPU for each actor.
 */
#ifndef TEST_EXPLORE_WORLD_H
#define TEST_EXPLORE_WORLD_H

#include "lab/litmus/tests.h"
#include "lab/mutant/mutant.h"
#include "test/explore/engine.h"

struct trial {
	const struct litmus_test *test;
	const struct policy *policy;
	const struct mutant *mutant;	/* NULL: none; else policy is its base */
	bool checked;		/* what the checker hears counts as found */
};

/* One in a process. */
struct exploration world_make(const struct trial *trial);

/* Who actor @i is and what it does, until the next call. */
const char *world_actor(u32 i);

/* For trace_to(). */
const char *world_name(const volatile void *p);

#endif
