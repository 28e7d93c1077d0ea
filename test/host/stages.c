/*
 * The scanner's stages, under batch: T4 that is left for later, what ends that,
 * and how many flushes a pass costs.
 */
#include "test/host/vm.h"

#include "mm/habits.h"
#include "mm/ksm.h"
#include "mm/merge.h"

#define N		4
#define SHARED		100	/* outside the VM */
#define VALUE		5

extern struct counter count_flush_skipped_batched;

/* --- T4 waits. Page 0 keeps a writable translation. */

static struct frame *old, *new;		/* of pages 0 and 1 */

static void hold(u64 page, struct frame **frame)
{
	*frame = frame_of(mm, page);
	frame_get(*frame);
}

static void make_t4_wait(const char *policy)
{
	vm_start(policy_find(policy), N);
	fake_log_off();
	guest_write_page(0, VALUE);
	guest_write_page(1, VALUE);
	hold(0, &old);
	hold(1, &new);
	assert_int_equal(merge_wrprotect(mm, page_hva(0), old), 0);
	assert_int_equal(merge_wrprotect(mm, page_hva(1), new), 0);
	guest_inside();
}

static void end_t4(void)
{
	frame_put(old);
	frame_put(new);
	vm_stop();
}

static void nothing(void)
{
}

static void read_it(void)
{
	assert_int_equal(read_page(0), 7);
}

static void host_writes(void)
{
	write_page(0, 9);
}

static void protect(void)
{
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
}

static void discard(void)
{
	mm_discard(mm, pages(0, 1));
}

static void fork_now(void)
{
	struct mm *child = mm_fork(mm);

	assert_non_null(child);
	mm_put(child);
}

static void pass_ends(void)
{
	mmu_notifier_complete(NEED_PASS_END);
}

static void another_flush(void)
{
	struct frame *frame;

	guest_write_page(3, 1);
	hold(3, &frame);
	assert_int_equal(mm_migrate(frame), 0);
	frame_put(frame);
}

static void compare(void)
{
	assert_int_equal(merge_page_in_pass(mm, page_hva(0), old, new),
			 -EAGAIN);
}

static void t4_allocation_fails(void)
{
	gpa_t gpa = page_gpa(2);

	frame_fail_at(1);
	assert_int_equal(ept_fault(&vm, gpa, HVM_WRITE), EPT_FAULT_ERROR);
}

static void test_t4_waits(void **state)
{
	static const struct {
		const char *name;
		void (*happen)(void);
		u32 requests;		/* all of it, its own included */
		bool waits;		/* still */
		u64 value;		/* that the guest reads then */
	} rows[] = {
		{ "nothing", nothing, 0, true, 7 },
		{ "reading", read_it, 0, true, 7 },
		/* No frame is kept: nothing to gain. */
		{ "no memory", t4_allocation_fails, 0, true, 7 },
		{ "compare", compare, 1, false, 7 },
		/* The flush, then the copy, then T1's own. */
		{ "T1", host_writes, 2, false, 9 },
		{ "R3, fork", fork_now, 1, false, 7 },
		{ "R3, protect", protect, 1, false, 7 },
		{ "T7", discard, 1, false, 0 },
		{ "the pass ends", pass_ends, 1, false, 7 },
		{ "another flush", another_flush, 1, false, 7 },
	};
	struct vm_counts before;
	u32 i;

	for (i = 0; i < array_count(rows); i++) {
		assert_int_equal(setup(state), 0);
		make_t4_wait("batch");
		assert_true(vm.pending.rights);
		/* Without a fault, and in the same frame. */
		before = vm_counts();
		guest_write_page(0, 7);
		assert_int_equal(vm_counts_since(before).faults, 0);
		assert_int_equal(*(u64 *)frame_ptr(old), 7);
		guest_inside();
		before = vm_counts();
		rows[i].happen();
		assert_int_equal(vm_counts_since(before).requests,
				 rows[i].requests);
		assert_int_equal(vm.pending.events > 0, rows[i].waits);
		assert_int_equal(guest_read_page(0), rows[i].value);
		end_t4();
		assert_int_equal(teardown(state), 0);
	}
}

/* Under defer T4 does not wait. */
static void test_t4_at_once(void **state)
{
	struct vm_counts before = vm_counts();

	(void)state;
	make_t4_wait("defer");
	assert_int_equal(vm_counts_since(before).requests, 2);
	assert_int_equal(vm.pending.events, 0);
	end_t4();
}

/* --- The scanner's stages. */

#define MANY	2500		/* two full stages and a part */

static void fill(u64 first, u64 count)
{
	u64 page;

	for (page = first; page < first + count; page++)
		guest_write_page(page - first, VALUE);
}

static void scan_pass(void)
{
	ksm_begin_pass();
	while (ksm_scan_next())
		;
}

