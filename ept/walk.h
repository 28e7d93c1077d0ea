/*
 * Walks over second-level entries, under ML or while nothing is unmapped;
 * ept_walk() under ML, or with no other walk beside it, because of its hint.
 * Only ept_walk_down() follows an entry to a lower table.
 */
#ifndef EPT_WALK_H
#define EPT_WALK_H

#include "arch/x86/cpu.h"
#include "ept/ept.h"

/*
 * A walk over the entries that translate a range of gfns, in order: each one
 * of level @lowest whose table is there, and each leaf above it. Most walks
 * are to one entry, so all of it is inline: the iterator stays in registers.
 */
struct spte_iter {
	const struct spte_format *format;
	spte_t *root;
	int lowest;
	gfn_t end;

	gfn_t gfn;		/* first in the range of *sptep's */
	spte_t *sptep;
	int level;		/* of the table of @sptep; 0: none yet */
	gfn_t next;		/* the first behind it */
};

static inline struct spte_iter ept_walk_start(const struct ept *ept,
					      gfn_t start, gfn_t end,
					      int lowest)
{
	return (struct spte_iter){
		.format = ept->format, .root = ept->root, .lowest = lowest,
		.end = end, .gfn = start, .next = start,
	};
}

/*
 * Follow the tables to the entry of it->gfn: the only place that does, because
 * a leaf above level 1 differs in only one bit from an entry that points to a
 * table (O23). False: it has reached an absent entry above @lowest.
 */
static inline __attribute__((always_inline))
bool ept_walk_down(struct spte_iter *it)
{
	u64 address = gfn_to_gpa(it->gfn).v;

	it->level = ROOT_LEVEL;
	it->sptep = &it->root[table_index(address, ROOT_LEVEL)];
#pragma GCC unroll 3		/* each shift by a constant */
	while (it->level > it->lowest) {
		spte_t spte = spte_read(it->sptep);
		spte_t *table = hpa_to_ptr(pfn_to_hpa(spte_pfn(spte)));

		if (!spte_is_table(it->format, spte, it->level))
			return spte_present(it->format, spte);
		it->sptep = &table[table_index(address, --it->level)];
	}
	return true;
}

static inline __attribute__((always_inline))
bool ept_walk_next(struct spte_iter *it)
{
	bool found = false;

	while (!found && it->next.n < it->end.n) {
		cpu_progress();
		it->gfn = it->next;
		found = it->level == it->lowest &&
			table_index(gfn_to_gpa(it->gfn).v, it->level);
		if (found)	/* neighbours share their table */
			it->sptep++;
		else
			found = ept_walk_down(it);
		it->next.n = (it->gfn.n | (spte_pages(it->level) - 1)) + 1;
	}
	return found;
}

/* The range is [@start, @end). */
#define for_each_spte_min_level(it, ept, start, end, lowest)		\
	for (struct spte_iter it =					\
		ept_walk_start(ept, start, end, lowest);		\
	     ept_walk_next(&it); )

#define for_each_spte(it, ept, start, end)				\
	for_each_spte_min_level(it, ept, start, end, 1)

/*
 * The entry of @gfn at level 1, or NULL: outside all memslots, its table was
 * freed with what it mapped (T13), or a larger leaf is in its place. Under ML:
 * it leaves a hint for the next one (ept->recent).
 */
spte_t *ept_walk(struct ept *ept, gfn_t gfn);

/* The entry with the tables above it; NULL if memory is out. ML. */
spte_t *ept_walk_alloc(struct ept *ept, gfn_t gfn);

#endif
