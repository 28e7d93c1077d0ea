/*
 * Flushes that are left for later, raced: a merge whose flush waits, and who
 * must not meet that, in every order of the steps with two preemptions, under
 * the policies that leave some. Then listeners that forget one of the hazards,
 * and are seen to.
 */
#include "test/host/vm.h"

#include "lib/rule.h"
#include "mm/ksm.h"
#include "mm/merge.h"
#include "test/fake/explore.h"

#define PAGES	2

static const struct policy *policy;
static const struct mmu_notifier_ops *ops;	/* NULL: those of ept/ */
static struct mm *child;
static struct frame *held[2];
static bool published;
static u32 broken;

static void expect(bool holds)
{
	broken += !holds;
}

/* --- What each side does. Pages 0 and 1 hold 1, before. */

static void write_here(u64 page, u32 word, u64 value)
{
	if (fake_write(hva_add(page_hva(page), word * sizeof(u64)), value))
		panic("the host cannot write");
}

static u64 read_here(u64 page, u32 word)
{
	u64 value;

	if (fake_read(hva_add(page_hva(page), word * sizeof(u64)), &value))
		panic("the host cannot read");
	return value;
}

static u64 guest_read_here(u64 page)
{
	u64 value = ~0ull;

	if (fake_guest_read(&vcpus[0], page_gpa(page), &value))
		panic("the guest cannot read");
	fake_explore_point();
	return value;
}

static void guest_write_here(u64 page, u32 word, u64 value)
{
	gpa_t gpa = { page_gpa(page).v + word * sizeof(u64) };

	fake_explore_point();
	if (fake_guest_write(&vcpus[0], gpa, value))
		panic("the guest cannot write");
	fake_explore_point();
}

/* As a pass that goes on; then nobody but the mappings holds the frames. */
static void merge(void)
{
	if (!merge_wrprotect(mm, page_hva(1), held[1]))
		(void)!merge_page_in_pass(mm, page_hva(0), held[0], held[1]);
	frame_put(held[0]);
	frame_put(held[1]);
}

/* DEFER-UPGRADE: page 0 becomes the only user of new, and is written. */
static void merge_and_take_over(void)
{
	merge();
	mm_discard(mm, pages(1, 1));
	fake_explore_point();
	write_here(0, 0, 2);
	WRITE_ONCE(published, true);
}

static void guest_reads(void)
{
	bool must_be_new, was_new = false;
	u32 i;

	for (i = 0; i < 3; i++) {
		u64 value;

		must_be_new = READ_ONCE(published) || was_new;
		value = guest_read_here(0);
		expect(value == 2 || (value == 1 && !must_be_new));
		was_new = value == 2;
	}
	fake_guest_leave();
}

/* TAKEOVER: what the child writes into old is never the guest's. */
static void merge_and_child_writes(void)
{
	merge();
	mm_switch(child);
	write_here(0, 0, 2);
	mm_switch(mm);
}

/* FREE: nor is what becomes of old when nobody maps it any more. */
static void merge_and_child_exits(void)
{
	struct frame *frame;

	merge();
	mm_put(child);
	child = NULL;
	frame = frame_alloc();
	if (frame)
		frame_put(frame);
}

static void guest_reads_1(void)
{
	u32 i;

	for (i = 0; i < 3; i++)
		expect(guest_read_here(0) == 1);
	fake_guest_leave();
}

/* The scanner's second pass, which the first one was preparing. */
static void scan(void)
{
	ksm_begin_pass();
	while (ksm_scan_next())
		;
}

static void guest_writes(void)
{
	guest_write_here(0, 1, 7);
	expect(guest_read_here(1) == 1);
	guest_write_here(0, 2, 8);
	fake_guest_leave();
}

static void other_host_writes(void)
{
	mm_switch(mm);
	write_here(0, 3, 9);
	mm_switch(NULL);
}

static void no_write_is_lost(void)
{
	expect(read_here(0, 0) == 1);
	expect(read_here(0, 1) == 7);
	expect(read_here(0, 2) == 8);
	expect(read_here(1, 0) == 1);
	expect(read_here(1, 1) == 0);
	expect(read_here(1, 3) == 0);
}

static void all_three_wrote(void)
{
	no_write_is_lost();
	expect(read_here(0, 3) == 9);
}

/* --- The rows. */

enum { ALONE, FORKED };
enum { MERGED, SCANNED };

static const struct row {
	const char *name;
	u32 shared, how;
	void (*host)(void), (*guest)(void), (*third)(void);
	void (*after)(void);
	u32 preemptions;
} rows[] = {
	{ "T2 of new", ALONE, MERGED, merge_and_take_over, guest_reads, NULL,
	  NULL, 2 },
	{ "T2 of old", FORKED, MERGED, merge_and_child_writes, guest_reads_1,
	  NULL, NULL, 2 },
	{ "old is freed", FORKED, MERGED, merge_and_child_exits,
	  guest_reads_1, NULL, NULL, 2 },
	{ "scan", ALONE, SCANNED, scan, guest_writes, NULL,
	  no_write_is_lost, 2 },
	{ "scan, two writers", ALONE, SCANNED, scan, guest_writes,
	  other_host_writes, all_three_wrote, 1 },
};

