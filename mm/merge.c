#include "mm/merge.h"

#include "arch/x86/error.h"
#include "arch/x86/page.h"
#include "arch/x86/step.h"
#include "mm/change.h"
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
 * @frame from being taken over. But nobody may have pinned it before.
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
static int wrprotect(struct mm *mm, hva_t hva, struct frame *frame)
{
	struct change change = {
		.mm = mm, .hva = hva, .ptep = hpt_walk(mm, hva),
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

/* T3a: equal, read-only (O4), and nobody else's. */
static int replace(struct mm *mm, hva_t hva, struct frame *frame,
		   struct frame *shared)
{
	struct change change = {
		.mm = mm, .hva = hva, .ptep = hpt_walk(mm, hva),
		.old = frame, .new = shared, .right = PTE_RO,
		.reason = INVALIDATE_MERGE,
		.known_references = SCANNER_REFERENCES,
	};

	change.seen = pte_make(frame_pfn(frame), PTE_RO);
	return change_mapping(&change);
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
	step_change(STEP_COMPARE, mm, hva.v, frame_pfn(frame).n,
		    frame_pfn(shared).n);
	if (!page_same(frame_ptr(frame), frame_ptr(shared)))
		goto out;
	err = replace(mm, hva, frame, shared);
out:
	read_unlock(&mm->mmap_lock);
	return err;
}
