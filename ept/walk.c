#include "ept/walk.h"

#include "arch/x86/page.h"
#include "ept/ept.h"
#include "lib/error.h"
#include "lib/print.h"
#include "mm/frame.h"

static struct spte_iter walk_to(const struct ept *ept, gfn_t gfn)
{
	return (struct spte_iter){
		.format = ept->format, .root = ept->root, .lowest = 1,
		.gfn = gfn,
	};
}

spte_t *ept_walk(struct ept *ept, gfn_t gfn)
{
	struct spte_iter it = walk_to(ept, gfn);

	(void)ept_walk_down(&it);
	return it.level == 1 ? it.sptep : NULL;
}

/* A table, zeroed. Under ML, which frame_alloc() may not be called with. */
static struct frame *table_alloc(struct ept *ept)
{
	struct frame *table = frame_alloc_now();

	if (unlikely(!table) && ept_pending_complete(ept, NEED_FRAMES))
		table = frame_alloc_now();
	if (table)
		page_fill(frame_ptr(table), 0);
	return table;
}

int ept_add_tables(struct ept *ept, gfn_t gfn)
{
	struct spte_iter it = walk_to(ept, gfn);

	while (!ept_walk_down(&it)) {
		struct frame *lower = table_alloc(ept);

		if (!lower)
			return -ENOMEM;
		/* The table's zeroes come first. */
		store_release(&it.sptep->v,
			      spte_make_table(ept->format,
					      frame_pfn(lower)).v);
		ept->table_count++;
	}
	BUG_ON(it.level > 1);	/* nobody makes larger leaves */
	return 0;
}

spte_t *ept_walk_alloc(struct ept *ept, gfn_t gfn)
{
	spte_t *sptep = ept_walk(ept, gfn);

	if (unlikely(!sptep) && !ept_add_tables(ept, gfn))
		sptep = ept_walk(ept, gfn);
	return sptep;
}
