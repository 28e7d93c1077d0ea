/*
 * The reverse map: from a frame to the entries that map it. A mapping's links
 * lie beside its table, one per entry, so adding and removing cost the same
 * for one mapping and for 2^18, and allocate nothing.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include "mm/hpt.h"

/* An entry by its place: pfn of the table << 9 | index; 0 is none. */
struct rmap_link {
	u32 next, prev;
};

/* *@ptep maps, or no longer maps, @frame. Under PTL; takes the rmap lock. */
void rmap_add(struct frame *frame, pte_t *ptep);
void rmap_remove(struct frame *frame, pte_t *ptep);

/*
 * Some entry that maps @frame, or NULL; its address space gets a user, which
 * the caller drops with mm_put(). The entry may have changed by the time the
 * caller holds its PTL. Takes the rmap lock.
 */
pte_t *rmap_first(struct frame *frame);

/*
 * References to @frame that are no mapping's. A mapping gets its reference
 * before it is listed and drops it after, so none of the others is overlooked;
 * one may be counted too many. A quarantine's is dropped first. Takes the rmap
 * lock; may hold PTL.
 */
u32 rmap_extra_references(struct frame *frame);

static inline u32 rmap_mapcount(const struct frame *frame)
{
	return READ_ONCE(frame->mapcount);
}

#endif
