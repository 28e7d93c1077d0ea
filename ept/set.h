/*
 * Changes of second-level entries: each goes through one funnel, which counts
 * it, credits what the hardware noted, and notes the flush that it owes.
 */
#ifndef EPT_SET_H
#define EPT_SET_H

#include "ept/flush.h"
#include "ept/policy.h"

/*
 * The funnel: every change of a live entry goes through here (O11), but for one
 * that only gains W (ept_add_write()). Returns the old entry. Under ML; the
 * flush, if one is owed, is noted in @flush and must be issued before ML is
 * dropped.
 */
spte_t ept_set(struct ept *ept, gfn_t gfn, spte_t *sptep, spte_t new,
	       struct ept_flush *flush);

/* A leaf that mirrors a page, and was present. */
struct ept_leaf {
	gfn_t gfn;
	spte_t *sptep;
};

/*
 * The present leaves of @hva, one in a memslot at most, into @leaves
 * (MAX_MEMSLOTS); returns how many. They stay where they are until ML is dropped.
 */
u32 ept_find_leaves(struct ept *ept, hva_t hva, struct ept_leaf *leaves);

/* Change each of @leaves to change(leaf, @pte). ML. */
void ept_change_leaves(struct ept *ept, const struct ept_leaf *leaves,
		       u32 count, spte_change_fn change, pte_t pte,
		       struct ept_flush *flush);

/*
 * Let each of @leaves that maps the frame of @pte be written to; the others are
 * found by the next fault. Returns how many gained W. The same funnel, where
 * nothing ends: no flush is owed, A and D stay with the entry. ML.
 */
u32 ept_add_write(struct ept *ept, const struct ept_leaf *leaves, u32 count,
		  pte_t pte);

/* Change each present leaf that mirrors @range to change(leaf, @pte). ML. */
void ept_change_range(struct ept *ept, struct hva_range range,
		      spte_change_fn change, pte_t pte,
		      struct ept_flush *flush);

#endif
