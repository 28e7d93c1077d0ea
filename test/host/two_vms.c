/*
 * Two virtual machines over one address space, each under its own policy: what
 * happens to a page happens to both, as each one's row says (O16). All pairs,
 * so each policy is once the first listener and once the second.
 */
#include "test/host/vm.h"

#include <string.h>

#include "lab/mutant/mutant.h"
#include "lib/step.h"
#include "mm/ksm.h"

#define N	2

/* By the order of the rows: see docs/expected-counts.md. */
enum row {
	ROW_BRACKET,
	ROW_CLEAR_FLUSH_NOTIFY,
	ROW_CHANGE_2009,
	ROW_CHANGE_PTE,
	ROW_UPGRADE_NOFLUSH,
	ROW_BATCH,
	ROW_DEFER,
	ROW_COUNT,
};

static const char *const names[ROW_COUNT] = {
	[ROW_BRACKET] = "bracket",
	[ROW_CLEAR_FLUSH_NOTIFY] = "clear-flush-notify",
	[ROW_CHANGE_2009] = "change-2009",
	[ROW_CHANGE_PTE] = "change-pte",
	[ROW_UPGRADE_NOFLUSH] = "upgrade-noflush",
	[ROW_BATCH] = "batch",
	[ROW_DEFER] = "defer",
};

static const u64 first_gfn[2] = { 0x200, 0x91000 };

/* VM i has one vCPU, which runs on CPU i + 1. */
static struct machine {
	struct ept ept;
	struct vcpu_tlb tlb;
	u32 row;
	u64 requested;		/* before the event */
	u32 retries;
} machines[2];

static struct mm *child;

/* A fault may have to be taken again because it changed P itself. */
#define MAX_RETRIES	100

static int on_fault(gpa_t gpa, u32 access)
{
	struct machine *m = &machines[cpu_id() - 1];

	switch (ept_fault(&m->ept, gpa, access)) {
	case EPT_FAULT_FIXED:
	case EPT_FAULT_SPURIOUS:
		return 0;
	case EPT_FAULT_RETRY:
		return m->retries++ < MAX_RETRIES ? 0 : -EAGAIN;
	default:
		return -EFAULT;
	}
}

static void machine_make(u32 i, const struct policy *policy)
{
	struct machine *m = &machines[i];
	struct memslot slot = { { first_gfn[i] }, N, page_hva(0) };

	*m = (struct machine){ 0 };
	assert_int_equal(ept_init(&m->ept, mm, policy,
				  spte_format(HVM_EPT, true)), 0);
	assert_int_equal(ept_add_slot(&m->ept, slot), 0);
	ept_add_vcpu(&m->ept, &m->tlb);
	check_watch(&m->ept);
}

static void machine_start(u32 i, u32 row)
{
	const struct policy *policy = policy_find(names[row]);

	assert_non_null(policy);
	machine_make(i, policy);
	machines[i].row = row;
}

static void machine_stop(u32 i)
{
	u32 self = fake_cpu(i + 1);

	fake_guest_leave();
	fake_cpu(self);
	check_unwatch(&machines[i].ept);
	ept_destroy(&machines[i].ept);
}

/* A machine without VMs, three CPUs, and a checker that has heard nothing. */
static void begin(void)
{
	assert_int_equal(setup(NULL), 0);
	fake_reset(3);
	fake_log_off();
	mm_switch(mm);
	fake_guest_fault = on_fault;
	child = NULL;
	check_start();
}

static void end(void)
{
	if (child)
		mm_put(child);
	assert_int_equal(teardown(NULL), 0);
}

static bool nothing_violated(void)
{
	char text[400];

	if (!check_total())
		return true;
	check_format(check_report(0), text, sizeof(text));
	print_error("%s\n", text);
	return false;
}

static gpa_t gpa_of(u32 i, u64 page)
{
	return gfn_to_gpa((gfn_t){ first_gfn[i] + page });
}

/* The vCPU stays inside, with its translations. */
static u64 machine_read(u32 i, u64 page)
{
	u32 self = fake_cpu(i + 1);
	u64 value;
	int err = fake_guest_read(&machines[i].tlb, gpa_of(i, page), &value);

	fake_cpu(self);
	assert_int_equal(err, 0);
	return value;
}

