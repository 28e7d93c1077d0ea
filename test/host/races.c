/*
 * Host and guest on one page, in every order of the steps of both with two
 * preemptions, under each policy: no stale read, no lost write, no junk. Then
 * listeners that break one rule each, and are seen to.
 */
#include "test/host/vm.h"

#include "mm/merge.h"
#include "test/fake/explore.h"

#define PAGES	2

static const struct policy *policy;
static const struct mmu_notifier_ops *ops;	/* NULL: those of ept/ */
static struct mm *child;
static struct frame *held[2];
static bool published;
static u32 broken;
static u64 violations;

static void expect(bool holds)
{
	broken += !holds;
}

/* --- What each side does. Page 0 holds 1, before. */

static u64 guest_read_here(u64 page)
{
	u64 value = ~0ull;

	if (fake_guest_read(&vcpus[0], page_gpa(page), &value))
		panic("the guest cannot read");
	fake_explore_point();
	return value;
}

static void guest_write_word(u64 page, u32 word, u64 value)
{
	gpa_t gpa = { page_gpa(page).v + word * sizeof(u64) };

	fake_explore_point();
	if (fake_guest_write(&vcpus[0], gpa, value))
		panic("the guest cannot write");
	fake_explore_point();
}

static u64 host_read_word(u64 page, u32 word)
{
	u64 value;

	if (fake_read(hva_add(page_hva(page), word * sizeof(u64)), &value))
		panic("the host cannot read");
	return value;
}

/* Old, then new, never back; new once the host has published it. */
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

static void host_writes(void)
{
	if (fake_write(page_hva(0), 2))
		panic("the host cannot write");
	WRITE_ONCE(published, true);
}

static void host_writes_word_1(void)
{
	if (fake_write(hva_add(page_hva(0), 8), 7))
		panic("the host cannot write");
}

static void guest_writes_word_2(void)
{
	guest_write_word(0, 2, 8);
	fake_guest_leave();
}

static void both_writes_are_there(void)
{
	expect(host_read_word(0, 0) == 1);
	expect(host_read_word(0, 1) == 7);
	expect(host_read_word(0, 2) == 8);
	expect(guest_read_page(0) == 1);	/* on its own CPU (O13) */
}

static void host_forks(void)
{
	child = mm_fork(mm);
	WRITE_ONCE(published, true);
}

/* What is written after the fork is not the child's. */
static void guest_writes_around_fork(void)
{
	bool after;

	guest_write_word(0, 1, 7);
	after = READ_ONCE(published);
	guest_write_word(0, 2, after ? 9 : 8);
	fake_guest_leave();
}

static void child_is_older(void)
{
	u64 first, second;

	mm_switch(child);
	first = host_read_word(0, 1);
	second = host_read_word(0, 2);
	expect(first == 7 || !second);		/* in the guest's order */
	expect(second != 9);
	mm_switch(mm);
	expect(host_read_word(0, 1) == 7);
	expect(host_read_word(0, 2) >= 8);
}

static void host_merges(void)
{
	if (!merge_wrprotect(mm, page_hva(1), held[1]))
		(void)!merge_page(mm, page_hva(0), held[0], held[1]);
}

static void guest_writes_both(void)
{
	guest_write_word(0, 1, 7);
	guest_write_word(1, 1, 8);
	expect(guest_read_here(0) == 1);
	fake_guest_leave();
}

static void pages_differ(void)
{
	expect(host_read_word(0, 1) == 7);
	expect(host_read_word(1, 1) == 8);
}

static void host_discards(void)
{
	mm_discard(mm, pages(0, 1));
	WRITE_ONCE(published, true);
}

static void guest_reads_discarded(void)
{
	u32 i;

	for (i = 0; i < 3; i++) {
		bool gone = READ_ONCE(published);
		u64 value = guest_read_here(0);

		expect(value == 0 || (value == 1 && !gone));
	}
	fake_guest_leave();
}

static void host_migrates(void)
{
	(void)!mm_migrate(held[0]);
}

static void migrated_is_whole(void)
{
	expect(host_read_word(0, 0) == 1);
	expect(host_read_word(0, 2) == 8);
}

