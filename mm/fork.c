/*
 * Fork: a child that shares every frame, with both sides write-protected.
 */
#include "arch/x86/error.h"
#include "arch/x86/step.h"
#include "mm/hpt.h"
#include "mm/notifier.h"
#include "mm/rmap.h"

/* R2 for one area: share what is there, write-protect both. */
static int share_range(struct mm *parent, struct mm *child,
		       struct hva_range range)
{
	for_each_pte(parent, hva, ptep, range) {
		struct frame *frame;
		pte_t *child_ptep;

		if (!pte_present(pte_read(ptep)))
			continue;
		child_ptep = hpt_walk_alloc(child, hva);
		if (!child_ptep)
			return -ENOMEM;

		/* The child's table is nobody else's yet, but rmap walks may
		 * come by its entries. */
		hpt_lock_both(ptep, child_ptep);
		if (pte_present(pte_read(ptep))) {
			/* The flush is owed until the end of the range. */
			(void)!hpt_wrprotect(ptep);
			frame = pfn_frame(pte_pfn(pte_read(ptep)));
			frame_get(frame);
			hpt_map(child_ptep, frame, PTE_RO);
		}
		spin_unlock(hpt_lock(child_ptep));
		spin_unlock(hpt_lock(ptep));
	}
	return 0;
}

static int fork_vma(struct mm *parent, struct mm *child, struct vma *vma)
{
	int err;

	child->vmas[child->vma_count++] = *vma;
	mmu_notifier_protect_start(parent, vma->range);		/* R1 */
	step(STEP_R1, parent, vma->range.start.v);
	err = share_range(parent, child, vma->range);
	hpt_flush_all(parent);					/* R2 */
	step(STEP_R2, parent, vma->range.start.v);
	mmu_notifier_protect_end(parent, vma->range);		/* R3 */
	step(STEP_R3, parent, vma->range.start.v);
	return err;
}

struct mm *mm_fork(struct mm *parent)
{
	struct mm *child = mm_create();
	int err = 0;
	u32 i;

	if (!child)
		return NULL;
	write_lock(&parent->mmap_lock);
	/*
	 * Migration finds the child through its frames. Until R3 they may
	 * still be written to through the parent's secondary: it has to wait.
	 */
	write_lock(&child->mmap_lock);
	for (i = 0; i < parent->vma_count && !err; i++)
		if (!(parent->vmas[i].flags & VMA_NOFORK))
			err = fork_vma(parent, child, &parent->vmas[i]);
	write_unlock(&child->mmap_lock);
	write_unlock(&parent->mmap_lock);
	if (err) {
		mm_put(child);
		return NULL;
	}
	return child;
}
