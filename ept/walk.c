#include "ept/walk.h"

#include "ept/table.h"

/* The first gfn of the leaf table that has @gfn. */
static inline u64 gfn_table(gfn_t gfn)
{
	return gfn.n & ~(u64)(TABLE_ENTRIES - 1);
}

static spte_t *walk(struct ept *ept, gfn_t gfn)
{
	struct spte_iter it = ept_walk_start(ept, gfn, gfn, 1);

	(void)ept_walk_down(&it);
	if (it.level > 1)
		return NULL;
	ept->recent_gfn = gfn_table(gfn);
	ept->recent = (spte_t *)((uintptr_t)it.sptep & PAGE_MASK);
	return it.sptep;
}

/* Most walks end in the table where the one before ended. */
spte_t *ept_walk(struct ept *ept, gfn_t gfn)
{
	if (likely(ept->recent_gfn == gfn_table(gfn)))
		return &ept->recent[gfn.n & (TABLE_ENTRIES - 1)];
	return walk(ept, gfn);
}

spte_t *ept_walk_alloc(struct ept *ept, gfn_t gfn)
{
	spte_t *sptep = ept_walk(ept, gfn);

	if (unlikely(!sptep) && !ept_add_tables(ept, gfn))
		sptep = ept_walk(ept, gfn);
	return sptep;
}
