/*
 * Host page tables: walk, lock, clear, set. Tables are added as needed and
 * stay until the address space dies, so a walk needs no lock; entries change
 * under the lock of their table (PTL) only.
 */
#ifndef MM_HPT_H
#define MM_HPT_H

#include "mm/mm.h"

/* The leaf entry of @hva, or NULL if no table is there yet. */
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

/* Take the right to write; true if it was there: a primary flush is owed.
 * Under PTL. */
__must_check bool hpt_wrprotect(pte_t *ptep);

/* Give the right to write to a present entry; no flush is owed. Under PTL. */
void hpt_upgrade(pte_t *ptep);

/* N5, or a first mapping: *@ptep was none. Under PTL. */
void hpt_set(pte_t *ptep, pte_t pte);

/* Make *@ptep, which is none, map @frame; takes over one reference to it. */
void hpt_map(pte_t *ptep, struct frame *frame, enum pte_right right);

/* Flush the primary translations of all of @mm. May hold PTL. */
void hpt_flush_all(struct mm *mm);

/*
 * Around many hpt_clear() of @mm with one flush at the end, the PTLs being
 * dropped in between: who fills such an entry before the end flushes it first
 * (T8). The end is the flush. No PTL held at either.
 */
void hpt_clears_begin(struct mm *mm);
void hpt_clears_end(struct mm *mm);

/* Free all tables of @mm; no leaf is present and no CPU walks them. */
void hpt_destroy(struct mm *mm);

/*
 * Each leaf entry with a table in @range, in order of address. Use as
 *	for_each_pte(mm, hva, ptep, range) { ... }
 */
pte_t *hpt_next(struct mm *mm, hva_t *hva, hva_t end);

#define for_each_pte(mm, hva, ptep, range)				\
	for (hva_t hva = (range).start, *once_ = &hva; once_; once_ = NULL) \
		for (pte_t *ptep; (ptep = hpt_next(mm, &hva, (range).end)); \
		     hva = hva_add(hva, PAGE_SIZE))

#endif
