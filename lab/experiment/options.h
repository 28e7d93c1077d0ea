/*
 * The kernel's command line (docs/console.md): what is the same for all kinds
 * of experiments. Pure: host tests and fuzzers compile it as it is.
 */
#ifndef LAB_EXPERIMENT_OPTIONS_H
#define LAB_EXPERIMENT_OPTIONS_H

#include "ept/policy.h"

#define LIST_POLICIES	(1u << 0)
#define LIST_WORKLOADS	(1u << 1)
#define LIST_MUTANTS	(1u << 2)
#define LIST_TESTS	(1u << 3)
#define LIST_SCENARIOS	(1u << 4)
#define LIST_AXES	(1u << 5)
#define LIST_EXCLUSIONS	(1u << 6)
#define LIST_MODULES	(1u << 7)
#define LIST_VERBS	(1u << 8)
#define LIST_OPERATIONS	(1u << 9)

#define OPTIONS_TEXT	512		/* a word and its zero byte */
#define OPTIONS_ERROR	2048		/* room for all names of a kind */

#define OWN_POLICIES	8
#define OWN_POLICY_NAME	24		/* a name and its zero byte */

/* A policy that was put together on the command line. */
struct own_policy {
	char name[OWN_POLICY_NAME];
	struct policy policy;
	u32 said;		/* axes that were named, a bit each */
};

struct options {
	u64 policies;		/* bit i: the i-th policy; see below */
	struct own_policy own[OWN_POLICIES];
	u32 own_count;
	u64 mutants;
	u32 pages;
	u32 vcpus;
	u32 cpus;		/* 0: not said */
	u32 seed;
	u32 first;
	bool trace;
	bool poison_off;	/* do not fill freed frames with junk */
	bool check_off;		/* do not watch the rules (lab/check/check.h) */
	u32 list;		/* LIST_* */
	char tests[OPTIONS_TEXT];	/* boot scenarios; empty: none */
};

struct words;

/* What experiments of all kinds are told. */
extern const struct words common_words;

/*
 * Read @line, in words of @kinds up to NULL, into @options and to where each
 * kind keeps what it is told. -EINVAL: @error holds one line that says which
 * word is wrong and what is accepted.
 */
__must_check int options_parse(struct options *options,
			       const struct words *const *kinds,
			       const char *line, char *error,
			       size_t error_size);

/* The @i-th policy: those of policies[], then the user's own; NULL behind the
 * last one. Lives as long as @options, which must not move. */
const struct policy *options_policy(const struct options *options, u32 i);

#endif
