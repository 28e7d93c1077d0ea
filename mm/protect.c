/*
 * Taking away and giving back the right to write to an area.
 */
#include "lib/error.h"
#include "lib/step.h"
#include "mm/habits.h"
#include "mm/hpt.h"
#include "mm/notifier.h"
#include "mm/quarantine.h"

/* A primary flush is owed. PTL is taken once for each table. */
static void wrprotect_range(struct mm *mm, struct hva_range range)
{
	spinlock_t *ptl = NULL;

	for_each_pte(it, mm, range) {
		if (hpt_lock(it.ptep) != ptl) {
			if (ptl)
				spin_unlock(ptl);
			ptl = hpt_lock(it.ptep);
			spin_lock(ptl);
		}
		(void)!hpt_wrprotect(it.ptep);	/* flushed by the caller */
	}
	if (ptl)
		spin_unlock(ptl);
}

/* The VMA that is exactly @range; areas are not split. */
static struct vma *vma_exact(struct mm *mm, struct hva_range range)
{
	struct vma *vma = vma_find(mm, range.start);

	if (!vma || vma->range.start.v != range.start.v ||
	    vma->range.end.v != range.end.v)
		return NULL;
	return vma;
}

int mm_protect_ro(struct mm *mm, struct hva_range range)
{
	struct vma *vma;
	int err = -EINVAL;

	write_lock(&mm->mmap_lock);
	vma = vma_exact(mm, range);
	if (!vma)
		goto out;
	vma->flags &= ~VMA_WRITE;
	mmu_notifier_protect_start(mm, range);			/* R1 */
	step(STEP_R1, mm, range.start.v);
	wrprotect_range(mm, range);
	hpt_flush_all(mm);					/* R2 */
	step(STEP_R2, mm, range.start.v);
	mmu_notifier_protect_end(mm, range);			/* R3 */
	step(STEP_R3, mm, range.start.v);
	err = 0;
out:
	write_unlock(&mm->mmap_lock);
	return err;
}

/* Do listeners hear of each page (T2), or is there a bracket around all? */
enum upgrade_tell { TELL_EACH, TELL_NOBODY };

/* Make each page of @range that has one owner writable; the others are copied
 * on a write. */
static void upgrade_range(struct mm *mm, struct hva_range range,
			  enum upgrade_tell tell)
{
	for_each_pte(it, mm, range) {
		pte_t *ptep = it.ptep, pte;

		spin_lock(hpt_lock(ptep));
		pte = pte_read(ptep);
		if (pte_present(pte) && !pte_writable(pte) &&
		    mm->habits->takeover->may(pfn_frame(pte_pfn(pte)))) {
			if (tell == TELL_EACH)
				mmu_notifier_before_upgrade(mm, it.hva, pte);
			hpt_upgrade(ptep);
			step(STEP_T2, mm, it.hva.v);
			if (tell == TELL_EACH)
				mmu_notifier_upgrade(mm, it.hva,
						     pte_read(ptep));
		}
		spin_unlock(hpt_lock(ptep));
	}
}

int mm_protect_rw(struct mm *mm, struct hva_range range)
{
	struct vma *vma;
	int err = -EINVAL;

	write_lock(&mm->mmap_lock);
	vma = vma_exact(mm, range);
	if (!vma)
		goto out;
	vma->flags |= VMA_WRITE;
	if (mmu_notifier_follows_upgrades(mm)) {
		upgrade_range(mm, range, TELL_EACH);
		mmu_notifier_upgrade_done(mm, range);
	} else {
		mmu_notifier_start(mm, range, INVALIDATE_PROTECT_RW);
		upgrade_range(mm, range, TELL_NOBODY);
		mmu_notifier_end(mm, range, INVALIDATE_PROTECT_RW);
	}
	err = 0;
out:
	write_unlock(&mm->mmap_lock);
	return err;
}