static void host_takes_over(void)
{
	mm_put(child);
	child = NULL;
	fake_explore_point();
	host_writes();
}

static void other_host_discards(void)
{
	mm_discard(mm, pages(0, 1));
}

/* P is empty from N2 to N5: a discard may not take that for all there is. */
static void is_forgotten(void)
{
	expect(host_read_word(0, 0) == 0);
}

/* --- The rows. */

static const struct row {
	const char *name;
	bool mapped;		/* S is present before, and cached */
	bool shared;		/* with a child */
	bool held;		/* page 1 is equal; the scanner holds both */
	void (*host)(void);
	void (*guest)(void);
	void (*after)(void);
} rows[] = {
	{ "copy, S present", true, true, false,
	  host_writes, guest_reads, NULL },
	{ "copy, S absent", false, true, false,
	  host_writes, guest_reads, NULL },
	{ "two copies of one page", true, true, false,
	  host_writes_word_1, guest_writes_word_2, both_writes_are_there },
	{ "fork", true, false, false,
	  host_forks, guest_writes_around_fork, child_is_older },
	{ "merge", true, false, true,
	  host_merges, guest_writes_both, pages_differ },
	{ "discard", true, false, false,
	  host_discards, guest_reads_discarded, NULL },
	{ "migrate", true, false, true,
	  host_migrates, guest_writes_word_2, migrated_is_whole },
	{ "takeover", true, true, false,
	  host_takes_over, guest_reads, NULL },
	{ "fork, S absent", false, false, false,
	  host_forks, guest_writes_around_fork, child_is_older },
	{ "copy, and discard", false, true, false,
	  host_writes_word_1, other_host_discards, is_forgotten },
};

static const struct row *row;

static void before(void)
{
	fake_reset(2);
	fake_log_off();
	mm_switch(NULL);
	mm_switch(mm);
	mm_discard(mm, pages(0, PAGES));
	vm_start(policy, PAGES);
	fake_log_off();
	if (ops)
		vm.notifier.ops = ops;
	write_page(0, 1);
	if (row->held) {
		write_page(1, 1);
		held[0] = frame_of(mm, 0);
		held[1] = frame_of(mm, 1);
		frame_get(held[0]);
		frame_get(held[1]);
	}
	child = row->shared ? mm_fork(mm) : NULL;
	if (row->mapped)
		(void)guest_read_page(0);
	published = false;
}

static void after(void)
{
	if (row->after)
		row->after();
	fake_guest_leave();
	if (row->held) {
		frame_put(held[0]);
		frame_put(held[1]);
	}
	if (child)
		mm_put(child);
	if (!ops && !policy->is_mutant)
		vm_check();
	check_stop();
	violations += check_total();
	if (check_total() && !policy->is_mutant) {
		char text[400];

		check_format(check_report(0), text, sizeof(text));
		print_message("# %s\n", text);
	}
	ept_destroy(&vm);
}

static u32 explore(const struct row *which, u32 preemptions)
{
	const struct race race = {
		before, { which->host, which->guest }, 2, after,
	};

	row = which;
	broken = 0;
	violations = 0;
	return fake_explore(&race, preemptions);
}

static void test_all_right(void **state)
{
	u32 i, p, schedules = 0;

	assert_int_equal(setup(state), 0);
	ops = NULL;
	for (p = 0; p < policy_count; p++)
		for (i = 0; i < array_count(rows); i++) {
			policy = &policies[p];
			schedules += explore(&rows[i], 2);
			if (broken || violations)
				fail_msg("%s under %s: %u times wrong, %llu "
					 "violations", rows[i].name,
					 policy->name, broken,
					 (unsigned long long)violations);
		}
	print_message("# %u schedules\n", schedules);
	assert_int_equal(teardown(state), 0);
}

/* --- Mutants: the listener of ept/, with one rule broken. */

static void seq_none(struct mmu_notifier *notifier, hva_t hva, pte_t old,
		     pte_t new)
{
	u64 seq = vm.seq;

	ept_notifier_ops.change_pte(notifier, hva, old, new);
	vm.seq = seq;
}

