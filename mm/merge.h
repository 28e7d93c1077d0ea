/*
 * Merging one page into another's frame, in the two steps that O4 demands:
 * first write-protected with the same frame (T4), complete in both MMUs; then
 * compared (O5); then read-only to the new frame (T3a). ksm.h decides which.
 *
 * The caller holds one reference to each frame besides the mappings' own (a
 * gup's), and no mmap lock.
 */
#ifndef MM_MERGE_H
#define MM_MERGE_H

#include "mm/mm.h"

/*
 * Make @hva, which maps @frame, read-only. -EAGAIN: it maps something else by
 * now. -EBUSY: somebody else holds a reference, and P is restored (O17).
 */
__must_check int merge_wrprotect(struct mm *mm, hva_t hva,
				 struct frame *frame);

/*
 * Let @hva, which maps @frame, map @shared instead, if both are equal. Errors
 * as above; then @hva may be left read-only, and the next write repairs that.
 */
__must_check int merge_page(struct mm *mm, hva_t hva, struct frame *frame,
			    struct frame *shared);

/* The same for one page of many: flushes may wait until the caller ends the
 * pass (NEED_PASS_END). */
__must_check int merge_page_in_pass(struct mm *mm, hva_t hva,
				    struct frame *frame,
				    struct frame *shared);

/*
 * The steps of merge_page(), under the mmap lock. A step that fails ends it.
 * habits.h chooses the order.
 */
struct merge {
	struct mm *mm;
	hva_t hva;
	struct frame *frame, *shared;
};

enum { MERGE_WRPROTECT, MERGE_COMPARE, MERGE_REPLACE, MERGE_STEPS };

struct merge_order {
	int (*steps[MERGE_STEPS])(struct merge *merge);
};
extern const struct merge_order merge_order_right;

int merge_step_wrprotect(struct merge *merge);
int merge_step_compare(struct merge *merge);
int merge_step_replace(struct merge *merge);

/* The replacement, if P is still @seen. */
int merge_replace_seen(struct merge *merge, pte_t seen);

#endif
