/*
 * The format of a second-level entry (S in docs/contract.md) as a table of
 * bits: one row for EPT (SDM vol. 3, "EPT Translation Mechanism"), one for NPT
 * (APM vol. 2, 15.25). Everything that depends on an entry's bits is here, and
 * pure.
 */
#ifndef EPT_FORMAT_H
#define EPT_FORMAT_H

#include "arch/x86/hvm.h"
#include "lib/compiler.h"
#include "mm/pte.h"

typedef struct { u64 v; } spte_t;

#define SPTE_ADDR	0x000ffffffffff000ull
#define SPTE_LEAF	(1ull << 7)	/* at level 2 and 3: maps a page */
#define SPTE_ZAPPED	(1ull << 60)	/* absent, and was present once */

struct spte_format {
	const char *name;
	u64 present;	/* an entry with none of these is absent */
	u64 write;
	u64 leaf;	/* what each leaf has besides its address and rights */
	u64 table;	/* what each entry that points to a table has */
	u64 accessed;	/* 0 where the hardware does not set it */
	u64 dirty;
	u64 rights;	/* losing one of these owes a flush */
	u64 type;	/* changing one of these owes a flush */
};

/* The row for this machine. */
const struct spte_format *spte_format(enum hvm_format format,
				      bool accessed_dirty);

static inline bool spte_present(const struct spte_format *f, spte_t s)
{
	return s.v & f->present;
}

/* Does @s, in a table of @level, point to a lower table? */
static inline bool spte_is_table(const struct spte_format *f, spte_t s,
				 int level)
{
	return level > 1 && spte_present(f, s) && !(s.v & SPTE_LEAF);
}

/* How many gfns an entry in a table of @level stands for. */
static inline u64 spte_pages(int level)
{
	return entry_size(level) >> PAGE_SHIFT;
}

static inline spte_t spte_read(const spte_t *sptep)
{
	return (spte_t){ READ_ONCE(sptep->v) };
}

static inline bool spte_writable(const struct spte_format *f, spte_t s)
{
	return spte_present(f, s) && s.v & f->write;
}

static inline pfn_t spte_pfn(spte_t s)
{
	return hpa_to_pfn((hpa_t){ s.v & SPTE_ADDR });
}

/* Does @s allow @access (HVM_READ, HVM_WRITE, HVM_FETCH)? */
static inline bool spte_allows(const struct spte_format *f, spte_t s,
			       u32 access)
{
	return access & HVM_WRITE ? spte_writable(f, s) : spte_present(f, s);
}

/* A leaf with the rights of @pte. */
static inline spte_t spte_make(const struct spte_format *f, pte_t pte)
{
	return (spte_t){ pfn_to_hpa(pte_pfn(pte)).v | f->leaf |
			 (pte_writable(pte) ? f->write : 0) };
}

static inline spte_t spte_make_table(const struct spte_format *f, pfn_t pfn)
{
	return (spte_t){ pfn_to_hpa(pfn).v | f->table };
}

/* Absent, with the mark that makes the next fault on it a refault. */
static inline spte_t spte_zapped(void)
{
	return (spte_t){ SPTE_ZAPPED };
}

static inline bool spte_was_zapped(spte_t s)
{
	return s.v & SPTE_ZAPPED;
}

/* O10: no soft write bits yet, so only W is cleared. */
static inline spte_t spte_wrprotect(const struct spte_format *f, spte_t s)
{
	return (spte_t){ s.v & ~f->write };
}

static inline spte_t spte_add_write(const struct spte_format *f, spte_t s)
{
	return (spte_t){ s.v | f->write };
}

/*
 * True if a CPU may still hold a translation made from @old that @new forbids.
 *
 * Losing a right, changing frame, size or memory type needs a flush. Appearing
 * or gaining a right does not: absent entries are never cached, and a stale
 * denial costs one violation that drops the stale translation by itself (SDM
 * vol. 3, "Guidelines for Use of the INVEPT Instruction").
 */
bool spte_needs_flush(const struct spte_format *f, spte_t old, spte_t new);

#endif
