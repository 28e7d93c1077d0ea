/*
 * Litmus tests (docs/contract.md, section 9): small programs for two to four
 * actors, and an outcome that must never be seen. A test is data; the kernel
 * runs it on its CPUs and vCPUs (run.c), test/explore/ in every
 * interleaving, and docs/litmus.md is printed from the same rows.
 */
#ifndef LAB_LITMUS_LITMUS_H
#define LAB_LITMUS_LITMUS_H

#include "lab/verb/verb.h"

enum litmus_who {
	LITMUS_HOST,		/* a host thread, through P */
	LITMUS_VCPU0,		/* guest code, through S */
	LITMUS_VCPU1,
};

#define LITMUS_VCPUS	2

#define LITMUS_ACTORS	4
#define LITMUS_OPS	8
#define LITMUS_FINALLY	LITMUS_ACTORS	/* index of these registers */

struct litmus_outcome {
	/* In the order of the ops that set them; those of finally last. */
	u64 reg[LITMUS_ACTORS + 1][LITMUS_OPS];
};

struct litmus_test {
	const char *name;
	const char *rules;	/* of docs/contract.md, separated by spaces */
	const char *what;	/* what happens, and what must not; a sentence */
	const char *reach;	/* policies under which it would be reachable,
				 * and if what were broken */
	const char *mutants;	/* that reach it, separated by spaces */
	const char *heard;	/* that break the rule here, but only a real
				 * processor would show; NULL: none */
	u32 pages;		/* of the VM; 0: 2 */
	struct action initially[LITMUS_OPS + 4];	/* one after the other */
	struct litmus_actor {
		enum litmus_who who;
		struct action ops[LITMUS_OPS];
	} actors[LITMUS_ACTORS];	/* up to the first without ops */
	struct action finally[LITMUS_OPS];
	const char *outcome;	/* the predicate in words */
	bool (*seen)(const struct litmus_outcome *o);	/* it came out */
	bool allowed;		/* the outcome is allowed, not forbidden */
};

extern const struct litmus_test litmus_tests[];
extern const u32 litmus_test_count;

/* The test with that name, or NULL. */
const struct litmus_test *litmus_find(const char *name);

u32 litmus_actor_count(const struct litmus_test *test);

static inline u32 litmus_pages(const struct litmus_test *test)
{
	return test->pages ? test->pages : 2;
}

/* Of the test that has the most. */
u32 litmus_pages_max(void);

/* Is @word among @words, which have spaces between them? NULL has none. */
bool has_word(const char *words, const char *word);

/* Does @test say that @mutant reaches its outcome? */
bool litmus_reached_by(const struct litmus_test *test, const char *mutant);

/* Or that it is at least heard? */
bool litmus_shows(const struct litmus_test *test, const char *mutant);

#endif