static void machine_write(u32 i, u64 page, u64 value)
{
	u32 self = fake_cpu(i + 1);
	int err = fake_guest_write(&machines[i].tlb, gpa_of(i, page), value);

	fake_cpu(self);
	assert_int_equal(err, 0);
}

static void both_read(u64 value)
{
	u64 page;
	u32 i;

	for (page = 0; page < N; page++)
		for (i = 0; i < 2; i++)
			assert_int_equal(machine_read(i, page), value);
}

/* Each page is present and writable in both. */
static void both_write(u64 value)
{
	u64 page;
	u32 i;

	for (page = 0; page < N; page++)
		for (i = 0; i < 2; i++)
			machine_write(i, page, value);
}

/* --- Events: what is prepared, and what is measured. */

static void nothing(void)
{
}

static void do_fork(void)
{
	child = mm_fork(mm);
	assert_non_null(child);
}

static void forked(void)
{
	do_fork();
	both_read(1);
}

static void left_alone(void)
{
	forked();
	mm_put(child);
	child = NULL;
}

static void host_write(void)
{
	u64 page;

	for (page = 0; page < N; page++)
		write_page(page, 2);
}

static void scan(void)
{
	u32 pass;

	assert_int_equal(ksm_add(mm, pages(0, N)), 0);
	for (pass = 0; pass < 2; pass++) {
		ksm_begin_pass();
		while (ksm_scan_next())
			;
	}
	assert_ptr_equal(frame_of(mm, 0), frame_of(mm, 1));
	ksm_exit();
}

static void discard(void)
{
	mm_discard(mm, pages(0, N));
}

static void protect_ro(void)
{
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
}

static void protected(void)
{
	protect_ro();
	both_read(1);
}

static void protect_rw(void)
{
	assert_int_equal(mm_protect_rw(mm, pages(0, AREA_PAGES)), 0);
}

static void migrate(void)
{
	u64 page;

	for (page = 0; page < N; page++) {
		struct frame *frame = frame_of(mm, page);

		frame_get(frame);
		assert_int_equal(mm_migrate(frame), 0);
		frame_put(frame);
	}
}

/* What S is after the event. */
enum { GONE, RO, RW };

struct effect {
	u64 requests;		/* of flushes, to this VM's vCPU */
	u32 leaf;
};

#define ALL(...)	{ { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, \
			  { __VA_ARGS__ }, { __VA_ARGS__ }, { __VA_ARGS__ }, \
			  { __VA_ARGS__ } }

static const struct event {
	const char *name;
	void (*prepare)(void);
	void (*happen)(void);
	u64 value;		/* what both read after it */
	struct effect effect[ROW_COUNT];
	/* If only one of both VMs follows upgrades: on each. */
	const struct effect *mixed;
} events[] = {
	{ "T4, fork", nothing, do_fork, 1,
	  { { 1, GONE }, { 1, GONE }, { 1, GONE }, { 1, RO }, { 1, RO },
	    { 1, RO }, { 1, RO } },
	  NULL },
	{ "T1, the host writes", forked, host_write, 2,
	  { { N, GONE }, { N, GONE }, { N, GONE }, { N, RW }, { N, RW },
	    { N, RW }, { N, RW } },
	  NULL },
	{ "T4 and T3a, merge", nothing, scan, 1,
	  { { N, GONE }, { N, GONE }, { 2 * N - 1, RO }, { 2 * N - 1, RO },
	    { 2 * N - 1, RO }, { 2, RO }, { N, RO } }, NULL },
	{ "T2, takeover", left_alone, host_write, 2,
	  { { 0, RO }, { 0, RO }, { 0, RO }, { N, RW }, { 0, RW },
	    { 0, RW }, { 0, RW } }, NULL },
	{ "T4, read-only", nothing, protect_ro, 1,
	  { { 1, GONE }, { 1, GONE }, { 1, GONE }, { 1, RO }, { 1, RO },
	    { 1, RO }, { 1, RO } },
	  NULL },
	{ "T2, the right comes back", protected, protect_rw, 1,
	  { { 1, GONE }, { 1, GONE }, { 1, GONE }, { 1, RW }, { 0, RW },
	    { 0, RW }, { 0, RW } },
	  &(const struct effect){ 1, GONE } },
	{ "T6, migration", nothing, migrate, 1, ALL(N, GONE), NULL },
	{ "T7, discard", nothing, discard, 0, ALL(1, GONE), NULL },
};

