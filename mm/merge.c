#include "mm/merge.h"

#include "arch/x86/error.h"
#include "arch/x86/page.h"
#include "arch/x86/step.h"
#include "mm/hpt.h"
#include "mm/notifier.h"
#include "mm/rmap.h"

static bool maps(pte_t pte, const struct frame *frame)
{
	return pte_present(pte) && pte_pfn(pte).n == frame_pfn(frame).n;
}

/* Beside the mappings the scanner has a reference: any other is a pin. */
static bool is_pinned(struct frame *frame)
{
	return rmap_extra_references(frame) != 1;
}

/* T4 under PTL: @seen is writable and maps @frame. */
static int wrprotect_locked(struct mm *mm, hva_t hva, pte_t *ptep, pte_t seen,
			    struct frame *frame)
{
	pte_t ro = pte_make(pte_pfn(seen), PTE_RO);
	pte_t old;

	step(STEP_N1, hva.v);
	old = hpt_clear_flush(mm, hva, ptep);			/* N2 */
	step(STEP_N2, hva.v);
	mmu_notifier_cleared(mm, hva, INVALIDATE_WRPROTECT);
	if (is_pinned(frame)) {					/* N3, O17 */
		hpt_set(ptep, old);
		return -EBUSY;
	}
	step(STEP_N3, hva.v);
	mmu_notifier_change_pte(mm, hva, seen, ro);		/* N4 */
	step(STEP_N4, hva.v);
	hpt_set(ptep, ro);					/* N5 */
	step(STEP_N5, hva.v);
	return 0;
}

static int wrprotect(struct mm *mm, hva_t hva, struct frame *frame)
{
	struct hva_range range = page_range(hva);
	pte_t *ptep = hpt_walk(mm, hva);
	int err = -EAGAIN;
	pte_t seen;

	if (!ptep)
		return -EAGAIN;
	if (!pte_writable(pte_read(ptep))) {
		/* Nothing to change: the scanner's reference keeps a read-only
		 * mapping of @frame from being taken over. */
		spin_lock(hpt_lock(ptep));
		seen = pte_read(ptep);
		if (maps(seen, frame) && !pte_writable(seen))
			err = is_pinned(frame) ? -EBUSY : 0;
		spin_unlock(hpt_lock(ptep));
		return err;
	}

	mmu_notifier_start(mm, range, INVALIDATE_WRPROTECT);
	spin_lock(hpt_lock(ptep));
	seen = pte_read(ptep);
	if (maps(seen, frame) && pte_writable(seen))
		err = wrprotect_locked(mm, hva, ptep, seen, frame);
	spin_unlock(hpt_lock(ptep));
	mmu_notifier_end(mm, range, INVALIDATE_WRPROTECT);
	return err;
}

/* T3a: equal, read-only, and nobody else's. */
static int replace(struct mm *mm, hva_t hva, struct frame *frame,
		   struct frame *shared)
{
	struct hva_range range = page_range(hva);
	pte_t *ptep = hpt_walk(mm, hva);
	int err = -EAGAIN;
	pte_t seen, new = pte_make(frame_pfn(shared), PTE_RO);

	step(STEP_N0, hva.v);
	mmu_notifier_start(mm, range, INVALIDATE_MERGE);
	spin_lock(hpt_lock(ptep));
	seen = pte_read(ptep);
	if (!maps(seen, frame) || pte_writable(seen))		/* N1 */
		goto out;
	step(STEP_N1, hva.v);
	seen = hpt_clear_flush(mm, hva, ptep);			/* N2 */
	step(STEP_N2, hva.v);
	mmu_notifier_cleared(mm, hva, INVALIDATE_MERGE);
	if (is_pinned(frame)) {					/* N3, O17 */
		hpt_set(ptep, seen);
		err = -EBUSY;
		goto out;
	}
	step(STEP_N3, hva.v);
	mmu_notifier_change_pte(mm, hva, seen, new);		/* N4 */
	step(STEP_N4, hva.v);
	rmap_remove(frame, ptep);
	frame_get(shared);
	hpt_map(ptep, shared, PTE_RO);				/* N5 */
	step(STEP_N5, hva.v);
	err = 0;
out:
	spin_unlock(hpt_lock(ptep));
	mmu_notifier_end(mm, range, INVALIDATE_MERGE);
	if (!err) {
		step(STEP_N6, hva.v);
		frame_put(frame);	/* the mapping's reference; O6 */
	}
	return err;
}

int merge_wrprotect(struct mm *mm, hva_t hva, struct frame *frame)
{
	int err;

	read_lock(&mm->mmap_lock);
	err = wrprotect(mm, hva, frame);
	read_unlock(&mm->mmap_lock);
	return err;
}

int merge_page(struct mm *mm, hva_t hva, struct frame *frame,
	       struct frame *shared)
{
	int err = -EAGAIN;

	/*
	 * The mmap lock is held from the comparison to N1: P cannot come back
	 * to the same value with another content in between (N0).
	 */
	read_lock(&mm->mmap_lock);
	err = wrprotect(mm, hva, frame);
	if (err)
		goto out;
	/* O5: complete in both MMUs, so nobody writes to it any more. */
	err = -EAGAIN;
	if (!page_same(frame_ptr(frame), frame_ptr(shared)))
		goto out;
	err = replace(mm, hva, frame, shared);
out:
	read_unlock(&mm->mmap_lock);
	return err;
}
