/*
 * Mutants: the machine broken on purpose, one rule each, to show that the
 * checks would notice. They run only when asked for, and every report marks
 * them.
 *
 * The correct code knows nothing of them: a mutant puts another function where
 * the correct one is a choice (a policy's row), a listener's event, a step of
 * an order, or the way in and out of the guest.
 */
#ifndef LAB_MUTANT_H
#define LAB_MUTANT_H

#include "arch/x86/handshake.h"
#include "ept/policy.h"
#include "mm/change.h"
#include "mm/fault.h"
#include "mm/merge.h"

/* Everything that a mutant may replace; the correct ones to begin with. */
struct mutation {
	struct policy policy;
	struct mmu_notifier_ops ops;
	struct change_order change;
	struct merge_order merge;
	struct first_touch touch;
	struct handshake handshake;
};

/* BY_LITMUS: no workload goes where it shows. */
struct mutant {
	const char *name;
	const char *base;	/* the policy that it breaks */
	const char *rule;	/* the rule of docs/contract.md that it breaks */
	const char *what;	/* how, for ./tandem list */
	void (*apply)(struct mutation *mutation);
	enum mutant_shown { BY_WORKLOADS, BY_LITMUS } shown;
};

extern const struct mutant mutants[];
extern const u32 mutant_count;

const struct mutant *mutant_find(const char *name);

/* The base policy as @mutant has it: for ept_init(). */
struct policy mutant_policy(const struct mutant *mutant);

/*
 * From now on @ept, which has that policy, and the machine behave as @mutant
 * does, until mutant_disarm(). One at a time; no vCPU runs yet.
 */
void mutant_arm(const struct mutant *mutant, struct ept *ept);
void mutant_disarm(void);

#endif
