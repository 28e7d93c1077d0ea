/*
 * Guest faults F1 to F5 with whatever comes between them, aliases, and what a
 * gained right costs.
 */
#include "test/host/vm.h"

#include "mm/merge.h"

static void test_fault_results(void **state)
{
	(void)state;
	assert_int_equal(mm_mmap(mm, pages(2000, 4), 0), 0);
	vm_start(policy_named("change-pte"), 8);
	assert_int_equal(ept_add_slot(&vm, (struct memslot){
			{ 0x400 }, 4, page_hva(2000) }), 0);
	assert_int_equal(ept_add_slot(&vm, (struct memslot){
			{ 0x800 }, 4, page_hva(5000) }), 0);

	assert_int_equal(ept_fault(&vm, (gpa_t){ 0 }, HVM_READ),
			 EPT_FAULT_MMIO);
	assert_int_equal(ept_fault(&vm, page_gpa(8), HVM_READ),
			 EPT_FAULT_MMIO);
	assert_int_equal(ept_fault(&vm, page_gpa(0), HVM_READ),
			 EPT_FAULT_FIXED);
	assert_int_equal(ept_fault(&vm, page_gpa(0), HVM_READ),
			 EPT_FAULT_SPURIOUS);
	/* The host's area is read-only; or there is none. */
	assert_int_equal(ept_fault(&vm, (gpa_t){ 0x400000 }, HVM_READ),
			 EPT_FAULT_FIXED);
	assert_int_equal(ept_fault(&vm, (gpa_t){ 0x400000 }, HVM_WRITE),
			 EPT_FAULT_ERROR);
	assert_int_equal(ept_fault(&vm, (gpa_t){ 0x800000 }, HVM_READ),
			 EPT_FAULT_ERROR);
	frame_fail_at(1);
	assert_int_equal(ept_fault(&vm, page_gpa(1), HVM_WRITE),
			 EPT_FAULT_ERROR);
	vm_stop();
}

static void test_fault_steps(void **state)
{
	(void)state;
	vm_start(policy_named("change-pte"), 8);
	assert_int_equal(ept_fault(&vm, page_gpa(0), HVM_WRITE),
			 EPT_FAULT_FIXED);
	assert_log("F1 F2 F3 F4 F5");
	assert_true(spte_writable(vm.format, leaf_of(0)));
	/* F5 leaves no reference behind: the notifier protects it. */
	assert_int_equal(frame_refcount(frame_of(mm, 0)), 1);
	/* The alias is another entry, found by its own fault. */
	assert_false(spte_present(vm.format, alias_of(0)));
	vm_stop();
}

/* S gets P's rights at once, not only those of the access. */
static void test_fault_rights(void **state)
{
	(void)state;
	vm_start(policy_named("change-pte"), 8);
	write_page(0, 5);
	assert_int_equal(guest_read_page(0), 5);
	assert_true(spte_writable(vm.format, leaf_of(0)));
	assert_int_equal(guest_read_page(1), 0);	/* the zero frame */
	assert_false(spte_writable(vm.format, leaf_of(1)));
	vm_stop();
}

/*
 * Between F1 and F3 CPU 0 changes the page, completely: the fault must be
 * refused at F4, or never have seen the old frame.
 */
static enum step change_at;
static void (*change)(void);
static bool changed;

static void change_in_gap(enum step step, u64 subject)
{
	u32 self;

	(void)subject;
	if (step != change_at || changed)
		return;
	changed = true;
	self = fake_cpu(0);
	change();
	fake_cpu(self);
}

static void change_copy(void)
{
	write_page(0, 77);
}

static void change_discard(void)
{
	mm_discard(mm, pages(0, 1));
}

static void change_fork(void)
{
	struct mm *child = mm_fork(mm);

	assert_non_null(child);
	mm_put(child);
}

static void change_protect(void)
{
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
}

static void fault_with_change(const char *policy, enum step at,
			      void (*what)(void), bool retries)
{
	struct vm_counts before;
	struct mm *child;
	u64 expected;

	vm_start(policy_named(policy), 8);
	write_page(0, 5);
	child = mm_fork(mm);		/* P is read-only and shared */
	assert_non_null(child);
	before = vm_counts();
	change = what;
	change_at = at;
	changed = false;
	fake_on_step = change_in_gap;
	fake_guest_faults = 0;
	expected = what == change_copy ? 77 : what == change_discard ? 0 : 5;
	assert_int_equal(guest_read_page(0), expected);
	fake_on_step = NULL;
	assert_true(changed);
	assert_int_equal(vm_counts_since(before).retries, retries);
	assert_int_equal(fake_guest_faults, 1 + retries);
	vm_check();
	vm_stop();
	mm_put(child);
}

