#include "ept/table.h"

#include "arch/x86/page.h"
#include "ept/ept.h"
#include "ept/flush.h"
#include "ept/walk.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/step.h"

/* A zeroed table. Under ML, which rules out frame_alloc(). */
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
	struct spte_iter it = ept_walk_start(ept, gfn, gfn, 1);

	while (!ept_walk_down(&it)) {
		struct frame *lower = table_alloc(ept);

		if (!lower)
			return -ENOMEM;
		/* The table's zeroes must be visible first. */
		store_release(&it.sptep->v,
			      spte_make_table(ept->format,
					      frame_pfn(lower)).v);
		ept->table_count++;
	}
	BUG_ON(it.level > 1);	/* nobody makes larger leaves */
	return 0;
}

/* *@sptep, which points to a leaf table, is absent from now on. */
static void unlink_table(struct ept *ept, spte_t *sptep,
			 struct ept_flush *flush)
{
	struct frame *table = pfn_frame(spte_pfn(spte_read(sptep)));

	atomic_exchange(&sptep->v, 0);
	ept->recent_gfn = GFN_END;
	step(STEP_TABLE, ept, frame_pfn(table).n);
	/* A CPU may still walk it: its content must not change. */
	table->next_unlinked = ept->unlinked;
	ept->unlinked = table;
	ept->table_count--;
	flush->owed = true;
}

static void unlink_tables(struct ept *ept, gfn_t start, gfn_t end,
			  struct ept_flush *flush)
{
	const u64 pages = spte_pages(2);

	/* Whole tables only. */
	start.n = (start.n + pages - 1) & ~(pages - 1);
	end.n &= ~(pages - 1);
	for_each_spte_min_level(it, ept, start, end, 2)
		if (spte_is_table(ept->format, spte_read(it.sptep), it.level))
			unlink_table(ept, it.sptep, flush);
}

void ept_unlink_tables(struct ept *ept, struct hva_range range,
		       struct ept_flush *flush)
{
	u32 i;

	for (i = 0; i < ept->slots.count; i++) {
		gfn_t start, end;

		if (memslot_gfns(&ept->slots.slots[i], range, &start, &end))
			unlink_tables(ept, start, end, flush);
	}
}

void ept_free_unlinked(struct ept *ept)
{
	while (ept->unlinked) {
		struct frame *table = ept->unlinked;

		ept->unlinked = table->next_unlinked;
		frame_put(table);
	}
}

/* The lowest first: once a table is freed, nobody reads it or what it points
 * to. */
void ept_free_tables(struct ept *ept)
{
	const gfn_t first = { 0 }, end = { GFN_END };
	int level;

	for (level = 2; level <= ROOT_LEVEL; level++) {
		for_each_spte_min_level(it, ept, first, end, level) {
			spte_t spte = spte_read(it.sptep);

			if (it.level == level &&
			    spte_is_table(ept->format, spte, level))
				frame_put(pfn_frame(spte_pfn(spte)));
		}
	}
	frame_put(ptr_frame(ept->root));
}
