/*
 * Ranges of the secondary MMU against a flat model: what is mapped, and which
 * tables are there.
 */
#include "test/host/vm.h"

#define MODEL_PAGES	(4 * TABLE_ENTRIES)

/*
 * Two slots for the same memory, neither of which begins with a table; what of
 * them is mapped, and which of their tables is there.
 */
static const u64 model_gfns[2] = { (1ull << 27) + 5, (1ull << 28) + 300 };
static bool mapped[2][MODEL_PAGES];
static bool has_table[2][MODEL_PAGES / TABLE_ENTRIES + 2];

static u64 random_state = 8;

static u64 random_below(u64 n)
{
	random_state = random_state * 6364136223846793005ull + 1;
	return (random_state >> 33) % n;
}

static u64 table_number(u32 slot, u64 page)
{
	return (model_gfns[slot] % TABLE_ENTRIES + page) / TABLE_ENTRIES;
}

static void map_some(struct ept_flush *flush)
{
	spte_t leaf = spte_make(vm.format,
				pte_make(frame_pfn(zero_frame), PTE_RO));
	u32 i;

	for (i = 0; i < 40; i++) {
		u32 slot = random_below(2);
		u64 page = random_below(MODEL_PAGES);
		gfn_t gfn = { model_gfns[slot] + page };
		spte_t *sptep = ept_walk_alloc(&vm, gfn);

		assert_non_null(sptep);
		ept_set(&vm, gfn, sptep, leaf, flush);
		mapped[slot][page] = true;
		has_table[slot][table_number(slot, page)] = true;
	}
}

static void model_zap(u64 first, u64 count)
{
	u32 slot;
	u64 i;

	for (slot = 0; slot < 2; slot++)
		for (i = 0; i < count; i++)
			mapped[slot][first + i] = false;
}

/* Tables that stand for nothing but pages of the range. */
static void model_unlink(u64 first, u64 count)
{
	u32 slot;
	u64 t, i;

	for (slot = 0; slot < 2; slot++)
		for (t = 0; t < array_count(has_table[slot]); t++) {
			u64 inside = 0;

			for (i = first; i < first + count; i++)
				inside += table_number(slot, i) == t;
			if (inside == TABLE_ENTRIES)
				has_table[slot][t] = false;
		}
}

static void compare_with_model(void)
{
	u64 page, tables = 0;
	u32 slot, t;

	for (slot = 0; slot < 2; slot++) {
		for (page = 0; page < MODEL_PAGES; page++) {
			spte_t *sptep = ept_walk(&vm, (gfn_t){
						 model_gfns[slot] + page });

			assert_int_equal(sptep != NULL, has_table[slot]
					 [table_number(slot, page)]);
			assert_int_equal(sptep &&
					 spte_present(vm.format, *sptep),
					 mapped[slot][page]);
		}
		for (t = 0; t < array_count(has_table[slot]); t++)
			tables += has_table[slot][t];
	}
	/* Besides the root, two levels for each slot. */
	assert_int_equal(vm.table_count, 1 + 2 * 2 + tables);
}

static void test_random_ranges(void **state)
{
	struct ept_flush flush = { 0 };
	u32 i, slot;

	(void)state;
	assert_int_equal(ept_init(&vm, mm, policy_find("bracket"),
				  spte_format(HVM_EPT, true)), 0);
	for (slot = 0; slot < 2; slot++) {
		assert_int_equal(ept_add_slot(&vm, (struct memslot){
				 { model_gfns[slot] }, MODEL_PAGES,
				 page_hva(2000) }), 0);
		for (i = 0; i <= table_number(slot, MODEL_PAGES - 1); i++)
			has_table[slot][i] = true;
	}
	spin_lock(&vm.lock);
	for (i = 0; i < 300; i++) {
		u64 first = random_below(MODEL_PAGES);
		u64 count = random_below(MODEL_PAGES - first + 1);
		struct hva_range range = pages(2000 + first, count);

		map_some(&flush);
		ept_change_range(&vm, range, spte_change_zap, pte_none(),
				 &flush);
		model_zap(first, count);
		if (i % 3 == 0) {
			ept_unlink_tables(&vm, range, &flush);
			ept_free_unlinked(&vm);
			model_unlink(first, count);
		}
		compare_with_model();
	}
	spin_unlock(&vm.lock);
	ept_destroy(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random_ranges),
	};

	return RUN(tests);
}
