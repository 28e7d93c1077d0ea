#include "ept/walk.h"

#include "ept/table.h"

spte_t *ept_walk(struct ept *ept, gfn_t gfn)
{
	struct spte_iter it = ept_walk_start(ept, gfn, gfn, 1);

	(void)ept_walk_down(&it);
	return it.level == 1 ? it.sptep : NULL;
}

spte_t *ept_walk_alloc(struct ept *ept, gfn_t gfn)
{
	spte_t *sptep = ept_walk(ept, gfn);

	if (unlikely(!sptep) && !ept_add_tables(ept, gfn))
		sptep = ept_walk(ept, gfn);
	return sptep;
}
