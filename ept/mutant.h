/*
 * Mutants: policies broken on purpose, one rule each, to show that the checks
 * would notice. They run only when asked for, and every report marks them.
 */
#ifndef EPT_MUTANT_H
#define EPT_MUTANT_H

#include "ept/policy.h"

struct mutant {
	const char *name;
	const char *base;	/* the policy that it breaks */
	const char *rule;	/* the rule of docs/contract.md that it breaks */
	const char *what;	/* how, for ./tandem list */
	void (*apply)(struct policy *policy);	/* change one choice */
};

extern const struct mutant mutants[];
extern const u32 mutant_count;

const struct mutant *mutant_find(const char *name);

/* The base policy with the mutation. */
struct policy mutant_policy(const struct mutant *mutant);

#endif
