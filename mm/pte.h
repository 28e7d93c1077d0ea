/*
 * The format of a host entry (P in docs/contract.md), SDM vol. 3, 4.5 and APM
 * vol. 2, 5.3. Pure. The hardware sets A and D in a live entry at any time, so
 * entries are compared with pte_same() and changed by locked operations.
 */
#ifndef MM_PTE_H
#define MM_PTE_H

#include "lib/compiler.h"

typedef struct { u64 v; } pte_t;

#define PTE_PRESENT	(1ull << 0)
#define PTE_WRITE	(1ull << 1)
#define PTE_USER	(1ull << 2)
#define PTE_ACCESSED	(1ull << 5)
#define PTE_DIRTY	(1ull << 6)
#define PTE_LARGE	(1ull << 7)	/* above level 1: maps a page */
#define PTE_NX		(1ull << 63)
#define PTE_ADDR	0x000ffffffffff000ull

_Static_assert(!(PTE_ADDR & (PTE_PRESENT | PTE_WRITE | PTE_USER |
			     PTE_ACCESSED | PTE_DIRTY | PTE_LARGE | PTE_NX)),
	       "a flag overlaps the address");

/* The right that a leaf is made with. A bool would not say which is which. */
enum pte_right { PTE_RO, PTE_RW };

static inline pte_t pte_none(void)
{
	return (pte_t){ 0 };
}

static inline pte_t pte_make(pfn_t pfn, enum pte_right right)
{
	return (pte_t){ pfn_to_hpa(pfn).v | PTE_PRESENT | PTE_USER | PTE_NX |
			(right == PTE_RW ? PTE_WRITE : 0) };
}

/* An entry that points to a lower table: the leaf decides the rights. */
static inline pte_t pte_make_table(pfn_t pfn)
{
	return (pte_t){ pfn_to_hpa(pfn).v | PTE_PRESENT | PTE_WRITE |
			PTE_USER };
}

static inline bool pte_present(pte_t pte)
{
	return pte.v & PTE_PRESENT;
}

/* Does @pte, in a table of @level, point to a lower table? */
static inline bool pte_is_table(pte_t pte, int level)
{
	return level > 1 &&
	       (pte.v & (PTE_PRESENT | PTE_LARGE)) == PTE_PRESENT;
}

static inline bool pte_writable(pte_t pte)
{
	return (pte.v & (PTE_PRESENT | PTE_WRITE)) == (PTE_PRESENT | PTE_WRITE);
}

static inline pfn_t pte_pfn(pte_t pte)
{
	return hpa_to_pfn((hpa_t){ pte.v & PTE_ADDR });
}

static inline enum pte_right pte_right(pte_t pte)
{
	return pte_writable(pte) ? PTE_RW : PTE_RO;
}

/* The same mapping with the same rights; what the hardware noted is ignored. */
static inline bool pte_same(pte_t a, pte_t b)
{
	return !((a.v ^ b.v) & ~(PTE_ACCESSED | PTE_DIRTY));
}

static inline pte_t pte_read(const pte_t *ptep)
{
	return (pte_t){ READ_ONCE(ptep->v) };
}

#endif
