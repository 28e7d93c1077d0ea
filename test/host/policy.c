/*
 * Each policy's row, by what it costs: docs/expected-counts.md, with a guest
 * that runs while the host works, for 8 pages. The guest reads what the host
 * wrote under each of them, through a TLB that only a flush empties.
 */
#include "test/host/vm.h"

#include "lab/mutant/mutant.h"
#include "lib/rule.h"
#include "mm/ksm.h"

#define N	8

static struct mm *child;
static u64 generation;

/* --- What happens, one function a phase. */

static void guest_write(void)
{
	u64 page;

	generation++;
	for (page = 0; page < N; page++)
		guest_write_page(page, generation * 100 + page);
}

static void guest_read(void)
{
	u64 page;

	for (page = 0; page < N; page++)
		assert_int_equal(guest_read_page(page),
				 generation ? generation * 100 + page : 0);
}

static void host_write(void)
{
	u64 page;

	generation++;
	for (page = 0; page < N; page++) {
		guest_inside();
		write_page(page, generation * 100 + page);
	}
}

static void fork_child(void)
{
	guest_inside();
	child = mm_fork(mm);
	assert_non_null(child);
}

static void child_exit(void)
{
	mm_put(child);
	child = NULL;
}

/* Pages are equal from here on; only guest_read_same() knows how to read. */
static void guest_write_same(void)
{
	u64 page;

	for (page = 0; page < N; page++)
		guest_write_page(page, 777);
}

static void guest_read_same(void)
{
	u64 page;

	for (page = 0; page < N; page++)
		assert_int_equal(guest_read_page(page), 777);
}

static void scan(void)
{
	u32 pass;

	assert_int_equal(ksm_add(mm, pages(0, N)), 0);
	for (pass = 0; pass < 2; pass++) {
		ksm_begin_pass();
		guest_inside();
		while (ksm_scan_next())
			guest_inside();
	}
}

static void protect_ro(void)
{
	guest_inside();
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
}

static void protect_rw(void)
{
	guest_inside();
	assert_int_equal(mm_protect_rw(mm, pages(0, AREA_PAGES)), 0);
}

static void discard(void)
{
	guest_inside();
	mm_discard(mm, pages(0, N));
	generation = 0;
}

static void migrate(void)
{
	u64 page;

	for (page = 0; page < N; page++) {
		struct frame *frame = frame_of(mm, page);

		guest_inside();
		frame_get(frame);
		assert_int_equal(mm_migrate(frame), 0);
		frame_put(frame);
	}
}


/* --- The table. */

#define ROWS	7

static const char *const names[ROWS] = {
	"bracket", "clear-flush-notify", "change-2009", "change-pte",
	"upgrade-noflush", "batch", "defer",
};

struct cost {
	u64 requests, faults;		/* in the phase that is measured */
	u64 faults_after;
	u64 refaults_after;
};

#define SAME(...)	{ { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, \
			  { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, \
			  { __VA_ARGS__ } }