static bool follows(u32 i)
{
	return machines[i].ept.notifier.follows_upgrades;
}

/*
 * The listener that came last is told first. A frame is kept by one VM only:
 * what the last one keeps, the first one has to flush at once.
 */
static u32 cannot_defer(const struct event *event, u32 i)
{
	return event->happen == scan && i == 0 &&
	       machines[0].row == ROW_DEFER &&
	       machines[1].ept.notifier.postpones;
}

static u32 leaf_kind(u32 i, u64 page)
{
	struct ept *ept = &machines[i].ept;
	spte_t s = spte_read(ept_walk(ept, gpa_to_gfn(gpa_of(i, page))));

	if (!spte_present(ept->format, s))
		return GONE;
	/* Whatever it may do, it is the frame of its P. */
	assert_int_equal(spte_pfn(s).n, pte_pfn(entry_of(mm, page)).n);
	return spte_writable(ept->format, s) ? RW : RO;
}

static bool check(const struct event *event, u32 i)
{
	struct machine *m = &machines[i];
	struct effect wanted = event->effect[m->row];
	u64 requests = m->tlb.requested - m->requested, page;
	bool ok;

	if (event->mixed && follows(0) != follows(1))
		wanted = *event->mixed;
	ok = requests == wanted.requests + cannot_defer(event, i);
	for (page = 0; page < N; page++)
		ok &= leaf_kind(i, page) == wanted.leaf;
	if (!ok)
		print_error("%s under %s beside %s: %llu requests, S is %u\n",
			    event->name, names[m->row],
			    names[machines[!i].row],
			    (unsigned long long)requests, leaf_kind(i, 0));
	return ok;
}

static bool run(const struct event *event, u32 first, u32 second)
{
	bool ok = true;
	u32 i;

	machine_start(0, first);
	machine_start(1, second);
	both_write(1);
	event->prepare();
	for (i = 0; i < 2; i++)
		machines[i].requested = machines[i].tlb.requested;
	event->happen();
	for (i = 0; i < 2; i++)
		ok &= check(event, i);

	/* What one writes the other one reads, and neither reads old. */
	both_read(event->value);
	if (event->happen != protect_ro) {
		machine_write(0, 0, 3);
		assert_int_equal(machine_read(1, 0), 3);
		machine_write(1, 1, 4);
		assert_int_equal(machine_read(0, 1), 4);
	}
	for (i = 0; i < 2; i++)
		machine_stop(i);
	return ok & nothing_violated();
}

static void test_pairs(void **state)
{
	u32 i, first, second;
	bool ok = true;

	(void)state;
	for (i = 0; i < array_count(events); i++)
		for (first = 0; first < ROW_COUNT; first++)
			for (second = 0; second < ROW_COUNT; second++) {
				begin();
				ok &= run(&events[i], first, second);
				end();
			}
	assert_true(ok);
}

/* One that goes away takes nothing of the other's with it. */
static void test_one_leaves(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin();
		machine_start(0, ROW_CHANGE_PTE);
		machine_start(1, ROW_BRACKET);
		both_write(1);
		machine_stop(i);
		do_fork();
		assert_int_equal(machine_read(!i, 0), 1);
		write_page(0, 2);
		assert_int_equal(machine_read(!i, 0), 2);
		machine_stop(!i);
		end();
	}
}

/* A flush of either VM is one that was owed, whoever is asked first. */
static void test_one_owes(void **state)
{
	u64 page;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin();
		machine_start(0, ROW_DEFER);
		machine_start(1, ROW_DEFER);
		for (page = 0; page < N; page++)
			machine_write(i, page, 1);
		scan();
		assert_true(mmu_notifier_complete(NEED_ALL));
		assert_false(mmu_notifier_complete(NEED_ALL));
		machine_stop(0);
		machine_stop(1);
		end();
	}
}

/* --- The checker hears which of both is not flushed. */

static u64 violations_without_flush(u32 broken)
{
	const struct mutant *mutant = mutant_find("no-flush");
	struct policy policy = mutant_policy(mutant);
	u32 i;

	begin();
	for (i = 0; i < 2; i++)
		machine_make(i, i == broken ? &policy
					    : policy_find("change-pte"));
	if (broken < 2)
		mutant_arm(mutant, &machines[broken].ept);
	both_write(1);
	forked();
	host_write();
	for (i = 0; i < 2; i++)
		machine_stop(i);
	mutant_disarm();
	end();
	return check_count(RULE_O12);
}

