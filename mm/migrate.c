/*
 * Migration (T6): the content of a frame moves to another one, and all its
 * mappings follow.
 */
#include "arch/x86/page.h"
#include "lib/error.h"
#include "lib/step.h"
#include "mm/hpt.h"
#include "mm/notifier.h"
#include "mm/rmap.h"

/*
 * Move one mapping of @old to @new. The first one copies; while others remain
 * all of them are read-only, and the caller's reference keeps the last one
 * from being taken over, so the content cannot change any more.
 */
static int migrate_mapping(struct mm *mm, pte_t *ptep, struct frame *old,
			   struct frame *new, bool *copied)
{
	hva_t hva = hpt_entry_hva(ptep);
	struct hva_range range = page_range(hva);
	int err = 0;
	pte_t pte;

	mmu_notifier_start(mm, range, INVALIDATE_MIGRATE);	/* I1 */
	spin_lock(hpt_lock(ptep));
	pte = pte_read(ptep);
	if (!pte_present(pte) || pte_pfn(pte).n != frame_pfn(old).n)
		goto out;		/* gone: look for the next one */

	pte = hpt_clear_flush(mm, hva, ptep);			/* I2 */
	if (rmap_extra_references(old) != 1) {
		hpt_set(ptep, pte);
		err = -EBUSY;
		goto out;
	}
	if (!*copied) {
		step_change(STEP_COPY, mm, hva.v, frame_pfn(old).n,
			    frame_pfn(new).n);
		page_copy(frame_ptr(new), frame_ptr(old));
		*copied = true;
	}
	rmap_remove(old, ptep);
	frame_get(new);
	hpt_map(ptep, new, pte_right(pte));
out:
	spin_unlock(hpt_lock(ptep));
	mmu_notifier_end(mm, range, INVALIDATE_MIGRATE);	/* I3 */
	if (!err && pte_present(pte) && pte_pfn(pte).n == frame_pfn(old).n)
		frame_put(old);		/* the moved mapping's reference */
	return err;
}

int mm_migrate(struct frame *old)
{
	struct frame *new = frame_alloc();
	bool copied = false;
	pte_t *ptep;
	int err = 0;

	if (!new)
		return -ENOMEM;
	while (!err && (ptep = rmap_first(old))) {
		struct mm *mm = hpt_entry_mm(ptep);

		read_lock(&mm->mmap_lock);
		err = migrate_mapping(mm, ptep, old, new, &copied);
		read_unlock(&mm->mmap_lock);
		mm_put(mm);
	}
	/* A mapping of a dying address space cannot be moved. */
	if (!err && rmap_mapcount(old))
		err = -EAGAIN;
	frame_put(new);
	return err;
}
