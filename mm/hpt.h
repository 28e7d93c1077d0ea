/*
 * Host page tables: walk, lock, clear, set. Tables are added as needed and
 * stay until the address space dies, so a walk needs no lock; entries change
 * under the lock of their table (PTL) only.
 */
#ifndef MM_HPT_H
#define MM_HPT_H

#include "mm/mm.h"

/* The entry of @hva at level 1, or NULL: its table is not there yet, or a
 * larger leaf is in its place. */
pte_t *hpt_walk(struct mm *mm, hva_t hva);

/* The same, adding tables; NULL when memory is out. */
pte_t *hpt_walk_alloc(struct mm *mm, hva_t hva);

/* The lock of the table that @ptep is in (PTL). */
static inline spinlock_t *hpt_lock(pte_t *ptep)
{
	return &ptr_frame(ptep)->lock;
}

/* Both locks, the one of the lower table first (O14). Tables differ. */
void hpt_lock_both(pte_t *a, pte_t *b);

/* The address that @ptep translates, and whose it is. */
hva_t hpt_entry_hva(pte_t *ptep);
struct mm *hpt_entry_mm(pte_t *ptep);

/*
 * N2: clear *@ptep by a locked exchange, then flush the primary, and wait.
 * Returns the old entry, with what the hardware had noted. Under PTL.
 */
pte_t hpt_clear_flush(struct mm *mm, hva_t hva, pte_t *ptep);

/* Clear *@ptep; a primary flush is owed. Under PTL. */
pte_t hpt_clear(pte_t *ptep);

/* Remove the right to write; true if P had it: a primary flush is owed.
 * Under PTL. */
__must_check bool hpt_wrprotect(pte_t *ptep);

/* Add the right to write to a present entry; no flush is owed. Under PTL. */
void hpt_upgrade(pte_t *ptep);

/* N5, or a first mapping: *@ptep was none. Under PTL. */
void hpt_set(pte_t *ptep, pte_t pte);

/* Make *@ptep, which is none, map @frame; takes over one reference to it. */
void hpt_map(pte_t *ptep, struct frame *frame, enum pte_right right);

/* Flush the primary translations of all of @mm. May hold PTL. */
void hpt_flush_all(struct mm *mm);

/*
 * Bracket many hpt_clear() of @mm that drop their PTLs before one flush for
 * all: whoever fills such an entry before the end flushes it first (T8). The
 * end flushes. Call both without PTL.
 */
void hpt_clears_begin(struct mm *mm);
void hpt_clears_end(struct mm *mm);

/* Free all tables of @mm; no leaf is present and no CPU walks them. */
void hpt_destroy(struct mm *mm);

/*
 * A walk over the entries that translate a range, in order of address: each one
 * of level @lowest whose table is there, and each leaf above it.
 */
struct pte_iter {
	pte_t *root;
	int lowest;
	hva_t end;

	hva_t hva;		/* first in the range that *ptep translates */
	pte_t *ptep;
	int level;		/* of the table that @ptep is in; 0: none yet */
	hva_t next;		/* the first after it */
};

struct pte_iter hpt_walk_start(struct mm *mm, struct hva_range range,
			       int lowest);
bool hpt_walk_next(struct pte_iter *it);

#define for_each_pte_min_level(it, mm, range, lowest)			\
	for (struct pte_iter it = hpt_walk_start(mm, range, lowest);	\
	     hpt_walk_next(&it); )

#define for_each_pte(it, mm, range) for_each_pte_min_level(it, mm, range, 1)

#endif
