/*
 * The secondary MMU: memslots, tables that come and go, roots.
 */
#include "test/host/vm.h"

static void test_tables(void **state)
{
	struct memslot far = { { 1ull << 27 }, 3 * TABLE_ENTRIES + 1,
			       page_hva(0) };
	u64 before, gfn;

	(void)state;
	vm_start(policy_named("bracket"), 8);
	/* Root; two levels shared; a table of leaves for slot and alias. */
	assert_int_equal(vm.table_count, 1 + 2 + 2);
	assert_null(ept_walk(&vm, (gfn_t){ 1ull << 27 }));
	before = frame_free_count();
	assert_int_equal(ept_add_slot(&vm, far), 0);
	/* Another entry in the root: 2 upper tables, 4 of leaves. */
	assert_int_equal(before - frame_free_count(), 6);
	for (gfn = far.gfn.n; gfn < far.gfn.n + far.page_count; gfn++) {
		spte_t *sptep = ept_walk(&vm, (gfn_t){ gfn });

		assert_non_null(sptep);
		assert_int_equal(((uintptr_t)sptep & ~PAGE_MASK) / 8,
				 gfn % TABLE_ENTRIES);
		assert_int_equal(sptep->v, 0);
	}
	assert_null(ept_walk(&vm, (gfn_t){ far.gfn.n + 4 * TABLE_ENTRIES }));
	vm_stop();
}

/*
 * A gfn of 37 bits has the tables of the one of 36: a slot with one is refused,
 * and so is any other that is wrong, before tables are made for it.
 */
static void test_refused_slots(void **state)
{
	static const struct memslot slots[] = {
		{ { 1ull << 36 }, 1, { HVA_START } },
		{ { (1ull << 36) - 1 }, 2, { HVA_START } },
		{ { (1ull << 36) + DATA_GFN + 8 }, 1, { HVA_START } },
		{ { 1ull << 40 }, 1, { HVA_START } },
		{ { 0 }, 1ull << 52, { HVA_START } },
		{ { ~0ull }, 2, { HVA_START } },
		{ { DATA_GFN - TABLE_ENTRIES }, TABLE_ENTRIES + 1,
		  { HVA_START } },
	};
	u64 tables;
	u32 i;

	(void)state;
	vm_start(policy_named("bracket"), 8);
	tables = vm.table_count;
	for (i = 0; i < array_count(slots); i++) {
		assert_int_equal(ept_add_slot(&vm, slots[i]), -EINVAL);
		assert_int_equal(vm.table_count, tables);
	}
	assert_int_equal(vm.slots.count, 2);
	assert_int_equal(ept_add_slot(&vm, (struct memslot){
			{ (1ull << 36) - 1 }, 1, page_hva(0) }), 0);
	assert_int_equal(vm_fault(gfn_to_gpa((gfn_t){ 1ull << 36 }), HVM_READ),
			 -EINVAL);
	vm_stop();
}

static int init_and_add(void *arg)
{
	struct memslot slot = { { DATA_GFN }, 8, page_hva(0) };
	int err = ept_init(&vm, mm, policy_named("bracket"),
			   spte_format(HVM_EPT, true));

	(void)arg;
	if (err)
		return err;
	err = ept_add_slot(&vm, slot);
	ept_destroy(&vm);
	return err;
}

static void test_no_memory(void **state)
{
	(void)state;
	assert_int_equal(fail_each_allocation(init_and_add, NULL, NULL), 4);
	assert_int_equal(mm->users, 1);
	assert_null(mm->notifiers);
}

/* O13: a root that was another VM's is flushed before the first entry. */
static void test_root_reuse(void **state)
{
	hpa_t root;
	u32 i;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	guest_write_page(0, 5);
	root = vcpus[0].root;
	vm_stop();
	for (i = 0; i < 100; i++) {
		vm_start(policy_named("change-pte"), 8);
		if (vcpus[0].root.v == root.v)
			break;
		vm_stop();
	}
	assert_int_equal(vcpus[0].root.v, root.v);
	mm_discard(mm, pages(0, 1));
	assert_int_equal(guest_read_page(0), 0);
	vm_stop();
}

/* T13: a table goes with all that it maps, behind the flush; and comes back. */
static void test_tables_go(void **state)
{
	u64 tables;

	(void)state;
	vm_start(policy_named("change-pte"), TABLE_ENTRIES + 8);
	tables = vm.table_count;
	guest_write_page(3, 7);
	guest_write_page(TABLE_ENTRIES + 1, 8);
	guest_inside();
	fake_log_steps(FAKE_STEP(I1) | FAKE_STEP(REQUEST) | FAKE_STEP(FREE));
	mm_discard(mm, pages(0, TABLE_ENTRIES + 8));
	/* Two tables of the slot's first part and its alias; one flush. */
	assert_int_equal(vm.table_count, tables - 2);
	assert_true(log_begins("REQUEST kick1 FREE FREE I1"));
	assert_int_equal(guest_read_page(3), 0);
	assert_int_equal(guest_read_page(TABLE_ENTRIES + 1), 0);
	assert_int_equal(vm.table_count, tables - 1);
	vm_stop();
}

/* Nothing in it is present any more; a CPU may walk it all the same. */
static void test_empty_table_goes(void **state)
{
	(void)state;
	vm_start(policy_named("change-pte"), TABLE_ENTRIES);
	guest_write_page(3, 7);
	mm_discard(mm, pages(3, 1));
	guest_inside();
	fake_log_steps(FAKE_STEP(I1) | FAKE_STEP(REQUEST) | FAKE_STEP(FREE));
	mm_discard(mm, pages(0, TABLE_ENTRIES));
	assert_true(log_begins("REQUEST kick1 FREE FREE I1"));
	vm_stop();
}

/* It maps something else too, at either end. */
static void test_shared_table_stays(void **state)
{
	u64 tables;

	(void)state;
	vm_start(policy_named("change-pte"), TABLE_ENTRIES);
	tables = vm.table_count;
	guest_write_page(3, 7);
	mm_discard(mm, pages(4, TABLE_ENTRIES - 4));
	assert_true(spte_present(vm.format, leaf_of(3)));
	mm_discard(mm, pages(0, TABLE_ENTRIES - 1));
	assert_int_equal(vm.table_count, tables);
	vm_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tables),
		TEST(test_refused_slots),
		TEST(test_no_memory),
		TEST(test_tables_go),
		TEST(test_empty_table_goes),
		TEST(test_shared_table_stays),
		TEST(test_root_reuse),
	};

	return RUN(tests);
}
