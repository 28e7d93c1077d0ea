/*
 * Discard: the content of an area is forgotten, its frames are given back.
 */
#include "lib/step.h"
#include "mm/hpt.h"
#include "mm/notifier.h"
#include "mm/rmap.h"

/*
 * Frames that are unmapped but may still be cached somewhere: kept until one
 * primary flush for all of them. A chain of frames that each hold a list.
 */
struct gather_block {
	struct gather_block *next;
	u64 count;
	struct frame *frames[PAGE_WORDS - 2];
};

_Static_assert(sizeof(struct gather_block) == PAGE_SIZE, "one frame a block");

static struct gather_block *gather_grow(struct gather_block *full)
{
	struct frame *frame = frame_alloc();
	struct gather_block *block;

	if (!frame)
		return NULL;
	block = frame_ptr(frame);
	block->next = full;
	block->count = 0;
	return block;
}

/* No CPU can reach these frames any more: release them (O6). */
static void gather_release(struct gather_block *block)
{
	while (block) {
		struct gather_block *next = block->next;
		u64 i;

		for (i = 0; i < block->count; i++)
			frame_put(block->frames[i]);
		frame_put(ptr_frame(block));
		block = next;
	}
}

static struct frame *unmap_entry(pte_t *ptep)
{
	struct frame *frame = NULL;
	pte_t old;

	spin_lock(hpt_lock(ptep));
	if (pte_present(pte_read(ptep))) {
		old = hpt_clear(ptep);
		frame = pfn_frame(pte_pfn(old));
		rmap_remove(frame, ptep);
	}
	spin_unlock(hpt_lock(ptep));
	return frame;
}

/* Keep @frame in the list; returns where the list continues. */
static struct gather_block *gather_add(struct mm *mm,
				       struct gather_block *gather,
				       struct frame *frame)
{
	struct gather_block *block = gather;

	if (!gather || gather->count == array_count(gather->frames))
		block = gather_grow(gather);
	if (block) {
		block->frames[block->count++] = frame;
		return block;
	}
	/* No memory for the list: a flush per page. The secondary was flushed
	 * at I1 and cannot come back before I3. */
	hpt_flush_all(mm);
	frame_put(frame);
	return gather;
}

void mm_discard(struct mm *mm, struct hva_range range)
{
	struct gather_block *gather = NULL;

	read_lock(&mm->mmap_lock);
	mmu_notifier_start(mm, range, INVALIDATE_UNMAP);	/* I1 */
	hpt_clears_begin(mm);
	for_each_pte(it, mm, range) {
		/* Take PTL even if P is empty: during a change (N2 to N5) or
		 * a migration it is empty, and will be set again. */
		struct frame *frame = unmap_entry(it.ptep);

		step(STEP_T7, mm, it.hva.v);
		if (frame)
			gather = gather_add(mm, gather, frame);
	}
	hpt_clears_end(mm);					/* I2 */
	mmu_notifier_end(mm, range, INVALIDATE_UNMAP);		/* I3 */
	gather_release(gather);
	read_unlock(&mm->mmap_lock);
}
