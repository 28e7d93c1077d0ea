/*
 * Leaves above level 1 (O23): the walks visit them, and do not take what they
 * map for a table. Nobody makes such leaves yet, so these are made by hand.
 */
#include "test/host/vm.h"

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

/* --- S. */

#define GIB_GFN		((u64)GIB_PAGES)

static spte_t *spte_at(u64 gfn, int level)
{
	for_each_spte_min_level(it, &vm, (gfn_t){ gfn }, (gfn_t){ gfn + 1 },
				level) {
		assert_int_equal(it.level, level);
		return it.sptep;
	}
	fail_msg("no entry of level %d", level);
	return NULL;
}

/*
 * The tables of a slot, in it a leaf of 2 MiB in the place of the second of
 * them, and a leaf of 1 GiB that no slot has.
 */
static void make_leaves(const struct spte_format *format)
{
	const struct memslot slot = { { 0 }, 3 * TABLE_ENTRIES, page_hva(0) };
	spte_t leaf, *sptep;

	assert_int_equal(ept_init(&vm, mm, policy_find("bracket"), format), 0);
	assert_int_equal(ept_add_slot(&vm, slot), 0);
	alloc_trap(spte_make_table(format, (pfn_t){ 0 }).v);
	leaf = spte_make(format, pte_make(frame_pfn(trap), PTE_RW));
	leaf.v |= SPTE_LEAF;
	sptep = spte_at(TABLE_ENTRIES, 2);
	frame_put(pfn_frame(spte_pfn(*sptep)));
	*sptep = leaf;
	*spte_at(GIB_GFN, 3) = leaf;
}

static void check_spte_visits(u64 start, u64 end, int lowest,
			      const struct visit *visits, u32 count)
{
	u32 i = 0;

	for_each_spte_min_level(it, &vm, (gfn_t){ start }, (gfn_t){ end },
				lowest) {
		assert_true(i < count);
		assert_int_equal(it.gfn.n, visits[i].page);
		assert_int_equal(it.level, visits[i].level);
		i++;
	}
	assert_int_equal(i, count);
}

static void add_below_large(void *arg)
{
	(void)arg;
	(void)!ept_walk_alloc(&vm, (gfn_t){ TABLE_ENTRIES + 7 });
}

/* No part of a large leaf is changed as if it were the whole (O9). */
static void change_part(void *arg)
{
	struct ept_flush flush = { 0 };

	(void)arg;
	spin_lock(&vm.lock);
	ept_change_range(&vm, pages(TABLE_ENTRIES + 7, 1), spte_change_zap,
			 pte_none(), &flush);
}

static void walk_leaves(const struct spte_format *format)
{
	static const struct visit small[] = {
		{ 510, 1 }, { 511, 1 }, { TABLE_ENTRIES, 2 },
		{ 2 * TABLE_ENTRIES, 1 }, { 2 * TABLE_ENTRIES + 1, 1 },
	}, inside[] = {
		{ GIB_GFN + 5, 3 },
	}, upper[] = {
		{ 511 * TABLE_ENTRIES, 2 }, { GIB_GFN, 3 },
	};
	u64 before = frame_free_count();
	struct ept_flush flush = { 0 };
	u64 tables;

	make_leaves(format);
	check_spte_visits(510, 2 * TABLE_ENTRIES + 2, 1, small,
			  array_count(small));
	check_spte_visits(GIB_GFN + 5, 3 * GIB_GFN, 1, inside,
			  array_count(inside));
	check_spte_visits(511 * TABLE_ENTRIES, 3 * GIB_GFN, 2, upper,
			  array_count(upper));
	assert_non_null(ept_walk(&vm, (gfn_t){ 511 }));
	assert_null(ept_walk(&vm, (gfn_t){ TABLE_ENTRIES }));
	assert_null(ept_walk(&vm, (gfn_t){ 2 * GIB_GFN - 1 }));
	assert_true(fake_panics(add_below_large, NULL, "level"));
	assert_true(fake_panics(change_part, NULL, "level"));

	/* T13: the tables beside it go, what it maps is none. */
	tables = vm.table_count;
	ept_unlink_tables(&vm, pages(0, 3 * TABLE_ENTRIES), &flush);
	ept_free_unlinked(&vm);
	assert_int_equal(tables - vm.table_count, 2);
	ept_destroy(&vm);
	free_trap();
	assert_int_equal(frame_free_count(), before);
}

static void test_spte_walks(void **state)
{
	(void)state;
	walk_leaves(spte_format(HVM_EPT, false));
	walk_leaves(spte_format(HVM_EPT, true));
	walk_leaves(spte_format(HVM_NPT, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pte_walks),
		TEST(test_spte_walks),
	};

	return RUN(tests);
}
