#include "ept/format.h"

#define EPT_READ	(1ull << 0)
#define EPT_WRITE	(1ull << 1)
#define EPT_EXEC	(1ull << 2)
#define EPT_MEMTYPE	(7ull << 3)
#define EPT_WB		(6ull << 3)
#define EPT_IPAT	(1ull << 6)
#define EPT_ACCESSED	(1ull << 8)
#define EPT_DIRTY	(1ull << 9)

#define NPT_PRESENT	(1ull << 0)
#define NPT_WRITE	(1ull << 1)
#define NPT_USER	(1ull << 2)
#define NPT_CACHE	(3ull << 3)	/* PWT, PCD */
#define NPT_ACCESSED	(1ull << 5)
#define NPT_DIRTY	(1ull << 6)
#define NPT_NX		(1ull << 63)	/* a right, inverted */

_Static_assert(!(SPTE_ADDR & (SPTE_ZAPPED | SPTE_LEAF | EPT_READ | EPT_WRITE |
			      EPT_EXEC | EPT_MEMTYPE | EPT_IPAT |
			      EPT_ACCESSED | EPT_DIRTY | NPT_ACCESSED |
			      NPT_DIRTY | NPT_CACHE | NPT_NX)),
	       "a flag overlaps the address");
_Static_assert(!(SPTE_ZAPPED & (EPT_READ | EPT_WRITE | EPT_EXEC | NPT_PRESENT)),
	       "a zapped entry must be absent");

static const struct spte_format ept_row = {
	.name = "EPT",
	.present = EPT_READ | EPT_WRITE | EPT_EXEC,
	.write = EPT_WRITE,
	.leaf = EPT_READ | EPT_EXEC | EPT_WB,
	.table = EPT_READ | EPT_WRITE | EPT_EXEC,
	.rights = EPT_READ | EPT_WRITE | EPT_EXEC,
	.type = EPT_MEMTYPE | EPT_IPAT,
};

static const struct spte_format ept_ad_row = {
	.name = "EPT with A/D",
	.present = EPT_READ | EPT_WRITE | EPT_EXEC,
	.write = EPT_WRITE,
	.leaf = EPT_READ | EPT_EXEC | EPT_WB,
	.table = EPT_READ | EPT_WRITE | EPT_EXEC,
	.accessed = EPT_ACCESSED,
	.dirty = EPT_DIRTY,
	.rights = EPT_READ | EPT_WRITE | EPT_EXEC,
	.type = EPT_MEMTYPE | EPT_IPAT,
};

/* Every NPT walk is a user access, and NPT always sets A and D. */
static const struct spte_format npt_row = {
	.name = "NPT",
	.present = NPT_PRESENT,
	.write = NPT_WRITE,
	.leaf = NPT_PRESENT | NPT_USER,
	.table = NPT_PRESENT | NPT_WRITE | NPT_USER,
	.accessed = NPT_ACCESSED,
	.dirty = NPT_DIRTY,
	.rights = NPT_PRESENT | NPT_WRITE | NPT_USER,
	.type = NPT_CACHE | NPT_NX,
};

const struct spte_format *spte_format(enum hvm_format format,
				      bool accessed_dirty)
{
	if (format == HVM_NPT)
		return &npt_row;
	return accessed_dirty ? &ept_ad_row : &ept_row;
}

bool spte_needs_flush(const struct spte_format *f, spte_t old, spte_t new)
{
	u64 changed = old.v ^ new.v;

	if (!spte_present(f, old))
		return false;
	if (old.v & ~new.v & (f->rights | f->accessed | f->dirty))
		return true;
	return changed & (SPTE_ADDR | SPTE_LEAF | f->type);
}
