/*
 * Faults of the primary MMU: first touch, copy-on-write, takeover.
 */
#include "mm/fault.h"

#include "arch/x86/counter.h"
#include "arch/x86/handshake.h"
#include "arch/x86/page.h"
#include "lib/error.h"
#include "lib/step.h"
#include "mm/change.h"
#include "mm/habits.h"
#include "mm/hpt.h"
#include "mm/quarantine.h"
#include "mm/rmap.h"

COUNTER(cow_copy);	/* T1: a frame was copied for a writer */
COUNTER(cow_reuse);	/* T2: the last sharer took the frame over */
COUNTER(ksm_broken);	/* of the copies, those of a merged page */

/*
 * No CPU caches an absent entry, but the T7 that cleared it may not have
 * flushed yet: it drops PTL and flushes once, at its end.
 *
 *	discard			another thread		a third one
 *
 *	unflushed++
 *	PTL { P := none }				reads old, from its TLB
 *				PTL { P := new }
 *				writes to new
 *				tells of it
 *							reads old
 *	flush, unflushed--
 *
 * P was cleared under the PTL that is held here, so its unflushed++ is seen.
 * The secondary needs nothing: it was flushed at I1, and F4 refuses until I3.
 */
static void flush_what_t7_cleared(struct mm *mm, hva_t hva)
{
	/* Pairs with the decrement in hpt_clears_end(), after the flush. */
	if (load_acquire(&mm->unflushed))
		handshake_flush_primary(READ_ONCE(mm->cpu_mask), hva);
}

const struct first_touch first_touch_right = { flush_what_t7_cleared };

const struct takeover takeover_right = { frame_is_exclusive };

/*
 * Memory is out. That is an error only if P is still what the fault was about:
 * between another CPU's N2 and N5 it is empty, and will be set again. Whoever
 * holds PTL may be between them; then the access is tried again, and waits if
 * it must.
 */
static int out_of_memory(pte_t *ptep, pte_t seen)
{
	bool same;

	if (spin_is_locked(hpt_lock(ptep)))
		return 0;
	spin_lock(hpt_lock(ptep));
	same = pte_same(pte_read(ptep), seen);
	spin_unlock(hpt_lock(ptep));
	return same ? -ENOMEM : 0;
}

/* T8: none to present. No event: S is absent, and stays so (O7). */
static int fault_absent(struct mm *mm, hva_t hva, pte_t *ptep,
			enum mm_access access, const struct vma *vma)
{
	struct frame *frame;
	enum pte_right right;

	if (access == MM_READ) {
		frame = zero_frame;
		frame_get(frame);
		right = PTE_RO;
	} else {
		frame = frame_alloc_zeroed();
		if (!frame)
			return out_of_memory(ptep, pte_none());
		right = vma->flags & VMA_WRITE ? PTE_RW : PTE_RO;
	}

	/* While a change is between N2 and N5, P is none and we wait here. */
	spin_lock(hpt_lock(ptep));
	if (!pte_present(pte_read(ptep))) {
		mm->habits->touch->before(mm, hva);
		hpt_map(ptep, frame, right);
		frame = NULL;
	}
	spin_unlock(hpt_lock(ptep));
	if (frame)
		frame_put(frame);
	return 0;
}

/* T2, under PTL, which it drops. */
static void takeover(struct mm *mm, hva_t hva, pte_t *ptep)
{
	mmu_notifier_before_upgrade(mm, hva, pte_read(ptep));
	hpt_upgrade(ptep);
	step(STEP_T2, mm, hva.v);
	mmu_notifier_upgrade(mm, hva, pte_read(ptep));
	mmu_notifier_upgrade_done(mm, page_range(hva));
	count(&count_cow_reuse);
	spin_unlock(hpt_lock(ptep));
	/* This CPU may still cache the read-only translation; its next write
	 * faults, finds P writable and drops it. Others likewise. */
}

/*
 * T1. The caller holds a reference to @old (N0), which came from *@ptep when
 * that was @seen, and the mmap lock for reading: so P cannot come back to the
 * same value with other content in between.
 */
static int copy(struct mm *mm, hva_t hva, pte_t *ptep, pte_t seen,
		struct frame *old)
{
	struct frame *new = frame_alloc();
	struct change change = {
		.mm = mm, .hva = hva, .ptep = ptep, .seen = seen,
		.old = old, .new = new, .right = PTE_RW,
		.reason = INVALIDATE_COPY,
		.known_references = ANY_REFERENCES,
	};
	bool was_stable = frame_is_stable(old);

	if (!new)
		return out_of_memory(ptep, seen);
	/* Nobody may still write to a page that has lost W (T4). */
	mmu_notifier_complete(NEED_CONTENT);
	step_change(STEP_COPY, mm, hva.v, frame_pfn(old).n, frame_pfn(new).n);
	page_copy(frame_ptr(new), frame_ptr(old));
	if (!change_mapping(&change)) {
		count(&count_cow_copy);
		if (was_stable)
			count(&count_ksm_broken);
	}	/* else another CPU resolved this fault */
	frame_put(new);
	return 0;
}

/* A write to a present entry that does not allow it. */
static int fault_readonly(struct mm *mm, hva_t hva, pte_t *ptep, pte_t seen)
{
	struct frame *old = pfn_frame(pte_pfn(seen));
	int err;

	spin_lock(hpt_lock(ptep));
	if (!pte_same(pte_read(ptep), seen)) {
		spin_unlock(hpt_lock(ptep));
		return 0;
	}
	/* A pinned frame stays behind its page, whatever the habit. */
	if (frame_is_pinned(old) || mm->habits->takeover->may(old)) {
		takeover(mm, hva, ptep);
		return 0;
	}
	frame_get(old);					/* N0 */
	spin_unlock(hpt_lock(ptep));
	err = copy(mm, hva, ptep, seen, old);
	frame_put(old);
	return err;
}

int mm_fault(struct mm *mm, hva_t hva, enum mm_access access)
{
	struct vma *vma;
	pte_t *ptep, seen;
	int err = -EFAULT;

	read_lock(&mm->mmap_lock);
	vma = vma_find(mm, hva);
	if (!vma || (access == MM_WRITE && !(vma->flags & VMA_WRITE)))
		goto out;
	ptep = hpt_walk_alloc(mm, hva);
	if (!ptep) {
		/* Unless another CPU has added the tables meanwhile. */
		err = hpt_walk(mm, hva) ? 0 : -ENOMEM;
		goto out;
	}

	seen = pte_read(ptep);
	if (!pte_present(seen))
		err = fault_absent(mm, hva, ptep, access, vma);
	else if (access == MM_WRITE && !pte_writable(seen))
		err = fault_readonly(mm, hva, ptep, seen);
	else
		err = 0;
out:
	read_unlock(&mm->mmap_lock);
	return err;
}
