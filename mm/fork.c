/*
 * Fork: a child that shares every frame, with both sides write-protected.
 */
#include "arch/x86/counter.h"
#include "arch/x86/page.h"
#include "lib/error.h"
#include "lib/step.h"
#include "mm/hpt.h"
#include "mm/notifier.h"
#include "mm/rmap.h"

COUNTER(fork_copy);	/* pages that fork copied: pinned for a device */

/* R2 for one area: write-protect each present page, and share it unless it is
 * pinned; @pinned says if one was. */
static int share_range(struct mm *parent, struct mm *child,
		       struct hva_range range, bool *pinned)
{
	for_each_pte(it, parent, range) {
		pte_t *ptep = it.ptep, *child_ptep;
		struct frame *frame;

		if (!pte_present(pte_read(ptep)))
			continue;
		child_ptep = hpt_walk_alloc(child, it.hva);
		if (!child_ptep)
			return -ENOMEM;

		/* Nobody else uses the child's table yet, but rmap walks may
		 * reach its entries. */
		hpt_lock_both(ptep, child_ptep);
		if (pte_present(pte_read(ptep))) {
			/* The flush is owed until the end of the range. */
			(void)!hpt_wrprotect(ptep);
			frame = pfn_frame(pte_pfn(pte_read(ptep)));
			if (frame_is_pinned(frame)) {
				*pinned = true;
			} else {
				frame_get(frame);
				hpt_map(child_ptep, frame, PTE_RO);
			}
		}
		spin_unlock(hpt_lock(child_ptep));
		spin_unlock(hpt_lock(ptep));
	}
	return 0;
}

/*
 * A device writes to the frame that it has pinned, so that frame stays the
 * parent's, and the child gets a copy. The parent is read-only in both MMUs
 * since R3, and its mmap lock is held: what others write after the copy, they
 * write after the fork.
 */
static int copy_pinned(struct mm *parent, struct mm *child,
		       const struct vma *vma)
{
	for_each_pte(it, parent, vma->range) {
		pte_t pte = pte_read(it.ptep), *child_ptep;
		struct frame *old, *new;

		if (!pte_present(pte))
			continue;
		child_ptep = hpt_walk(child, it.hva);
		if (pte_present(pte_read(child_ptep)))
			continue;
		old = pfn_frame(pte_pfn(pte));
		new = frame_alloc();
		if (!new)
			return -ENOMEM;
		step_change(STEP_COPY, parent, it.hva.v, frame_pfn(old).n,
			    frame_pfn(new).n);
		page_copy(frame_ptr(new), frame_ptr(old));
		spin_lock(hpt_lock(child_ptep));
		hpt_map(child_ptep, new,
			vma->flags & VMA_WRITE ? PTE_RW : PTE_RO);
		spin_unlock(hpt_lock(child_ptep));
		count(&count_fork_copy);
	}
	return 0;
}

static int fork_vma(struct mm *parent, struct mm *child, struct vma *vma,
		    bool *pinned)
{
	int err;

	child->vmas[child->vma_count++] = *vma;
	mmu_notifier_protect_start(parent, vma->range);		/* R1 */
	step(STEP_R1, parent, vma->range.start.v);
	err = share_range(parent, child, vma->range, pinned);
	hpt_flush_all(parent);					/* R2 */
	step(STEP_R2, parent, vma->range.start.v);
	mmu_notifier_protect_end(parent, vma->range);		/* R3 */
	step(STEP_R3, parent, vma->range.start.v);
	return err;
}

struct mm *mm_fork(struct mm *parent)
{
	struct mm *child = mm_create();
	bool pinned = false;
	int err = 0;
	u32 i;

	if (!child)
		return NULL;
	child->habits = parent->habits;
	write_lock(&parent->mmap_lock);
	/*
	 * Migration finds the child through its frames. Until R3 they may
	 * still be written to through the parent's secondary, so it has to
	 * wait.
	 */
	write_lock(&child->mmap_lock);
	for (i = 0; i < parent->vma_count && !err; i++)
		if (!(parent->vmas[i].flags & VMA_NOFORK))
			err = fork_vma(parent, child, &parent->vmas[i],
				       &pinned);
	for (i = 0; i < child->vma_count && pinned && !err; i++)
		err = copy_pinned(parent, child, &child->vmas[i]);
	write_unlock(&child->mmap_lock);
	write_unlock(&parent->mmap_lock);
	if (err) {
		mm_put(child);
		return NULL;
	}
	return child;
}