static const struct row *row;

static void before(void)
{
	fake_reset(3);
	fake_log_off();
	mm_switch(NULL);
	mm_switch(mm);
	mm_discard(mm, pages(0, PAGES));
	vm_start(policy, PAGES);
	fake_log_off();
	if (ops)
		vm.notifier.ops = ops;
	write_here(0, 0, 1);
	write_here(1, 0, 1);
	if (row->how == MERGED) {
		held[0] = frame_of(mm, 0);
		held[1] = frame_of(mm, 1);
		frame_get(held[0]);
		frame_get(held[1]);
	} else {
		if (ksm_add(mm, pages(0, PAGES)))
			panic("no memory for the scanner");
		guest_write_page(0, 1);
		scan();
	}
	child = row->shared ? mm_fork(mm) : NULL;
	(void)guest_read_page(0);
	published = false;
}

static void after(void)
{
	if (row->after)
		row->after();
	fake_guest_leave();
	ksm_exit();
	if (child)
		mm_put(child);
	if (!ops)
		vm_stop();
	else
		ept_destroy(&vm);
}

static u32 explore(const struct row *which)
{
	const struct race race = {
		before, { which->host, which->guest, which->third },
		which->third ? 3 : 2, after,
	};

	row = which;
	broken = 0;
	return fake_explore(&race, which->preemptions);
}

static void test_all_right(void **state)
{
	static const char *const names[] = { "batch", "defer", "change-pte" };
	u32 i, p, schedules = 0;

	assert_int_equal(setup(state), 0);
	ops = NULL;
	for (p = 0; p < array_count(names); p++)
		for (i = 0; i < array_count(rows); i++) {
			policy = policy_find(names[p]);
			schedules += explore(&rows[i]);
			if (broken)
				fail_msg("%s under %s: %u times wrong",
					 rows[i].name, policy->name, broken);
		}
	print_message("# %u schedules\n", schedules);
	assert_int_equal(teardown(state), 0);
}

/* --- Mutants: the listener of ept/, which forgets one hazard. */

static void upgrade_unawares(struct mmu_notifier *notifier, hva_t hva,
			     pte_t old)
{
	(void)notifier, (void)hva, (void)old;
}

/* Lets its frames go, and does not flush. */
static bool let_go(struct mmu_notifier *notifier, enum mmu_need need)
{
	(void)notifier, (void)need;
	if (!vm.pending.events)
		return false;
	spin_lock(&vm.lock);
	ept_pending_served(&vm);
	spin_unlock(&vm.lock);
	return true;
}

/* O5: T4 is not complete when pages are compared, or copied. */
static bool content_is_settled(struct mmu_notifier *notifier,
			       enum mmu_need need)
{
	return need != NEED_CONTENT &&
	       ept_notifier_ops.complete(notifier, need);
}

static const struct {
	const char *name, *base;
	u32 row;		/* the one that shows it */
	void (*before_upgrade)(struct mmu_notifier *notifier, hva_t hva,
			       pte_t old);
	bool (*complete)(struct mmu_notifier *notifier, enum mmu_need need);
} mutations[] = {
	{ "upgrade without before", "defer", 0,
	  .before_upgrade = upgrade_unawares },
	{ "quarantine without flush", "defer", 1, .complete = let_go },
	{ "quarantine without flush", "batch", 1, .complete = let_go },
	{ "stage without flush", "batch", 3,
	  .complete = content_is_settled },
};

static void test_mutants(void **state)
{
	struct mmu_notifier_ops mutant_ops;
	struct policy mutant;
	u32 i, schedules;

	rules_off();
	for (i = 0; i < array_count(mutations); i++) {
		assert_int_equal(setup(state), 0);
		mutant_ops = ept_notifier_ops;
		mutant = *policy_find(mutations[i].base);
		if (mutations[i].before_upgrade)
			mutant_ops.before_upgrade = mutations[i].before_upgrade;
		if (mutations[i].complete)
			mutant_ops.complete = mutations[i].complete;
		ops = &mutant_ops;
		policy = &mutant;
		schedules = explore(&rows[mutations[i].row]);
		print_message("# %s, %s: %u schedules, %u times wrong\n",
			      mutations[i].name, mutations[i].base, schedules,
			      broken);
		if (!broken)
			fail_msg("%s was not seen", mutations[i].name);
		assert_int_equal(teardown(state), 0);
	}
	rules_on();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_right),
		cmocka_unit_test(test_mutants),
	};

	return RUN(tests);
}
