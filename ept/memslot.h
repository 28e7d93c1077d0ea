/*
 * Memslots: which guest frames map to which host virtual addresses. Several
 * gfns may map to one hva (aliases, O16).
 */
#ifndef EPT_MEMSLOT_H
#define EPT_MEMSLOT_H

#include "mm/notifier.h"

struct memslot {
	gfn_t gfn;		/* first */
	u64 page_count;
	hva_t hva;		/* of the first page */
};

#define MAX_MEMSLOTS	8

/* One past the last gfn that four levels can translate: 48 bits of a gpa. */
#define GFN_END		(1ull << (TABLE_BITS * ROOT_LEVEL))

/* Set up before the first vCPU runs, not changed after. */
struct memslots {
	struct memslot slots[MAX_MEMSLOTS];	/* sorted by gfn, disjoint */
	u32 count;
	u32 last_hit;		/* a hint, any value is correct */
};

/* Add @slot. -EINVAL: too many, empty, overlapping in gfns, or not within
 * GFN_END and the hvas of a process. */
__must_check int memslot_add(struct memslots *slots, struct memslot slot);

/* The slot with @gfn, or NULL. */
const struct memslot *memslot_find(struct memslots *slots, gfn_t gfn);

static inline bool memslot_contains(const struct memslot *slot, gfn_t gfn)
{
	return gfn.n - slot->gfn.n < slot->page_count;
}

static inline hva_t gfn_to_hva(const struct memslot *slot, gfn_t gfn)
{
	return hva_add(slot->hva, (gfn.n - slot->gfn.n) << PAGE_SHIFT);
}

/* The gfns of @slot whose hva is in @range, half open; false: none. */
bool memslot_gfns(const struct memslot *slot, struct hva_range range,
		  gfn_t *start, gfn_t *end);

#endif
