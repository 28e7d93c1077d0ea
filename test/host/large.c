/*
 * Leaves above level 1: the walks visit them, and do not take what they
 * map for a table. Nobody makes such leaves yet, so these are made by hand.
 */
#include "test/host/support.h"

/* A page that looks like a table to who goes down into it: each of its entries
 * points to itself. */
static struct frame *trap;

static void alloc_trap(u64 entry)
{
	u64 *words;
	u32 i;

	trap = frame_alloc();
	assert_non_null(trap);
	words = frame_ptr(trap);
	for (i = 0; i < TABLE_ENTRIES; i++)
		words[i] = entry | pfn_to_hpa(frame_pfn(trap)).v;
}

static void free_trap(void)
{
	assert_int_equal(frame_refcount(trap), 1);
	frame_put(trap);
}

/* What a walk visits: where, and at which level. */
struct visit {
	u64 page;
	int level;
};

/* --- P. */

#define GIB_PAGES	(TABLE_ENTRIES * TABLE_ENTRIES)

static struct mm *space;

static pte_t *pte_at(u64 page, int level)
{
	struct pte_iter it = hpt_walk_start(space, pages(page, 1), level);

	assert_true(hpt_walk_next(&it));
	assert_int_equal(it.level, level);
	return it.ptep;
}

/* A table of small leaves, a leaf of 2 MiB, a hole, and a leaf of 1 GiB. */
static void make_space(void)
{
	pte_t leaf;

	alloc_trap(pte_make_table((pfn_t){ 0 }).v);
	leaf.v = pte_make(frame_pfn(trap), PTE_RW).v | PTE_LARGE;
	space = mm_create();
	assert_non_null(space);
	assert_non_null(hpt_walk_alloc(space, page_hva(0)));
	*pte_at(TABLE_ENTRIES, 2) = leaf;
	*pte_at(GIB_PAGES, 3) = leaf;
}

static void check_visits(struct hva_range range, int lowest,
			 const struct visit *visits, u32 count)
{
	u32 i = 0;

	for_each_pte_min_level(it, space, range, lowest) {
		assert_true(i < count);
		assert_int_equal(it.hva.v, page_hva(visits[i].page).v);
		assert_int_equal(it.level, visits[i].level);
		i++;
	}
	assert_int_equal(i, count);
}

static void add_below_leaf(void *arg)
{
	(void)arg;
	(void)!hpt_walk_alloc(space, page_hva(TABLE_ENTRIES + 7));
}

static void test_pte_walks(void **state)
{
	static const struct visit small[] = {
		{ 510, 1 }, { 511, 1 }, { TABLE_ENTRIES, 2 }, { GIB_PAGES, 3 },
	}, inside[] = {
		{ TABLE_ENTRIES + 5, 2 }, { GIB_PAGES, 3 },
	}, upper[] = {
		{ 510 * TABLE_ENTRIES, 2 }, { 511 * TABLE_ENTRIES, 2 },
		{ GIB_PAGES, 3 },
	};
	u64 before = frame_free_count();

	(void)state;
	make_space();
	check_visits(pages(510, 3 * GIB_PAGES), 1, small, array_count(small));
	check_visits(pages(TABLE_ENTRIES + 5, GIB_PAGES), 1, inside,
		     array_count(inside));
	check_visits(pages(510 * TABLE_ENTRIES, GIB_PAGES), 2, upper,
		     array_count(upper));
	assert_non_null(hpt_walk(space, page_hva(511)));
	assert_null(hpt_walk(space, page_hva(TABLE_ENTRIES)));
	assert_null(hpt_walk(space, page_hva(2 * GIB_PAGES - 1)));
	assert_true(fake_panics(add_below_leaf, NULL, "level"));
	mm_put(space);			/* frees tables only */
	free_trap();
	assert_int_equal(frame_free_count(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pte_walks),
	};

	return RUN(tests);
}