static void test_stages(void **state)
{
	struct hva_range range = pages(AREA_PAGES, MANY);
	struct memslot slot = { { DATA_GFN }, MANY, range.start };
	u64 skipped = counter_sum(&count_flush_skipped_batched);
	struct vm_counts before;

	(void)state;
	fake_log_off();
	assert_int_equal(mm_mmap(mm, range, VMA_WRITE | VMA_MERGEABLE), 0);
	assert_int_equal(ept_init(&vm, mm, policy_find("batch"),
				  spte_format(HVM_EPT, true)), 0);
	assert_int_equal(ept_add_slot(&vm, slot), 0);
	ept_add_vcpu(&vm, &vcpus[0]);
	fake_guest_fault = vm_fault;
	fill(AREA_PAGES, MANY);
	assert_int_equal(ksm_add(mm, range), 0);
	scan_pass();
	before = vm_counts();
	scan_pass();
	/* One T4 flush a stage, which serves the T3a before, and the end's. */
	assert_int_equal(vm_counts_since(before).requests, 3 + 1);
	assert_int_equal(counter_sum(&count_flush_skipped_batched) - skipped,
			 2 * MANY - 1 - 4);
	assert_int_equal(rmap_mapcount(frame_of(mm, AREA_PAGES)), MANY);
	ksm_exit();
	ept_destroy(&vm);
}

/* A frame in the stable tree is never in a quarantine: N3 sees the tree's
 * reference. */
static void test_stable_old(void **state)
{
	struct vm_counts before;

	(void)state;
	vm_start(policy_find("defer"), N);
	fake_log_off();
	fill(0, 2);
	assert_int_equal(ksm_add(mm, pages(0, 2)), 0);
	scan_pass();
	scan_pass();
	ept_complete(&vm);
	write_page(SHARED, VALUE);
	before = vm_counts();
	hold(0, &old);
	hold(SHARED, &new);
	assert_int_equal(merge_page(mm, page_hva(0), old, new), -EBUSY);
	assert_int_equal(vm_counts_since(before).requests, 0);
	ksm_exit();
	assert_int_equal(merge_wrprotect(mm, page_hva(SHARED), new), 0);
	assert_int_equal(merge_page(mm, page_hva(0), old, new), 0);
	assert_true(vm.pending.events);
	frame_put(old);
	frame_put(new);
	vm_stop();
}

/* A pass that breaks off leaves nothing held. */
static void test_stage_dropped(void **state)
{
	u32 i;

	(void)state;
	vm_start(policy_find("batch"), N);
	fake_log_off();
	fill(0, N);
	assert_int_equal(ksm_add(mm, pages(0, N)), 0);
	scan_pass();
	ksm_begin_pass();
	for (i = 0; i < 3; i++)
		assert_true(ksm_scan_next());
	assert_true(vm.pending.rights);
	assert_int_equal(frame_refcount(frame_of(mm, 2)), 2);
	ksm_begin_pass();
	assert_int_equal(frame_refcount(frame_of(mm, 2)), 1);
	for (i = 0; i < 3; i++)
		assert_true(ksm_scan_next());
	ksm_exit();
	assert_int_equal(frame_refcount(frame_of(mm, 2)), 1);
	vm_stop();
}

/* A pin between T4 and the comparison stops that one page (O17). */
static void test_pinned_in_stage(void **state)
{
	struct frame *pinned;
	u32 i;

	(void)state;
	vm_start(policy_find("batch"), N);
	fake_log_off();
	fill(0, N);
	assert_int_equal(ksm_add(mm, pages(0, N)), 0);
	scan_pass();
	ksm_begin_pass();
	for (i = 0; i < N; i++)
		assert_true(ksm_scan_next());
	pinned = frame_of(mm, 2);
	frame_get(pinned);
	while (ksm_scan_next())
		;
	assert_ptr_equal(frame_of(mm, 2), pinned);
	assert_ptr_equal(frame_of(mm, 1), frame_of(mm, 0));
	assert_ptr_equal(frame_of(mm, 3), frame_of(mm, 0));
	frame_put(pinned);
	scan_pass();
	assert_ptr_equal(frame_of(mm, 2), frame_of(mm, 0));
	ksm_exit();
	vm_stop();
}

/* What is in the stage counts as sharing already. */
static void test_limit_in_stage(void **state)
{
	const struct sharing four = { .passes = 2, .limit = 4 };
	struct habits own = habits_right;
	u64 page;

	(void)state;
	own.sharing = &four;
	mm->habits = &own;
	vm_start(policy_find("batch"), 16);
	fake_log_off();
	for (page = 0; page < 16; page++)
		write_page(page, VALUE);
	assert_int_equal(ksm_add(mm, pages(0, 16)), 0);
	for (page = 0; page < 2; page++) {
		ksm_begin_pass();
		while (ksm_scan_next())
			;
	}
	for (page = 0; page < 16; page++)
		assert_int_equal(rmap_mapcount(frame_of(mm, page)), 4);
	ksm_exit();
	vm_stop();
	mm->habits = &habits_right;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t4_waits),
		TEST(test_t4_at_once),
		TEST(test_stages),
		TEST(test_stable_old),
		TEST(test_stage_dropped),
		TEST(test_pinned_in_stage),
		TEST(test_limit_in_stage),
	};

	return RUN(tests);
}