static void test_change_between(void **state)
{
	static const struct {
		void (*change)(void);
		const char *name;
	} kinds[] = {
		{ change_copy, "copy" }, { change_discard, "discard" },
		{ change_fork, "fork" }, { change_protect, "protect" },
	};
	u32 i, p;

	for (p = 0; p < policy_count; p++)
		for (i = 0; i < array_count(kinds); i++) {
			assert_int_equal(setup(state), 0);
			fault_with_change(policies[p].name, STEP_F1,
					  kinds[i].change, true);
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
			fault_with_change(policies[p].name, STEP_F2,
					  kinds[i].change, true);
			assert_int_equal(teardown(state), 0);
		}
}

/* A change that is complete before F1 does not make the fault retry. */
static void test_change_before(void **state)
{
	(void)state;
	vm_start(policy_named("change-pte"), 8);
	write_page(0, 5);
	change_fork();
	change_copy();
	fake_guest_faults = 0;
	assert_int_equal(guest_read_page(0), 77);
	assert_int_equal(fake_guest_faults, 1);
	vm_stop();
}

/*
 * F4 and the bracket: while an invalidation of the page runs nothing is
 * installed; one of another page does not matter until it ends.
 */
static enum ept_fault_result result_in_bracket, result_beside;

static void test_inprog(void **state)
{
	struct hva_range inner = pages(1, 1), outer = pages(0, 3);
	const struct mmu_notifier_ops *ops;

	(void)state;
	vm_start(policy_named("bracket"), 8);
	write_page(1, 5);
	write_page(3, 6);
	ops = vm.notifier.ops;
	ops->start(&vm.notifier, outer, INVALIDATE_UNMAP);
	result_in_bracket = ept_fault(&vm, page_gpa(1), HVM_READ);
	result_beside = ept_fault(&vm, page_gpa(3), HVM_READ);
	assert_int_equal(result_in_bracket, EPT_FAULT_RETRY);
	assert_int_equal(result_beside, EPT_FAULT_FIXED);
	/* A second one inside of the first ends first. */
	ops->start(&vm.notifier, inner, INVALIDATE_UNMAP);
	ops->end(&vm.notifier, inner, INVALIDATE_UNMAP);
	assert_int_equal(ept_fault(&vm, page_gpa(1), HVM_READ),
			 EPT_FAULT_RETRY);
	ops->end(&vm.notifier, outer, INVALIDATE_UNMAP);
	assert_int_equal(ept_fault(&vm, page_gpa(1), HVM_READ),
			 EPT_FAULT_FIXED);

	/* Protect events are of that kind too. */
	ops->protect_start(&vm.notifier, pages(5, 2));
	assert_int_equal(ept_fault(&vm, page_gpa(5), HVM_WRITE),
			 EPT_FAULT_RETRY);
	assert_int_equal(ept_fault(&vm, page_gpa(7), HVM_WRITE),
			 EPT_FAULT_FIXED);
	ops->protect_end(&vm.notifier, pages(5, 2));
	assert_int_equal(ept_fault(&vm, page_gpa(5), HVM_WRITE),
			 EPT_FAULT_FIXED);
	vm_stop();
}

/* Several invalidations at once: everything between them is refused too. */
static void test_inprog_widens(void **state)
{
	static const struct {
		u64 page;
		enum ept_fault_result result;
	} rows[] = {
		{ 0, EPT_FAULT_FIXED }, { 1, EPT_FAULT_RETRY },
		{ 2, EPT_FAULT_RETRY }, { 3, EPT_FAULT_RETRY },
		{ 4, EPT_FAULT_RETRY }, { 5, EPT_FAULT_RETRY },
		{ 6, EPT_FAULT_FIXED },
	};
	const struct mmu_notifier_ops *ops = &ept_notifier_ops;
	u32 i;

	(void)state;
	vm_start(policy_named("bracket"), 8);
	ops->start(&vm.notifier, pages(3, 1), INVALIDATE_UNMAP);
	ops->start(&vm.notifier, pages(1, 1), INVALIDATE_UNMAP);
	ops->start(&vm.notifier, pages(5, 1), INVALIDATE_MIGRATE);
	for (i = 0; i < array_count(rows); i++)
		assert_int_equal(ept_fault(&vm, page_gpa(rows[i].page),
					   HVM_READ), rows[i].result);
	ops->end(&vm.notifier, pages(3, 1), INVALIDATE_UNMAP);
	ops->end(&vm.notifier, pages(1, 1), INVALIDATE_UNMAP);
	ops->end(&vm.notifier, pages(5, 1), INVALIDATE_MIGRATE);
	/* The next one begins with its own range. */
	ops->start(&vm.notifier, pages(7, 1), INVALIDATE_UNMAP);
	assert_int_equal(ept_fault(&vm, page_gpa(3), HVM_READ),
			 EPT_FAULT_FIXED);
	ops->end(&vm.notifier, pages(7, 1), INVALIDATE_UNMAP);
	vm_stop();
}

