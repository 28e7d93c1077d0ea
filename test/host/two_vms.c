/*
 * Two virtual machines over one address space, each under its own policy: what
 * happens to a page happens to both, as each one's row says (O16). All pairs,
 * so each policy is once the first listener and once the second.
 */
#include "test/host/pair.h"

#include "ept/walk.h"

/* --- Events: what is prepared, and what is measured. */

static void nothing(void)
{
}

static void protect_ro(void)
{
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
}

static void protected(void)
{
	protect_ro();
	pair_read(1);
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
	{ "T4, fork", nothing, pair_fork, 1,
	  { { 1, GONE }, { 1, GONE }, { 1, GONE }, { 1, RO }, { 1, RO },
	    { 1, RO }, { 1, RO } },
	  NULL },
	{ "T1, the host writes", pair_fork_and_read, pair_host_write, 2,
	  { { N, GONE }, { N, GONE }, { N, GONE }, { N, RW }, { N, RW },
	    { N, RW }, { N, RW } },
	  NULL },
	{ "T4 and T3a, merge", nothing, pair_scan, 1,
	  { { N, GONE }, { N, GONE }, { 2 * N - 1, RO }, { 2 * N - 1, RO },
	    { 2 * N - 1, RO }, { 2, RO }, { N, RO } }, NULL },
	{ "T2, takeover", pair_fork_and_exit, pair_host_write, 2,
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
	{ "T7, discard", nothing, pair_discard, 0, ALL(1, GONE), NULL },
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
	return event->happen == pair_scan && i == 0 &&
	       machines[0].row == ROW_DEFER &&
	       machines[1].ept.notifier.postpones;
}

static u32 leaf_kind(u32 i, u64 page)
{
	struct ept *ept = &machines[i].ept;
	spte_t s = spte_read(ept_walk(ept, gpa_to_gfn(machine_gpa(i, page))));

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
			    event->name, row_names[m->row],
			    row_names[machines[!i].row],
			    (unsigned long long)requests, leaf_kind(i, 0));
	return ok;
}

static bool run(const struct event *event, u32 first, u32 second)
{
	bool ok = true;
	u32 i;

	machine_start(0, first);
	machine_start(1, second);
	pair_write(1);
	event->prepare();
	for (i = 0; i < 2; i++)
		machines[i].requested = machines[i].tlb.requested;
	event->happen();
	for (i = 0; i < 2; i++)
		ok &= check(event, i);

	/* What one writes the other one reads, and neither reads old. */
	pair_read(event->value);
	if (event->happen != protect_ro) {
		machine_write(0, 0, 3);
		assert_int_equal(machine_read(1, 0), 3);
		machine_write(1, 1, 4);
		assert_int_equal(machine_read(0, 1), 4);
	}
	for (i = 0; i < 2; i++)
		machine_stop(i);
	return ok & pair_is_quiet();
}

static void test_pairs(void **state)
{
	u32 i, first, second;
	bool ok = true;

	(void)state;
	for (i = 0; i < array_count(events); i++)
		for (first = 0; first < ROW_COUNT; first++)
			for (second = 0; second < ROW_COUNT; second++) {
				pair_begin();
				ok &= run(&events[i], first, second);
				pair_end();
			}
	assert_true(ok);
}

/* One that goes away takes nothing of the other's with it. */
static void test_one_leaves(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		pair_begin();
		machine_start(0, ROW_CHANGE_PTE);
		machine_start(1, ROW_BRACKET);
		pair_write(1);
		machine_stop(i);
		pair_fork();
		assert_int_equal(machine_read(!i, 0), 1);
		write_page(0, 2);
		assert_int_equal(machine_read(!i, 0), 2);
		machine_stop(!i);
		pair_end();
	}
}

/* A flush of either VM is one that was owed, whoever is asked first. */
static void test_one_owes(void **state)
{
	u64 page;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		pair_begin();
		machine_start(0, ROW_DEFER);
		machine_start(1, ROW_DEFER);
		for (page = 0; page < N; page++)
			machine_write(i, page, 1);
		pair_scan();
		assert_true(mmu_notifier_complete(NEED_ALL));
		assert_false(mmu_notifier_complete(NEED_ALL));
		machine_stop(0);
		machine_stop(1);
		pair_end();
	}
}

/* What waits in either VM is complete before P gains W, whoever else keeps
 * frames. */
static void test_one_owes_at_upgrade(void **state)
{
	u64 requested;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		pair_begin();
		machine_start(0, ROW_DEFER);
		machine_start(1, ROW_DEFER);
		write_page(0, 1);
		machine_write(i, 1, 1);
		pair_scan();			/* page 1 gets another frame */
		requested = machines[i].tlb.requested;
		mm_discard(mm, pages(0, 1));
		assert_int_equal(machines[i].tlb.requested, requested);
		write_page(1, 2);		/* T2 */
		assert_int_equal(machines[i].tlb.requested, requested + 1);
		assert_int_equal(machine_read(i, 1), 2);
		machine_stop(0);
		machine_stop(1);
		assert_true(pair_is_quiet());
		pair_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_one_leaves),
		cmocka_unit_test(test_one_owes),
		cmocka_unit_test(test_one_owes_at_upgrade),
	};

	return RUN(tests);
}
