/*
 * The secondary MMU of one VM: second-level tables that mirror the host's
 * entries, and follow them by the rules of the VM's policy.
 *
 * Lock: ept->lock is ML of docs/contract.md; its place in the lock order is in
 * arch/x86/spinlock.h. Flushes are delivered under it, with interrupts on.
 */
#ifndef EPT_EPT_H
#define EPT_EPT_H

#include "arch/x86/handshake.h"
#include "ept/fault.h"
#include "ept/memslot.h"
#include "ept/pending.h"
#include "ept/policy.h"

struct ept {
	spinlock_t lock;		/* ML: entries and all below */
	u64 seq;			/* incremented by each change of P; F1
					 * reads it without the lock */
	u64 inprog;			/* invalidations that are running */
	struct hva_range inprog_range;	/* covers all of them */
	bool upgraded;			/* W was added, flush to be decided */
	struct pending pending;		/* postponed flushes */

	/* Fixed while a vCPU runs. */
	const struct spte_format *format;
	const struct policy *policy;
	struct mm *mm;
	struct memslots slots;
	spte_t *recent;			/* a leaf table that a walk came to
					 * lately, of the gfns from */
	u64 recent_gfn;			/* this one on; GFN_END: none. Under ML */
	spte_t *root;			/* leaves are 4 KiB, as in P (O9) */
	u64 table_count;
	struct frame *unlinked;		/* unlinked tables that wait for the
					 * flush (T13) */
	struct vcpu_tlb *tlbs[MAX_CPUS];
	u32 tlb_count;
	struct mmu_notifier notifier;
};

/*
 * An empty secondary MMU over @mm (which gains a user and a listener) under
 * @policy (owned by the caller). -ENOMEM.
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

/* Issue the flushes that the policy has postponed, release their frames. */
void ept_complete(struct ept *ept);

/* The listener that ept_init() registers. */
extern const struct mmu_notifier_ops ept_notifier_ops;

#endif
