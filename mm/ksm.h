/*
 * Merging: a scanner that finds pages with equal content and lets them share
 * one frame, read-only. The stable tree holds the shared frames by content;
 * the unstable tree holds this pass' candidates. One scanner at a time.
 *
 * A page is worth merging when it has the same digest in as many passes as the
 * address space's habits say. Trees are keyed by digest; the digest is a hint,
 * the comparison under write-protection decides (O5).
 */
#ifndef MM_KSM_H
#define MM_KSM_H

#include "mm/mm.h"

/* A choice of habits.h. */
struct sharing {
	u32 passes;	/* with the same digest before a page is merged; >= 2 */
	u32 limit;	/* pages that the scanner lets share a frame, >= 2; 0:
			 * any number */
};

extern const struct sharing sharing_right;

/* The CPU has CRC32 (SSE4.2): digests by it from now on. Before ksm_add(). */
void ksm_use_crc32(void);

/*
 * Scan @range of @mm (in a VMA_MERGEABLE area) from the next pass on; takes a
 * user of @mm until ksm_exit(). -ENOMEM, -EINVAL (the area is not mergeable):
 * nothing was registered.
 */
__must_check int ksm_add(struct mm *mm, struct hva_range range);

/* Begin a pass: empty the unstable tree, drop stable frames nobody maps. */
void ksm_begin_pass(void);

/* Look at the next page; false when the pass is complete. */
bool ksm_scan_next(void);

/* Forget all pages and trees; merged pages stay as they are. */
void ksm_exit(void);

#endif
