/*
 * Litmus tests (docs/contract.md, section 9): small programs for two to four
 * actors, and an outcome that must never be seen. A test is data; the kernel
 * runs it on its CPUs and vCPUs (run.c), test/explore/ in every
 * interleaving, and docs/litmus.md is printed from the same rows.
 */
#ifndef LAB_LITMUS_LITMUS_H
#define LAB_LITMUS_LITMUS_H

#include "lib/compiler.h"

enum litmus_who {
	LITMUS_HOST,		/* a host thread, through P */
	LITMUS_VCPU0,		/* guest code, through S */
	LITMUS_VCPU1,
};

enum litmus_verb {
	LITMUS_END,		/* behind the last one */

	/* Anybody: a host thread through P, a vCPU through S. */
	LITMUS_READ,		/* register := word */
	LITMUS_WRITE,		/* word := value */
	LITMUS_RAISE,		/* flag := 1 */
	LITMUS_LOOK,		/* register := flag */
	LITMUS_AWAIT,		/* until flag is 1 */
	/*
	 * Read the word again and again until flag was 1 before a read, 3
	 * times at least: value (old), later other (new), never back, and new
	 * for certain once the flag was 1. Register := reads that were not so.
	 */
	LITMUS_WATCH,

	/* A vCPU's CPU: leave the guest, then access through P there. */
	LITMUS_OUT_READ,
	LITMUS_OUT_WRITE,

	/* Host threads only. */
	LITMUS_FORK,		/* there is one child at most */
	LITMUS_CHILD_READ,
	LITMUS_CHILD_WRITE,
	LITMUS_CHILD_EXIT,
	LITMUS_PIN,		/* gup of page, kept; register := 1 if got */
	LITMUS_PIN_READ,	/* register := word, in the pinned frame itself */
	LITMUS_PIN_SAME,	/* register := 1 if P maps the pinned frame */
	LITMUS_UNPIN,
	LITMUS_MERGE,		/* page into page other; register := 1 if done */
	LITMUS_PROTECT_RO,	/* the whole area */
	LITMUS_PROTECT_RW,
	LITMUS_DISCARD,		/* value pages from page on */
	LITMUS_MIGRATE,		/* register := 1 if done */
	LITMUS_REUSE,		/* take every free frame that was used lately,
				 * fill it with value, give it back */
	LITMUS_COMPLETE,	/* what the policy still owes is flushed */
	LITMUS_SPURIOUS,	/* register := spurious guest faults so far */
	LITMUS_FAULTS,		/* register := guest faults so far */
	LITMUS_VERB_COUNT,
};

#define LITMUS_ALIAS	0x80	/* .page: through the second memslot (vCPUs) */
#define LITMUS_FLAGS	2
#define LITMUS_VCPUS	2
#define LITMUS_PAGES	4	/* pages that ops name: 0 .. 3 */

struct litmus_op {
	enum litmus_verb verb;
	u8 page, word, flag;
	u8 who;			/* initially and finally only */
	u64 value, other;
};

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
	struct litmus_op initially[LITMUS_OPS + 4];	/* one after the other */
	struct litmus_actor {
		enum litmus_who who;
		struct litmus_op ops[LITMUS_OPS];
	} actors[LITMUS_ACTORS];	/* up to the first without ops */
	struct litmus_op finally[LITMUS_OPS];
	const char *outcome;	/* the predicate in words */
	bool (*seen)(const struct litmus_outcome *o);	/* it came out */
	bool allowed;		/* the outcome is allowed, not forbidden */
};

extern const struct litmus_test litmus_tests[];
extern const u32 litmus_test_count;
extern const char *const litmus_verb_names[LITMUS_VERB_COUNT];

/* The test with that name, or NULL. */
const struct litmus_test *litmus_find(const char *name);

/* Does @op set a register? */
bool litmus_sets_register(enum litmus_verb verb);

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