static const struct scenario {
	const char *name;
	void (*before[4])(void);
	void (*measured)(void);
	void (*after)(void);
	struct cost cost[ROWS];
} scenarios[] = {
	{ "control", { guest_write }, guest_read, guest_read,
	  SAME(0, 0, 0, 0) },
	{ "cow-host, fork", { guest_write }, fork_child, guest_read,
	  { { 1, 0, N, N }, { 1, 0, N, N }, { 1, 0, N, N },
	    { 1, 0, 0, 0 }, { 1, 0, 0, 0 },
	    { 1, 0, 0, 0 }, { 1, 0, 0, 0 } } },
	{ "cow-host, host-write", { guest_write, fork_child, guest_read },
	  host_write, guest_read,
	  { { N, 0, N, N }, { N, 0, N, N }, { N, 0, N, N },
	    { N, 0, 0, 0 }, { N, 0, 0, 0 },
	    { N, 0, 0, 0 }, { N, 0, 0, 0 } } },
	{ "cow-guest, guest-write", { guest_write, fork_child, guest_read },
	  guest_write, guest_read,
	  { { N, 2 * N, 0, 0 }, { N, 2 * N, 0, 0 }, { N, 2 * N, 0, 0 },
	    { N, N, 0, 0 }, { N, N, 0, 0 },
	    { N, N, 0, 0 }, { N, N, 0, 0 } } },
	{ "takeover, host-write",
	  { guest_write, fork_child, guest_read, child_exit },
	  host_write, guest_write,
	  { { 0, 0, N, 0 }, { 0, 0, N, 0 }, { 0, 0, N, 0 },
	    { N, 0, 0, 0 },
	    /* Spurious: this TLB shows the bound. */
	    { 0, 0, N, 0 }, { 0, 0, N, 0 }, { 0, 0, N, 0 } } },
	{ "merge", { guest_write_same }, scan, guest_read_same,
	  { { N, 0, N, N }, { N, 0, N, N }, { 2 * N - 1, 0, 0, 0 },
	    { 2 * N - 1, 0, 0, 0 }, { 2 * N - 1, 0, 0, 0 },
	    { 2, 0, 0, 0 }, { N, 0, 0, 0 } } },
	{ "merge-host, host-write", { guest_write_same, scan, guest_read_same },
	  host_write, guest_read,
	  { { N, 0, N, N }, { N, 0, N, N }, { N, 0, N, N },
	    { N, 0, 0, 0 }, { N, 0, 0, 0 },
	    { N, 0, 0, 0 }, { N, 0, 0, 0 } } },
	{ "merge-guest, guest-write",
	  { guest_write_same, scan, guest_read_same }, guest_write, guest_read,
	  { { N, 2 * N, 0, 0 }, { N, 2 * N, 0, 0 }, { N, 2 * N, 0, 0 },
	    { N, N, 0, 0 }, { N, N, 0, 0 },
	    { N, N, 0, 0 }, { N, N, 0, 0 } } },
	{ "zero, host-write", { guest_read }, host_write, guest_read,
	  { { N, 0, N, N }, { N, 0, N, N }, { N, 0, N, N },
	    { N, 0, 0, 0 }, { N, 0, 0, 0 },
	    { N, 0, 0, 0 }, { N, 0, 0, 0 } } },
	{ "protect, protect-ro", { guest_write }, protect_ro, guest_read,
	  { { 1, 0, N, N }, { 1, 0, N, N }, { 1, 0, N, N },
	    { 1, 0, 0, 0 }, { 1, 0, 0, 0 },
	    { 1, 0, 0, 0 }, { 1, 0, 0, 0 } } },
	{ "protect, protect-rw", { guest_write, protect_ro, guest_read },
	  protect_rw, guest_write,
	  { { 1, 0, N, N }, { 1, 0, N, N }, { 1, 0, N, N },
	    { 1, 0, 0, 0 },
	    { 0, 0, N, 0 }, { 0, 0, N, 0 }, { 0, 0, N, 0 } } },
	{ "discard", { guest_write }, discard, guest_read,
	  SAME(1, 0, N, 0) },
	{ "migrate", { guest_write }, migrate, guest_read,
	  SAME(N, 0, N, N) },
};

static bool check(const char *scenario, const char *policy, const char *what,
		  u64 found, u64 expected)
{
	if (found == expected)
		return true;
	print_error("%s under %s: %llu %s, %llu expected\n", scenario, policy,
		    (unsigned long long)found, what,
		    (unsigned long long)expected);
	return false;
}

static bool run(const struct scenario *s, u32 row)
{
	const struct policy *policy = policy_find(names[row]);
	struct vm_counts before, measured, after;
	u32 i;
	bool ok;

	assert_non_null(policy);
	child = NULL;
	generation = 0;
	vm_start(policy, N);
	for (i = 0; i < array_count(s->before) && s->before[i]; i++)
		s->before[i]();
	vm_check();
	before = vm_counts();
	s->measured();
	measured = vm_counts_since(before);
	vm_check();
	before = vm_counts();
	s->after();
	after = vm_counts_since(before);
	vm_check();

	ok = check(s->name, names[row], "requests", measured.requests,
		   s->cost[row].requests);
	ok &= check(s->name, names[row], "faults", measured.faults,
		    s->cost[row].faults);
	ok &= check(s->name, names[row], "faults after", after.faults,
		    s->cost[row].faults_after);
	ok &= check(s->name, names[row], "refaults after", after.refaults,
		    s->cost[row].refaults_after);
	/* One kick at most a request, of a CPU that was inside. */
	ok &= measured.kicks <= measured.requests;

	ksm_exit();
	vm_stop();
	if (child)
		mm_put(child);
	return ok;
}

static void test_costs(void **state)
{
	u32 i, row;
	bool ok = true;

	for (i = 0; i < array_count(scenarios); i++)
		for (row = 0; row < ROWS; row++) {
			assert_int_equal(setup(state), 0);
			ok &= run(&scenarios[i], row);
			assert_int_equal(teardown(state), 0);
		}
	assert_true(ok);
}

/* No allocation on the path of a refault: with no memory left it works. */
static void test_refault_allocates_nothing(void **state)
{
	u64 free_frames;
	u32 i;

	(void)state;
	vm_start(policy_find("bracket"), N);
	generation = 0;
	guest_write();
	fork_child();
	free_frames = frame_free_count();
	for (i = 0; i < N; i++) {
		struct vm_counts before = vm_counts();

		frame_fail_at(1);
		assert_int_equal(guest_read_page(i), generation * 100 + i);
		assert_int_equal(vm_counts_since(before).refaults, 1);
		/* The failure is still to come. */
		assert_null(frame_alloc());
	}
	assert_int_equal(frame_free_count(), free_frames);
	vm_stop();
	child_exit();
}

/*
 * T1 step by step: the listener's work lies where the policy says, always
 * before N5 (O2), and CPU 1, which is inside, gets no IPI for the host's TLB.
 */
