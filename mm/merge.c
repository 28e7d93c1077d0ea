#include "mm/merge.h"

#include "arch/x86/page.h"
#include "lib/error.h"
#include "lib/step.h"
#include "mm/change.h"
#include "mm/habits.h"
#include "mm/hpt.h"
#include "mm/rmap.h"

static bool maps(pte_t pte, const struct frame *frame)
{
	return pte_present(pte) && pte_pfn(pte).n == frame_pfn(frame).n;
}

/* Beside the mappings the scanner has a reference: any other is a pin. */
#define SCANNER_REFERENCES	1

/*
 * Nothing to change: the scanner's reference keeps a read-only mapping of
 * @frame from being taken over. It must not be pinned already, though.
 */
static int check_readonly(pte_t *ptep, struct frame *frame)
{
	int err = -EAGAIN;
	pte_t pte;

	spin_lock(hpt_lock(ptep));
	pte = pte_read(ptep);
	if (maps(pte, frame) && !pte_writable(pte))
		err = rmap_extra_references(frame) == SCANNER_REFERENCES
			? 0 : -EBUSY;
	spin_unlock(hpt_lock(ptep));
	return err;
}

/* T4 */
int merge_step_wrprotect(struct merge *merge)
{
	struct frame *frame = merge->frame;
	struct change change = {
		.mm = merge->mm, .hva = merge->hva,
		.ptep = hpt_walk(merge->mm, merge->hva),
		.old = frame, .new = frame, .right = PTE_RO,
		.reason = INVALIDATE_WRPROTECT,
		.known_references = SCANNER_REFERENCES,
	};

	if (!change.ptep)
		return -EAGAIN;
	change.seen = pte_read(change.ptep);
	if (!maps(change.seen, frame))
		return -EAGAIN;
	if (!pte_writable(change.seen))
		return check_readonly(change.ptep, frame);
	return change_mapping(&change);
}

/* O5: write-protected in both MMUs, so nobody writes to it any more. */
int merge_step_compare(struct merge *merge)
{
	mmu_notifier_complete(NEED_CONTENT);
	step_change(STEP_COMPARE, merge->mm, merge->hva.v,
		    frame_pfn(merge->frame).n, frame_pfn(merge->shared).n);
	return page_same(frame_ptr(merge->frame), frame_ptr(merge->shared))
		? 0 : -EAGAIN;
}

int merge_replace_seen(struct merge *merge, pte_t seen)
{
	struct change change = {
		.mm = merge->mm, .hva = merge->hva,
		.ptep = hpt_walk(merge->mm, merge->hva), .seen = seen,
		.old = merge->frame, .new = merge->shared, .right = PTE_RO,
		.reason = INVALIDATE_MERGE,
		.known_references = SCANNER_REFERENCES,
	};

	return change_mapping(&change);
}

/* T3a: equal, read-only (O4), and nobody else's. */
int merge_step_replace(struct merge *merge)
{
	return merge_replace_seen(merge, pte_make(frame_pfn(merge->frame),
						  PTE_RO));
}

const struct merge_order merge_order_right = { {
	[MERGE_WRPROTECT] = merge_step_wrprotect,
	[MERGE_COMPARE] = merge_step_compare,
	[MERGE_REPLACE] = merge_step_replace,
} };

int merge_wrprotect(struct mm *mm, hva_t hva, struct frame *frame)
{
	struct merge merge = { .mm = mm, .hva = hva, .frame = frame };
	int err;

	read_lock(&mm->mmap_lock);
	err = merge_step_wrprotect(&merge);
	read_unlock(&mm->mmap_lock);
	return err;
}

int merge_page_in_pass(struct mm *mm, hva_t hva, struct frame *frame,
		       struct frame *shared)
{
	const struct merge_order *order = mm->habits->merge;
	struct merge merge = { mm, hva, frame, shared };
	int err = 0;
	u32 i;

	/*
	 * The mmap lock is held from the comparison to N1: P cannot come back
	 * to the same value with another content in between (N0).
	 */
	read_lock(&mm->mmap_lock);
	for (i = 0; i < MERGE_STEPS && !err; i++)
		err = order->steps[i](&merge);
	read_unlock(&mm->mmap_lock);
	return err;
}

int merge_page(struct mm *mm, hva_t hva, struct frame *frame,
	       struct frame *shared)
{
	int err = merge_page_in_pass(mm, hva, frame, shared);

	mmu_notifier_complete(NEED_PASS_END);
	return err;
}