/* T2 adds W to an S that maps that very frame, and to no other. */
static void test_upgrade_of_other_frame(void **state)
{
	struct frame *other = frame_alloc();
	pte_t pte = pte_make(frame_pfn(other), PTE_RW);
	spte_t before;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	assert_int_equal(guest_read_page(0), 0);	/* the zero frame */
	before = leaf_of(0);
	assert_false(spte_writable(vm.format, before));
	ept_notifier_ops.upgrade(&vm.notifier, page_hva(0), pte);
	ept_notifier_ops.upgrade_done(&vm.notifier, pages(0, 1));
	assert_int_equal(leaf_of(0).v, before.v);
	vm_stop();
	frame_put(other);
}

/* O8: change_pte creates nothing in a range that another one has zapped. */
static void test_no_creation(void **state)
{
	struct hva_range all = pages(0, 8);
	const struct mmu_notifier_ops *ops;
	struct mm *child;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	write_page(0, 5);
	assert_int_equal(guest_read_page(0), 5);
	child = mm_fork(mm);
	ops = vm.notifier.ops;
	ops->start(&vm.notifier, all, INVALIDATE_UNMAP);
	write_page(0, 6);		/* T1 with its change_pte */
	assert_false(spte_present(vm.format, leaf_of(0)));
	ops->end(&vm.notifier, all, INVALIDATE_UNMAP);
	assert_int_equal(guest_read_page(0), 6);
	vm_stop();
	mm_put(child);
}

/* O16: both gfns of the page follow, with one flush. */
static void test_alias(void **state)
{
	gpa_t alias = gfn_to_gpa((gfn_t){ ALIAS_GFN });
	struct vm_counts before;
	struct mm *child;
	u64 value;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	write_page(0, 5);
	child = mm_fork(mm);
	assert_int_equal(guest_read_page(0), 5);
	fake_cpu(1);
	assert_int_equal(fake_guest_read(&vcpus[0], alias, &value), 0);
	fake_guest_leave();
	fake_cpu(0);
	before = vm_counts();
	write_page(0, 6);
	assert_int_equal(vm_counts_since(before).requests, 1);
	assert_int_equal(leaf_of(0).v & SPTE_ADDR, alias_of(0).v & SPTE_ADDR);
	assert_int_equal(guest_read_page(0), 6);
	fake_cpu(1);
	assert_int_equal(fake_guest_read(&vcpus[0], alias, &value), 0);
	fake_guest_leave();
	fake_cpu(0);
	assert_int_equal(value, 6);
	assert_int_equal(vm_counts_since(before).faults, 0);
	vm_stop();
	mm_put(child);
}

/* A T2 that changed no S flushes nothing, also after one that did. */
static void test_upgrade_flushes_once(void **state)
{
	struct vm_counts before;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	write_page(0, 5);
	write_page(1, 6);
	change_fork();
	assert_int_equal(guest_read_page(0), 5);
	before = vm_counts();
	write_page(0, 7);
	assert_int_equal(vm_counts_since(before).requests, 1);
	assert_true(spte_writable(vm.format, leaf_of(0)));
	assert_false(spte_present(vm.format, leaf_of(1)));
	write_page(1, 8);
	assert_int_equal(vm_counts_since(before).requests, 1);
	vm_stop();
}