static void test_order_of_copy(void **state)
{
	static const struct {
		const char *name, *log;
	} rows[] = {
		{ "bracket",
		  "N0 REQUEST kick1 X1@1 X2@1 X3@1 I1 "
		  "N1 page primary1 local@1 N2 N3 N4 N5 I3 N6" },
		{ "clear-flush-notify",
		  "N0 N1 page N2 REQUEST kick1 X1@1 X2@1 local@1 X3@1 "
		  "N3 N4 N5 N6" },
		{ "change-2009",
		  "N0 N1 page N2 N3 REQUEST kick1 X1@1 X2@1 local@1 X3@1 "
		  "N4 N5 N6" },
		{ "change-pte",
		  "N0 N1 page N2 N3 REQUEST kick1 X1@1 X2@1 local@1 X3@1 "
		  "N4 N5 N6" },
		{ "upgrade-noflush",
		  "N0 N1 page N2 N3 REQUEST kick1 X1@1 X2@1 local@1 X3@1 "
		  "N4 N5 N6" },
		{ "batch",
		  "N0 N1 page N2 N3 REQUEST kick1 X1@1 X2@1 local@1 X3@1 "
		  "N4 N5 N6" },
		{ "defer",
		  "N0 N1 page N2 N3 REQUEST kick1 X1@1 X2@1 local@1 X3@1 "
		  "N4 N5 N6" },
	};
	u32 i;

	for (i = 0; i < array_count(rows); i++) {
		assert_int_equal(setup(state), 0);
		vm_start(policy_find(rows[i].name), N);
		generation = 0;
		guest_write();
		fork_child();
		guest_read();
		load_on_cpu1(mm);
		guest_inside();
		fake_log_steps(FAKE_STEPS_MM | FAKE_STEP(REQUEST) |
			       FAKE_STEP(X1) | FAKE_STEP(X2) | FAKE_STEP(X3));
		write_page(0, 5);
		assert_log(rows[i].log);
		vm_stop();
		child_exit();
		assert_int_equal(teardown(state), 0);
	}
}

/* O3, O7: what S is between N2 and N5. */
static spte_t at_n4, at_n2;

static void look_at_leaf(enum step step, u64 subject)
{
	(void)subject;
	if (step == STEP_N2)
		at_n2 = leaf_of(0);
	if (step == STEP_N4)
		at_n4 = leaf_of(0);
}

static void test_leaf_at_n4(void **state)
{
	static const struct {
		const char *name;
		bool present_at_n2, present_at_n4;
	} rows[] = {
		{ "bracket",		false, false },
		{ "clear-flush-notify",	true, false },
		{ "change-2009",	true, false },
		{ "change-pte",		true, true },
		{ "upgrade-noflush",	true, true },
		{ "batch",		true, true },
		{ "defer",		true, true },
	};
	u32 i;

	for (i = 0; i < array_count(rows); i++) {
		assert_int_equal(setup(state), 0);
		vm_start(policy_find(rows[i].name), N);
		generation = 0;
		guest_write();
		fork_child();
		guest_read();
		fake_on_step = look_at_leaf;
		write_page(0, 5);
		fake_on_step = NULL;
		assert_int_equal(spte_present(vm.format, at_n2),
				 rows[i].present_at_n2);
		assert_int_equal(spte_present(vm.format, at_n4),
				 rows[i].present_at_n4);
		if (rows[i].present_at_n4) {
			assert_ptr_equal(pfn_frame(spte_pfn(at_n4)),
					 frame_of(mm, 0));
			assert_true(spte_writable(vm.format, at_n4));
		}
		vm_stop();
		child_exit();
		assert_int_equal(teardown(state), 0);
	}
}

/* O12: the mutant that delivers no flush lets the guest read the old byte. */
static void test_no_flush_is_seen(void **state)
{
	struct policy policy = mutant_policy(mutant_find("no-flush"));

	(void)state;
	rules_off();
	vm_start(&policy, N);
	generation = 0;
	guest_write();
	fork_child();
	guest_read();
	write_page(0, 5);
	assert_int_equal(guest_read_page(0), 100);
	assert_int_equal(read_page(0), 5);
	vm_stop();
	rules_on();
	child_exit();
}

static void test_lookup(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < policy_count; i++)
		assert_ptr_equal(policy_find(policies[i].name), &policies[i]);
	assert_null(policy_find("no-such"));
	assert_null(policy_find(""));
	assert_null(mutant_find("no-such"));
	for (i = 0; i < mutant_count; i++) {
		assert_ptr_equal(mutant_find(mutants[i].name), &mutants[i]);
		assert_non_null(policy_find(mutants[i].base));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_costs),
		TEST(test_refault_allocates_nothing),
		cmocka_unit_test(test_order_of_copy),
		cmocka_unit_test(test_leaf_at_n4),
		TEST(test_no_flush_is_seen),
		cmocka_unit_test(test_lookup),
	};

	return RUN(tests);
}