/* O1: seq moves before P is empty, and not after. */
static void seq_early(struct mmu_notifier *notifier, struct hva_range range,
		      enum invalidate_reason reason)
{
	ept_notifier_ops.start(notifier, range, reason);
	vm.seq++;
}

/* O8: F4 looks at seq alone. */
static void ignore_inprog(struct mmu_notifier *notifier,
			  struct hva_range range,
			  enum invalidate_reason reason)
{
	ept_notifier_ops.start(notifier, range, reason);
	vm.inprog_range.end = vm.inprog_range.start;
	fake_explore_point();		/* before P changes */
}

static void protect_start_unseen(struct mmu_notifier *notifier,
				 struct hva_range range)
{
	ept_notifier_ops.protect_start(notifier, range);
	vm.inprog_range.end = vm.inprog_range.start;
}

static void protect_end_no_seq(struct mmu_notifier *notifier,
			       struct hva_range range)
{
	u64 seq = vm.seq;

	ept_notifier_ops.protect_end(notifier, range);
	vm.seq = seq;
}

static void deliver_nothing(struct ept *ept)
{
	(void)ept;
}

/* Requests and kicks, and does not wait. */
static void deliver_nowait(struct ept *ept)
{
	atomic_add(&ept->tlbs[0]->requested, 1);
	full_barrier();
	if (READ_ONCE(cpus[1].mode) == CPU_INSIDE)
		ipi_send(1, IPI_KICK);
}

static const struct {
	const char *name, *base;
	u32 row;		/* the one that shows it */
	u32 preemptions;
	void (*change_pte)(struct mmu_notifier *notifier, hva_t hva, pte_t old,
			   pte_t new);
	void (*start)(struct mmu_notifier *notifier, struct hva_range range,
		      enum invalidate_reason reason);
	void (*protect_start)(struct mmu_notifier *notifier,
			      struct hva_range range);
	void (*protect_end)(struct mmu_notifier *notifier,
			    struct hva_range range);
	void (*deliver)(struct ept *ept);
} mutations[] = {
	{ "seq-none", "change-pte", 1, 2, .change_pte = seq_none },
	{ "seq-early", "change-pte", 1, 3, .change_pte = seq_none,
	  .start = seq_early },
	{ "ignore-inprog", "bracket", 5, 3, .start = ignore_inprog },
	{ "protect without inprog", "change-pte", 8, 3,
	  .protect_start = protect_start_unseen,
	  .protect_end = protect_end_no_seq },
	{ "no-flush", "change-pte", 0, 2, .deliver = deliver_nothing },
	{ "no-flush at a fork", "change-pte", 3, 2,
	  .deliver = deliver_nothing },
	{ "kick-nowait", "change-pte", 0, 3, .deliver = deliver_nowait },
};

static void test_mutants(void **state)
{
	struct mmu_notifier_ops mutant_ops;
	struct policy mutant;
	u32 i, schedules;

	for (i = 0; i < array_count(mutations); i++) {
		assert_int_equal(setup(state), 0);
		mutant_ops = ept_notifier_ops;
		mutant = *policy_find(mutations[i].base);
		mutant.is_mutant = true;
		if (mutations[i].change_pte)
			mutant_ops.change_pte = mutations[i].change_pte;
		if (mutations[i].start)
			mutant_ops.start = mutations[i].start;
		if (mutations[i].protect_start)
			mutant_ops.protect_start = mutations[i].protect_start;
		if (mutations[i].protect_end)
			mutant_ops.protect_end = mutations[i].protect_end;
		if (mutations[i].deliver)
			mutant.deliver = mutations[i].deliver;
		ops = &mutant_ops;
		policy = &mutant;
		schedules = explore(&rows[mutations[i].row],
				    mutations[i].preemptions);
		print_message("# %s: %u schedules, %u times wrong, %llu "
			      "violations\n", mutations[i].name, schedules,
			      broken, (unsigned long long)violations);
		if (!broken)
			fail_msg("%s was not seen", mutations[i].name);
		assert_int_equal(teardown(state), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_right),
		cmocka_unit_test(test_mutants),
	};

	return RUN(tests);
}
