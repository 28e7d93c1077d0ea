#include "ept/ept.h"

#include "ept/table.h"
#include "lib/error.h"
#include "lib/print.h"
#include "mm/frame.h"

int ept_init(struct ept *ept, struct mm *mm, const struct policy *policy,
	     const struct spte_format *format)
{
	struct frame *root = frame_alloc_zeroed();

	if (!root)
		return -ENOMEM;
	*ept = (struct ept){
		.mm = mm,
		.policy = policy,
		.format = format,
		.root = frame_ptr(root),
		.table_count = 1,
		.recent_gfn = GFN_END,
		.notifier = {
			.ops = &ept_notifier_ops,
			.ignored_brackets = policy->start->zaps ? 0
				: INVALIDATE_BY_CHANGE_PTE,
			.ignores_cleared = !policy->cleared->change,
			.ignores_change = !policy->change->change,
			.follows_upgrades = policy->upgrade->follows,
			.postpones = policy->when->waits,
			.wants_stages = when_wants_stages(policy->when),
		},
	};
	BUG_ON(!mm_tryget(mm));
	mmu_notifier_register(mm, &ept->notifier);
	return 0;
}

void ept_destroy(struct ept *ept)
{
	mmu_notifier_unregister(ept->mm, &ept->notifier);
	ept_complete(ept);
	ept_free_tables(ept);
	mm_put(ept->mm);
}

int ept_add_slot(struct ept *ept, struct memslot slot)
{
	u64 gfn, end = slot.gfn.n + slot.page_count;
	struct memslots slots = ept->slots;
	int err = memslot_add(&slots, slot);

	if (err)
		return err;
	spin_lock(&ept->lock);
	for (gfn = slot.gfn.n; gfn < end && !err;
	     gfn = (gfn | (TABLE_ENTRIES - 1)) + 1)
		err = ept_add_tables(ept, (gfn_t){ gfn });
	spin_unlock(&ept->lock);
	if (err)
		return err;		/* ept_destroy() frees what is there */
	ept->slots = slots;
	return 0;
}

void ept_add_vcpu(struct ept *ept, struct vcpu_tlb *tlb)
{
	BUG_ON(ept->tlb_count == MAX_CPUS);
	tlb->root = ptr_to_hpa(ept->root);
	tlb->cpu = NO_CPU;
	tlb->handshake = &handshake_right;
	/*
	 * The root's frame may have been another VM's: drop what a CPU cached
	 * under that root before the first entry (O13).
	 */
	tlb->requested = 1;
	tlb->taken = 0;
	ept->tlbs[ept->tlb_count++] = tlb;
}
