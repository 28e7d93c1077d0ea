/*
 * The secondary MMU of one VM: second-level tables that mirror the host's
 * entries, and follow them by the rules of the VM's policy.
 *
 * Lock: ept->lock is ML of docs/contract.md; its place in the lock order is in
 * arch/x86/spinlock.h. Flushes are delivered under it, with interrupts on.
 */
#ifndef EPT_EPT_H
#define EPT_EPT_H

#include "arch/x86/counter.h"
#include "arch/x86/handshake.h"
#include "ept/memslot.h"
#include "ept/pending.h"
#include "ept/policy.h"
#include "ept/transition.h"

struct ept {
	spinlock_t lock;		/* ML: entries and all below */
	u64 seq;			/* moves with each change of P; F1 reads
					 * it without the lock */
	u64 inprog;			/* invalidations that are running */
	struct hva_range inprog_range;	/* covers all of them */
	bool upgraded;			/* W was added, flush to be decided */
	struct pending pending;		/* flushes that are left for later */

	/* Fixed while a vCPU runs. */
	const struct spte_format *format;
	const struct policy *policy;
	struct mm *mm;
	struct memslots slots;
	spte_t *root;			/* leaves are 4 KiB, as the host's (O9) */
	u64 table_count;
	struct frame *unlinked;		/* tables that are, and wait for the
					 * flush (T13) */
	struct vcpu_tlb *tlbs[MAX_CPUS];
	u32 tlb_count;
	struct mmu_notifier notifier;
};

/*
 * An empty secondary MMU over @mm (which gains a user and a listener) under
 * @policy (kept by the caller). -ENOMEM.
 */
__must_check int ept_init(struct ept *ept, struct mm *mm,
			  const struct policy *policy,
			  const struct spte_format *format);

/* No vCPU runs any more. Frees all tables; the next user of the root flushes
 * at its first entry (O13, O15). */
void ept_destroy(struct ept *ept);

/*
 * Add a memslot, and the tables for it, so that few faults have to allocate.
 * -EINVAL as memslot_add(), before tables are made; -ENOMEM. Before the first
 * vCPU runs.
 */
__must_check int ept_add_slot(struct ept *ept, struct memslot slot);

/* Flushes concern @tlb from now on. Before the vCPU runs. */
void ept_add_vcpu(struct ept *ept, struct vcpu_tlb *tlb);

enum ept_fault_result {
	EPT_FAULT_FIXED,	/* S was installed, or gained the right */
	EPT_FAULT_SPURIOUS,	/* S allowed the access already */
	EPT_FAULT_RETRY,	/* P is changing: let the guest try again */
	EPT_FAULT_MMIO,		/* no memslot there */
	EPT_FAULT_ERROR,	/* the host denies it, or has no memory */
};

/* A guest fault at @gpa, F1 to F5. No lock held, OUTSIDE, interrupts on. */
enum ept_fault_result ept_fault(struct ept *ept, gpa_t gpa, u32 access);

/* What an event owes: collected while entries change, issued once. */
struct ept_flush {
	enum transition transition;
	bool owed;		/* some CPU may use what is now forbidden */
	u32 gained;		/* entries that gained a right, and owe nothing */
};

/*
 * The funnel: every change of a live entry goes through here (O11). Returns
 * the old entry. Under ML; the flush, if one is owed, is noted in @flush and
 * must be issued before ML is dropped.
 */
spte_t ept_set(struct ept *ept, gfn_t gfn, spte_t *sptep, spte_t new,
	       struct ept_flush *flush);

/* Deliver what @flush owes, as the policy has it; counts it either way. ML. */
void ept_flush_issue(struct ept *ept, struct ept_flush *flush);

/* Deliver a flush for @transition, counted; it serves all that waits. ML. */
void ept_flush_now(struct ept *ept, enum transition transition);

/* Whatever the policy has left for later: flush it, let its frames go. */
void ept_complete(struct ept *ept);

/* Change each present leaf that mirrors @range to change(leaf, @pte). ML. */
void ept_change_range(struct ept *ept, struct hva_range range,
		      spte_change_fn change, pte_t pte,
		      struct ept_flush *flush);

/* Guest faults, and those that found S right already. */
extern struct counter count_pf_taken, count_pf_spurious;

/* A bound that the hardware at hand may not show: spurious guest faults on
 * read-only translations that outlive a right that was added without a flush. */
extern struct counter count_pf_spurious_max;

/* The listener that ept_init() registers. */
extern const struct mmu_notifier_ops ept_notifier_ops;

#endif
