/*
 * Ranges of the secondary MMU against a flat model: what is mapped, and which
 * tables are there.
 */
#include "test/host/vm.h"

#define MODEL_PAGES	(4 * TABLE_ENTRIES)

/*
 * Two slots for the same memory, past 2^32 frames and near the last one of 48
 * bits, neither of which begins with a table; what of them is mapped, and which
 * of their tables is there.
 */
static const u64 model_gfns[2] = { (1ull << 32) + 5,
				   (1ull << 36) - MODEL_PAGES - 300 };
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

/*
 * A slot of 8 GiB: each of its pages stands for itself, not for that 4 GiB
 * below, when it faults, is copied and is discarded.
 */
#define FAR_PAGES	(1ull << 21)
#define FAR_GFN		((1ull << 32) + (1ull << 20))

static const u64 far_pages[] = {
	1, (1ull << 20) - 1, (1ull << 20) + 1, FAR_PAGES - 1,
};

static gpa_t far_gpa(u32 i)
{
	return gfn_to_gpa((gfn_t){ FAR_GFN + far_pages[i] });
}

static u64 far_read(u32 i)
{
	u64 value;

	fake_cpu(1);
	assert_int_equal(fake_guest_read(&vcpus[0], far_gpa(i), &value), 0);
	fake_guest_leave();
	fake_cpu(0);
	return value;
}

static void far_write(u32 i, u64 value)
{
	fake_cpu(1);
	assert_int_equal(fake_guest_write(&vcpus[0], far_gpa(i), value), 0);
	fake_guest_leave();
	fake_cpu(0);
}

static hva_t far_hva(u64 page)
{
	return page_hva((1ull << 32) + page);
}

static void far_start(const struct policy *policy)
{
	struct hva_range range = { far_hva(0), far_hva(FAR_PAGES) };

	assert_int_equal(mm_mmap(mm, range, VMA_WRITE), 0);
	assert_int_equal(ept_init(&vm, mm, policy, spte_format(HVM_EPT, true)),
			 0);
	assert_int_equal(ept_add_slot(&vm, (struct memslot){
			 { FAR_GFN }, FAR_PAGES, far_hva(0) }), 0);
	ept_add_vcpu(&vm, &vcpus[0]);
	fake_guest_fault = vm_fault;
	fake_log_off();
}

static void test_far(void **state)
{
	const u32 count = array_count(far_pages);
	struct mm *child;
	u32 i, j;

	far_start(*state);
	for (i = 0; i < count; i++)
		far_write(i, 10 + i);
	child = mm_fork(mm);
	assert_non_null(child);
	for (i = 0; i < count; i++) {
		assert_int_equal(fake_write(far_hva(far_pages[i]), 20 + i), 0);
		for (j = 0; j < count; j++)
			assert_int_equal(far_read(j), (j > i ? 10 : 20) + j);
	}
	mm_put(child);
	for (i = 0; i < count; i++) {
		mm_discard(mm, (struct hva_range){ far_hva(far_pages[i]),
				far_hva(far_pages[i] + 1) });
		for (j = 0; j < count; j++)
			assert_int_equal(far_read(j), j > i ? 20 + j : 0);
	}
	fake_cpu(1);
	assert_int_equal(vm_fault((gpa_t){ 1ull << 48 }, HVM_READ), -EINVAL);
	fake_cpu(0);
	ept_destroy(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random_ranges),
		cmocka_unit_test_prestate_setup_teardown(test_far, setup,
				teardown, (void *)policy_find("bracket")),
		cmocka_unit_test_prestate_setup_teardown(test_far, setup,
				teardown, (void *)policy_find("change-pte")),
	};

	return RUN(tests);
}