static void test_one_is_not_flushed(void **state)
{
	(void)state;
	assert_int_equal(violations_without_flush(2), 0);
	assert_true(violations_without_flush(0) > 0);
	assert_true(violations_without_flush(1) > 0);
}

/* --- And each rule, of whichever VM: the other one's listener changes nothing. */

static void count_violations(const char *name, u32 broken, u64 *count)
{
	const struct mutant *mutant = mutant_find(name);
	struct policy policy = mutant_policy(mutant);
	u32 i;

	begin();
	for (i = 0; i < 2; i++)
		machine_make(i, i == broken ? &policy
					    : policy_find("change-pte"));
	mutant_arm(mutant, &machines[broken].ept);
	both_write(1);
	scan();
	do_fork();
	host_write();
	mm_put(child);
	child = NULL;
	discard();
	for (i = 0; i < 2; i++)
		machine_stop(i);
	mutant_disarm();
	end();
	for (i = 0; i < RULE_COUNT; i++)
		count[i] = check_count(i);
}

static void test_each_rule_of_either(void **state)
{
	static const struct {
		const char *mutant;
		enum rule rule;
		u64 count;
	} rows[] = {
		{ "no-flush", RULE_O2, 8 }, { "no-flush", RULE_O4, 2 },
		{ "no-flush", RULE_O5, 2 }, { "no-flush", RULE_O6, 8 },
		{ "no-flush", RULE_O12, 6 }, { "seq-none", RULE_O1, 10 },
	};
	u64 count[RULE_COUNT];
	u32 i, broken;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		for (broken = 0; broken < 2; broken++) {
			count_violations(rows[i].mutant, broken, count);
			assert_int_equal(count[rows[i].rule], rows[i].count);
		}
}

/* --- O53: W comes when both have the new frame, and no old translation. */

static struct {
	u32 moved[2];		/* S that have got another frame */
	bool owed[2];		/* and no flush since */
	u32 gains;
} seen;

/* Outside it has been asked to flush before it enters. */
static bool may_hold_old(u32 i)
{
	return seen.owed[i] && load_acquire(&cpus[i + 1].mode) != CPU_OUTSIDE;
}

static void hear(struct step_listener *listener,
		 const struct step_event *event)
{
	const struct spte_format *f = machines[0].ept.format;
	spte_t old = { event->from }, new = { event->to };
	u32 i;

	(void)listener;
	for (i = 0; i < 2; i++) {
		if (event->step == STEP_FLUSH &&
		    event->object == &machines[i].tlb)
			seen.owed[i] = false;
		if (event->step != STEP_SPTE ||
		    event->object != &machines[i].ept)
			continue;
		if (spte_pfn(old).n != spte_pfn(new).n) {
			seen.moved[i]++;
			seen.owed[i] = true;
		} else if (!spte_writable(f, old) && spte_writable(f, new)) {
			seen.gains++;
			assert_int_equal(seen.moved[0], seen.moved[1]);
			assert_false(may_hold_old(0) || may_hold_old(1));
		}
	}
}

static void test_write_comes_last(void **state)
{
	static const u32 rows[] = { ROW_CHANGE_PTE, ROW_UPGRADE_NOFLUSH,
				    ROW_BATCH, ROW_DEFER };
	struct step_listener listener = { .hear = hear };
	u32 a, b;

	(void)state;
	for (a = 0; a < array_count(rows); a++)
		for (b = 0; b < array_count(rows); b++) {
			begin();
			machine_start(0, rows[a]);
			machine_start(1, rows[b]);
			both_write(1);
			forked();
			memset(&seen, 0, sizeof(seen));
			step_listen(&listener);
			host_write();
			step_unlisten(&listener);
			assert_int_equal(seen.moved[0], N);
			assert_int_equal(seen.gains, 2 * N);
			both_read(2);
			machine_stop(1);
			machine_stop(0);
			end();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_one_leaves),
		cmocka_unit_test(test_one_owes),
		cmocka_unit_test(test_one_is_not_flushed),
		cmocka_unit_test(test_each_rule_of_either),
		cmocka_unit_test(test_write_comes_last),
	};

	return RUN(tests);
}
