#include "lab/mutant.h"

#include "arch/x86/print.h"
#include "arch/x86/string.h"
#include "ept/ept.h"

/* The one that is armed. */
static struct mutation armed;

static void deliver_never(struct ept *ept)
{
	(void)ept;
}

static void no_flush(struct mutation *m)
{
	m->policy.deliver = deliver_never;
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

static struct mutation mutate(const struct mutant *mutant)
{
	const struct policy *base = policy_find(mutant->base);
	struct mutation m = {
		.ops = ept_notifier_ops,
		.change = change_order_right,
		.merge = merge_order_right,
		.handshake = handshake_right,
	};

	BUG_ON(!base);
	m.policy = *base;
	m.policy.is_mutant = true;
	mutant->apply(&m);
	return m;
}

struct policy mutant_policy(const struct mutant *mutant)
{
	return mutate(mutant).policy;
}

void mutant_arm(const struct mutant *mutant, struct ept *ept)
{
	armed = mutate(mutant);
	ept->notifier.ops = &armed.ops;
	change_order = &armed.change;
	merge_order = &armed.merge;
	handshake = &armed.handshake;
}

/* The ept may be gone already. */
void mutant_disarm(void)
{
	change_order = &change_order_right;
	merge_order = &merge_order_right;
	handshake = &handshake_right;
}
