#include "ept/mutant.h"

#include "arch/x86/print.h"
#include "arch/x86/string.h"

static void deliver_never(struct ept *ept)
{
	(void)ept;
}

static void no_flush(struct policy *policy)
{
	policy->deliver = deliver_never;
}

const struct mutant mutants[] = {
	{ "no-flush", "change-pte", "O12",
	  "flushes are counted and never delivered", no_flush },
};

const u32 mutant_count = array_count(mutants);

const struct mutant *mutant_find(const char *name)
{
	u32 i;

	for (i = 0; i < mutant_count; i++)
		if (!strcmp(mutants[i].name, name))
			return &mutants[i];
	return NULL;
}

struct policy mutant_policy(const struct mutant *mutant)
{
	const struct policy *base = policy_find(mutant->base);
	struct policy policy;

	BUG_ON(!base);
	policy = *base;
	policy.is_mutant = true;
	mutant->apply(&policy);
	return policy;
}