/* One page gains W in S, the one after it has no S: the flush is still owed. */
static void test_upgrade_of_range_flushes(void **state)
{
	struct vm_counts before;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	write_page(0, 5);
	write_page(1, 6);
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
	assert_int_equal(guest_read_page(0), 5);
	before = vm_counts();
	assert_int_equal(mm_protect_rw(mm, pages(0, AREA_PAGES)), 0);
	assert_int_equal(vm_counts_since(before).requests, 1);
	assert_true(spte_writable(vm.format, leaf_of(0)));
	assert_false(spte_present(vm.format, leaf_of(1)));
	vm_stop();
}

/*
 * One leaf loses W, and its alias, which comes after it, has none to lose: what
 * the first one owes is not forgotten.
 */
static void test_alias_owes_nothing(void **state)
{
	gpa_t alias = gfn_to_gpa((gfn_t){ ALIAS_GFN });
	struct vm_counts before;
	struct frame *frame;
	u64 value;

	(void)state;
	vm_start(policy_named("change-2009"), 8);
	guest_write_page(0, 5);
	change_fork();
	assert_int_equal(guest_read_page(0), 5);
	fake_cpu(1);
	assert_int_equal(fake_guest_read(&vcpus[0], alias, &value), 0);
	fake_guest_leave();
	fake_cpu(0);
	guest_write_page(0, 6);		/* a silent T2: the alias stays RO */
	assert_true(spte_writable(vm.format, leaf_of(0)));
	assert_true(spte_present(vm.format, alias_of(0)));
	assert_false(spte_writable(vm.format, alias_of(0)));

	frame = frame_of(mm, 0);
	frame_get(frame);
	before = vm_counts();
	assert_int_equal(merge_wrprotect(mm, page_hva(0), frame), 0);
	assert_int_equal(vm_counts_since(before).requests, 1);
	frame_put(frame);
	vm_stop();
}

/* vCPU n on CPU n + 1; on CPU 0 the host. */
static void start_two(const char *policy)
{
	fake_reset(3);
	mm_switch(mm);
	vm_start(policy_named(policy), 8);
	ept_add_vcpu(&vm, &vcpus[1]);
}

static void enter_both(void)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		u32 self = fake_cpu(i + 1);

		fake_guest_enter(&vcpus[i]);
		fake_cpu(self);
	}
}

/* The faulting vCPU drops what it cached; the other one may fault in vain. */
static void test_spurious_max_of_fault(void **state)
{
	u64 before;

	(void)state;
	start_two("bracket");
	write_page(0, 5);
	change_fork();
	assert_int_equal(guest_read_page(0), 5);
	before = counter_sum(&count_pf_spurious_max);
	guest_write_page(0, 6);
	assert_int_equal(counter_sum(&count_pf_spurious_max) - before, 1);
	vm_stop();
}

/* vCPU 0 is back, flushed, before the one who kicked it gives W. */
static void first_comes_back(enum ipi ipi)
{
	(void)ipi;
	fake_guest_leave();
	if (cpu_id() == 1)
		fake_guest_enter(&vcpus[0]);
}

/* N4: who has yet to flush caches nothing that outlives the gain. */
static void test_spurious_max_of_change(void **state)
{
	static const struct {
		void (*on_interrupt)(enum ipi ipi);
		u64 max;
	} rows[] = {
		{ NULL,			0 },	/* both leave and stay out */
		{ first_comes_back,	1 },
	};
	struct mm *child;
	u64 before;
	u32 i;

	(void)state;
	start_two("change-pte");
	for (i = 0; i < array_count(rows); i++) {
		write_page(i, 5);
		child = mm_fork(mm);
		assert_int_equal(guest_read_page(i), 5);
		enter_both();
		fake_on_interrupt = rows[i].on_interrupt;
		before = counter_sum(&count_pf_spurious_max);
		write_page(i, 6);
		fake_on_interrupt = NULL;
		assert_int_equal(counter_sum(&count_pf_spurious_max) - before,
				 rows[i].max);
		assert_true(spte_writable(vm.format, leaf_of(i)));
		mm_put(child);
	}
	vm_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fault_results),
		TEST(test_fault_steps),
		TEST(test_fault_rights),
		cmocka_unit_test(test_change_between),
		TEST(test_change_before),
		TEST(test_inprog),
		TEST(test_inprog_widens),
		TEST(test_upgrade_of_other_frame),
		TEST(test_no_creation),
		TEST(test_alias),
		TEST(test_upgrade_flushes_once),
		TEST(test_upgrade_of_range_flushes),
		TEST(test_alias_owes_nothing),
		TEST(test_spurious_max_of_fault),
		TEST(test_spurious_max_of_change),
	};

	return RUN(tests);
}
