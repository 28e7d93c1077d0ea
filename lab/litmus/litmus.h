/*
 * Litmus tests (docs/contract.md, section 9): small programs for two to four
 * actors, and an outcome that must never be seen. A test is data; the kernel
 * runs it on its CPUs and vCPUs (run.c), test/explore/ in every
 * interleaving. Each stands in a file, NAME.litmus, which read.c reads.
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
#define LITMUS_PAGES	2	/* of the VM, if a test does not say */

#define LITMUS_ACTORS	4
#define LITMUS_OPS	8
#define LITMUS_FINALLY	LITMUS_ACTORS	/* index of these registers */

struct litmus_outcome {
	/* In the order of the ops that set them; those of finally last. */
	u64 reg[LITMUS_ACTORS + 1][LITMUS_OPS];
};

/* A condition over registers, in postfix order. */
enum litmus_term_kind {
	TERM_REGISTER, TERM_NUMBER,
	TERM_EQUAL, TERM_UNEQUAL, TERM_LESS, TERM_AT_MOST, TERM_MORE,
	TERM_AT_LEAST,
	TERM_NOT, TERM_AND, TERM_OR,
};

struct litmus_term {
	enum litmus_term_kind kind;
	u8 actor, reg;		/* of TERM_REGISTER: outcome.reg[][] */
	u64 number;
};

#define LITMUS_TERMS	32
#define LITMUS_INITIAL	12	/* actions that are done initially */
#define LITMUS_NAME	32	/* a name and its zero byte */
#define LITMUS_FILE	64
#define LITMUS_TEXT	400
#define LITMUS_MUTANT	32	/* a mutant's name and its zero byte */
#define LITMUS_MAX_PAGES 512	/* those of a table */

struct litmus_test {
	char name[LITMUS_NAME];
	char file[LITMUS_FILE];	/* that it stands in */
	char what[LITMUS_TEXT];	/* what happens, and what must not */
	char rules[64];		/* of docs/contract.md, separated by spaces */
	char reach[160];	/* policies under which it would be reachable,
				 * and if what were broken */
	char mutants[160];	/* that reach it, separated by spaces */
	char heard[160];	/* that break the rule here, but only a real
				 * processor would show */
	u32 mutants_line, heard_line;	/* of the file; 0: they are not there */
	u32 pages;		/* of the VM */
	struct action initially[LITMUS_INITIAL + 1];	/* in turn */
	struct litmus_actor {
		enum litmus_who who;
		struct action ops[LITMUS_OPS + 1];
	} actors[LITMUS_ACTORS];	/* up to the first without ops */
	struct action finally[LITMUS_OPS + 1];
	struct litmus_term terms[LITMUS_TERMS];
	u32 term_count;
	bool allowed;		/* the outcome is allowed, not forbidden */
	char outcome[LITMUS_TEXT];	/* the condition in words */
};

/* Does the condition of @test hold for what came out? */
bool litmus_seen(const struct litmus_test *test,
		 const struct litmus_outcome *outcome);

u32 litmus_actor_count(const struct litmus_test *test);

/* Does @test say that @mutant reaches its outcome? */
bool litmus_reached_by(const struct litmus_test *test, const char *mutant);

/* Or that it is at least heard? */
bool litmus_shows(const struct litmus_test *test, const char *mutant);

#endif
