/*
 * What the secondary MMU does when the primary changes: the four events of
 * docs/contract.md, sections 2 and 3. Each consults the policy's row and
 * nothing else.
 */
#include "ept/n4.h"

#include "arch/x86/counter.h"
#include "ept/fault.h"
#include "ept/set.h"
#include "ept/table.h"
#include "lib/print.h"
#include "lib/step.h"

/* See docs/counters.md. */
COUNTER_NAMED(count_pf_spurious_max, "predicted.pf_spurious_max");

static struct ept *ept_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct ept, notifier);
}

/* Faults in @range are refused from now on (F4). Under ML. */
static void begin_inprog(struct ept *ept, struct hva_range range)
{
	step_change(STEP_OPEN, ept, 0, range.start.v, range.end.v);
	if (!ept->inprog++) {
		ept->inprog_range = range;
		return;
	}
	if (range.start.v < ept->inprog_range.start.v)
		ept->inprog_range.start = range.start;
	if (range.end.v > ept->inprog_range.end.v)
		ept->inprog_range.end = range.end;
}

static void end_inprog(struct ept *ept, struct hva_range range)
{
	BUG_ON(!ept->inprog);
	step_change(STEP_CLOSE, ept, 0, range.start.v, range.end.v);
	ept->inprog--;
}

/*
 * P has changed, or is empty and about to change: earlier lookups are stale.
 * Under ML. Pairs with the acquire at F1.
 */
static void bump_seq(struct ept *ept)
{
	store_release(&ept->seq, ept->seq + 1);
}

/* The policy leaves this change to change_pte altogether: no zap, no inprog, no
 * seq. (Linux in 2012 did not, and change_pte never found an entry again.) Who
 * is asked here was not told to stay silent (ignored_brackets): a mutant is. */
static bool ignored(const struct ept *ept, enum invalidate_reason reason)
{
	return !ept->policy->start->zaps &&
	       invalidate_by_change_pte(reason);
}

static void on_start(struct mmu_notifier *notifier, struct hva_range range,
		     enum invalidate_reason reason)
{
	struct ept *ept = ept_of(notifier);
	struct ept_flush flush = { transition_of_reason(reason), 0, 0 };

	if (ignored(ept, reason))
		return;
	spin_lock(&ept->lock);					/* I1 */
	begin_inprog(ept, range);
	ept_change_range(ept, range, spte_change_zap, pte_none(), &flush);
	if (reason == INVALIDATE_UNMAP)
		ept_unlink_tables(ept, range, &flush);
	ept_flush_issue(ept, &flush);
	ept_free_unlinked(ept);					/* O15 */
	step(STEP_I1, ept, range.start.v);
	spin_unlock(&ept->lock);
}

static void on_end(struct mmu_notifier *notifier, struct hva_range range,
		   enum invalidate_reason reason)
{
	struct ept *ept = ept_of(notifier);

	if (ignored(ept, reason))
		return;
	spin_lock(&ept->lock);					/* I3 */
	bump_seq(ept);
	end_inprog(ept, range);
	step(STEP_I3, ept, range.start.v);
	spin_unlock(&ept->lock);
}

static void on_protect_start(struct mmu_notifier *notifier,
			     struct hva_range range)
{
	struct ept *ept = ept_of(notifier);

	spin_lock(&ept->lock);					/* R1 */
	begin_inprog(ept, range);
	spin_unlock(&ept->lock);
}

static void on_protect_end(struct mmu_notifier *notifier,
			   struct hva_range range)
{
	struct ept *ept = ept_of(notifier);
	struct ept_flush flush = { TRANSITION_T4, 0, 0 };

	spin_lock(&ept->lock);					/* R3 */
	bump_seq(ept);
	ept_change_range(ept, range, ept->policy->protect->change,
			 pte_none(), &flush);
	ept_flush_issue(ept, &flush);
	/* Leaves that were read-only already may wait for a flush. */
	ept_pending_complete(ept, NEED_ALL);
	end_inprog(ept, range);
	spin_unlock(&ept->lock);
}

static void on_cleared(struct mmu_notifier *notifier, hva_t hva,
		       enum invalidate_reason reason)
{
	struct ept *ept = ept_of(notifier);
	struct ept_flush flush = { transition_of_reason(reason), 0, 0 };

	spin_lock(&ept->lock);
	bump_seq(ept);
	ept_change_range(ept, page_range(hva), ept->policy->cleared->change,
			 pte_none(), &flush);
	ept_flush_issue(ept, &flush);
	spin_unlock(&ept->lock);
}

/* vCPUs without a pending flush before their next entry: they may cache
 * anything. */
static u32 caching_vcpus(const struct ept *ept)
{
	u32 i, n = 0;

	for (i = 0; i < ept->tlb_count; i++)
		n += load_acquire(&ept->tlbs[i]->taken) ==
		     READ_ONCE(ept->tlbs[i]->requested);
	return n;
}

/* --- N4. */

void n4_seq(struct n4 *n4)
{
	bump_seq(n4->ept);
}

