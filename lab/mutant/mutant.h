/*
 * Mutants: the machine broken on purpose, one rule each, to show that the
 * checks would notice. They run only when asked for, and every report marks
 * them.
 *
 * The correct code knows nothing of them: a mutant puts another function where
 * the correct one is a choice (a policy's row, an address space's habits), a
 * listener's event, a step of an order, or the way in and out of the guest.
 */
#ifndef LAB_MUTANT_MUTANT_H
#define LAB_MUTANT_MUTANT_H

#include "arch/x86/handshake.h"
#include "ept/n4.h"
#include "ept/policy.h"
#include "mm/habits.h"

/* Everything that a mutant may replace; the correct ones to begin with. */
struct mutation {
	struct policy policy;
	struct mmu_notifier_ops ops;
	void (*then)(struct ept *ept);	/* after some of @ops: secondary.c */
	struct n4_order n4;
	struct change_order change;
	struct merge_order merge;
	struct first_touch touch;
	struct handshake handshake;
};

/*
 * The workloads that show a mutant, without luck, are here by name, with spaces
 * between them. The litmus tests that do name it (lab/litmus/NAME.litmus).
 */
struct mutant {
	const char *name;
	const char *base;	/* the policy that it breaks */
	const char *rule;	/* the rule of docs/contract.md that it breaks */
	const char *what;	/* how, for ./tandem list */
	void (*apply)(struct mutation *mutation);
	const char *shown;		/* by these, whatever the guest does */
	const char *shown_beside;	/* if it runs beside the host */
	u32 min_pages;			/* 0: one will do */
};

extern const struct mutant mutants[];
extern const u32 mutant_count;

const struct mutant *mutant_find(const char *name);

/* True if @workload over so many pages shows @mutant; @beside: the guest runs
 * on a CPU of its own while the host works. */
bool mutant_shows(const struct mutant *mutant, const char *workload,
		  bool beside, u32 pages);

/* The base policy as @mutant has it: for ept_init(). */
struct policy mutant_policy(const struct mutant *mutant);

/*
 * From now on @ept, which has that policy, and the machine behave as @mutant
 * does, until mutant_disarm(). One at a time; no vCPU runs yet.
 */
void mutant_arm(const struct mutant *mutant, struct ept *ept);
void mutant_disarm(void);

#endif