void n4_rewrite(struct n4 *n4)
{
	ept_change_leaves(n4->ept, n4->leaves, n4->leaf_count,
			  n4->ept->policy->change->change, n4->new,
			  &n4->flush);
}

void n4_flush(struct n4 *n4)
{
	if (!ept_postpone(n4->ept, &n4->flush, n4->old, n4->new))
		ept_flush_issue(n4->ept, &n4->flush);
}

/*
 * Nobody may write to the new frame while somebody may still read the old one
 * (O2), and that includes the guest itself:
 *
 *	vCPU 0				vCPU 1, or vCPU 0 through an alias
 *
 *					caches S: old, read-only
 *	(S := new, writable)
 *	walks S, writes to new
 *					reads old
 *	(flush)
 *
 * So S becomes writable when the flush is complete. That gain owes none: a vCPU
 * that cached S in between takes a spurious violation.
 */
void n4_add_write(struct n4 *n4)
{
	u32 gained;

	if (!pte_writable(n4->new))
		return;
	gained = ept_add_write(n4->ept, n4->leaves, n4->leaf_count, n4->new);
	count_add(&count_pf_spurious_max,
		  (u64)gained * caching_vcpus(n4->ept));
}

const struct n4_order n4_order_right = { {
	[N4_SEQ] = n4_seq,
	[N4_REWRITE] = n4_rewrite,
	[N4_FLUSH] = n4_flush,
	[N4_ADD_WRITE] = n4_add_write,
} };
const struct n4_order *n4_order = &n4_order_right;

/*
 * The leaves are looked up once: ML is held from the first step to the last. It
 * is dropped between the two rounds, and the second one looks again: meanwhile
 * an invalidation may have zapped S, or freed its table.
 */
static void on_change_pte(struct mmu_notifier *notifier, hva_t hva, pte_t old,
			  pte_t new, enum invalidate_reason reason,
			  enum change_round round)
{
	u32 first = round == CHANGE_RIGHT ? N4_ADD_WRITE : 0;
	u32 end = round == CHANGE_FRAME ? N4_ADD_WRITE : N4_STEPS;
	struct ept *ept = ept_of(notifier);
	struct n4 n4;
	u32 i;

	n4.ept = ept;
	n4.hva = hva;
	n4.old = old;
	n4.new = new;
	n4.flush = (struct ept_flush){ transition_of_reason(reason), 0, 0 };
	spin_lock(&ept->lock);
	n4.leaf_count = ept_find_leaves(ept, hva, n4.leaves);
	for (i = first; i < end; i++)
		n4_order->steps[i](&n4);
	spin_unlock(&ept->lock);
}

/* Drop translations to the frame that was here before, before new is written
 * to. The upgrade itself may be skipped. */
static void on_before_upgrade(struct mmu_notifier *notifier, hva_t hva,
			      pte_t old)
{
	struct ept *ept = ept_of(notifier);

	(void)hva;
	if (!frame_is_awaited(pfn_frame(pte_pfn(old))))
		return;
	spin_lock(&ept->lock);
	ept_pending_complete(ept, NEED_FRAMES);
	spin_unlock(&ept->lock);
}

static bool on_complete(struct mmu_notifier *notifier, enum mmu_need need)
{
	struct ept *ept = ept_of(notifier);
	bool done;

	spin_lock(&ept->lock);
	done = ept_pending_complete(ept, need);
	spin_unlock(&ept->lock);
	return done;
}

static void on_upgrade(struct mmu_notifier *notifier, hva_t hva, pte_t new)
{
	struct ept *ept = ept_of(notifier);
	struct ept_leaf leaves[MAX_MEMSLOTS];
	u32 gained;

	spin_lock(&ept->lock);
	gained = ept_add_write(ept, leaves, ept_find_leaves(ept, hva, leaves),
			       new);
	if (gained) {
		ept->upgraded = true;
		if (!ept->policy->upgrade->flushes)
			count_add(&count_pf_spurious_max,
				  (u64)gained * ept->tlb_count);
	}
	spin_unlock(&ept->lock);
}

/*
 * Whoever added the right has stored it under ML, so one flush here serves all
 * who stored before.
 */
static void on_upgrade_done(struct mmu_notifier *notifier,
			    struct hva_range range)
{
	struct ept *ept = ept_of(notifier);
	struct ept_flush flush = { TRANSITION_T2, 0, 0 };

	(void)range;
	spin_lock(&ept->lock);
	flush.owed = ept->upgraded &&
		     ept->policy->upgrade->flushes;
	flush.gained = ept->upgraded;
	ept->upgraded = false;
	ept_flush_issue(ept, &flush);
	spin_unlock(&ept->lock);
}

const struct mmu_notifier_ops ept_notifier_ops = {
	.start = on_start,
	.end = on_end,
	.protect_start = on_protect_start,
	.protect_end = on_protect_end,
	.cleared = on_cleared,
	.change_pte = on_change_pte,
	.before_upgrade = on_before_upgrade,
	.upgrade = on_upgrade,
	.upgrade_done = on_upgrade_done,
	.complete = on_complete,
};
