/*
 * T3a that is left for later, under batch and defer: each hazard of
 * docs/contract.md, section 6, that ends it, and what is none. The guest keeps
 * its translation of page 0 to the old frame all the while.
 */
#include "test/host/vm.h"

#include "mm/gup.h"
#include "mm/merge.h"

#define N		4
#define SHARED		100	/* outside the VM, equal to page 0 */
#define OTHER		101	/* the same again */
#define FREE_PAGE	102	/* never touched before */
#define VALUE		5

extern struct counter count_flush_skipped_deferred;
extern struct counter count_cow_copy, count_cow_reuse;

static struct frame *old, *new;		/* of page 0 */
static struct mm *child;

static void hold_pair(u64 page, u64 into, struct frame **a, struct frame **b)
{
	*a = frame_of(mm, page);
	*b = frame_of(mm, into);
	frame_get(*a);
	frame_get(*b);
}

/* One merge of a pass that goes on. */
static int merge(u64 page, u64 into)
{
	struct frame *frame, *shared;
	int err;

	hold_pair(page, into, &frame, &shared);
	err = merge_wrprotect(mm, page_hva(into), shared);
	if (!err)
		err = merge_page_in_pass(mm, page_hva(page), frame, shared);
	frame_put(frame);
	frame_put(shared);
	return err;
}

static bool guest_holds_0(void)
{
	u32 self = fake_cpu(1);
	bool holds = fake_guest_holds(ptr_to_hpa(vm.root), page_gpa(0));

	fake_cpu(self);
	return holds;
}

/* Page 0 is merged into SHARED; the guest caches what was there before. */
static void make_t3a_wait(const char *policy, bool forked)
{
	struct frame *shared;

	vm_start(policy_find(policy), N);
	guest_write_page(0, VALUE);
	write_page(SHARED, VALUE);
	write_page(OTHER, VALUE);
	child = forked ? mm_fork(mm) : NULL;
	hold_pair(0, SHARED, &old, &shared);
	new = shared;
	assert_int_equal(merge_wrprotect(mm, page_hva(SHARED), shared), 0);
	assert_int_equal(merge_wrprotect(mm, page_hva(0), old), 0);
	ept_complete(&vm);
	assert_int_equal(guest_read_page(0), VALUE);
	assert_int_equal(merge_page_in_pass(mm, page_hva(0), old, shared), 0);
	frame_put(old);
	frame_put(shared);
	assert_ptr_equal(frame_of(mm, 0), new);
	assert_true(guest_holds_0());
	assert_true(frame_is_kept(old));
	assert_true(frame_is_awaited(new));
	assert_int_equal(frame_refcount(old), forked ? 2 : 1);
	fake_log_clear();
}

static void end(void)
{
	vm_stop();
	assert_false(frame_is_awaited(new));
	if (child)
		mm_put(child);
	child = NULL;
}

/* --- What may happen to it. */

static void nothing(void)
{
}

static void read_it(void)
{
	struct gup gup;

	assert_int_equal(read_page(0), VALUE);
	assert_int_equal(read_page(SHARED), VALUE);
	assert_int_equal(gup_fast(mm, page_hva(0), MM_READ, &gup), 0);
	frame_put(gup.frame);
}

static void host_writes(void)
{
	write_page(0, 9);
}

static void guest_writes(void)
{
	guest_write_page(0, 9);
}

static void last_sharer_writes(void)
{
	mm_discard(mm, pages(SHARED, 1));	/* meets no S: nothing owed */
	assert_true(frame_is_kept(old));
	host_writes();
	assert_ptr_equal(frame_of(mm, 0), new);
}

static void unrelated_takeover(void)
{
	write_page(N + 1, 1);
	guest_write_page(2, 1);
	assert_ptr_not_equal(frame_of(mm, 2), new);
}

static void protect(void)
{
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
}

static void discard(void)
{
	mm_discard(mm, pages(0, 1));
}

static void discard_elsewhere(void)
{
	mm_discard(mm, pages(OTHER, 1));
}

static void fork_now(void)
{
	struct mm *second = mm_fork(mm);

	assert_non_null(second);
	mm_put(second);
}

static void merge_again(void)
{
	assert_int_equal(merge(0, OTHER), 0);
	assert_ptr_equal(frame_of(mm, 0), frame_of(mm, OTHER));
	assert_false(frame_is_kept(new));
}

static void migrate(struct frame *frame)
{
	frame_get(frame);
	assert_int_equal(mm_migrate(frame), 0);
	frame_put(frame);
}

static void migrate_new(void)
{
	migrate(new);
}

static void as_child(void (*fn)(void))
{
	mm_switch(child);
	fn();
	mm_switch(mm);
}

static void write_9(void)
{
	write_page(0, 9);
}

static void child_takes_over(void)
{
	u64 reused = counter_sum(&count_cow_reuse);

	as_child(write_9);
	assert_int_equal(counter_sum(&count_cow_reuse), reused + 1);
	assert_ptr_equal(frame_of(child, 0), old);
}

static void child_copies(void)
{
	u64 copied = counter_sum(&count_cow_copy);

	frame_get(old);			/* dropping one more is no use */
	as_child(write_9);
	frame_put(old);
	assert_int_equal(counter_sum(&count_cow_copy), copied + 1);
}

static void child_exits(void)
{
	mm_put(child);
	child = NULL;
	assert_int_equal(frame_refcount(old), 1);	/* not freed */
}

static void migrate_old(void)
{
	migrate(old);
	assert_ptr_not_equal(frame_of(child, 0), old);
}

static int merge_childs(void)
{
	struct frame *shared = frame_of(mm, SHARED);
	int err;

	frame_get(old);
	frame_get(shared);
	err = merge_page_in_pass(child, page_hva(0), old, shared);
	frame_put(shared);
	frame_put(old);
	return err;
}

static void merge_old(void)
{
	assert_int_equal(merge_childs(), 0);
}

/* O17: what is left when the quarantine has let go is a pin. */
static void merge_pinned_old(void)
{
	pte_t before = entry_of(child, 0);

	frame_get(old);
	assert_int_equal(merge_childs(), -EBUSY);
	assert_int_equal(entry_of(child, 0).v, before.v);
	frame_put(old);
}

static void allocation_fails(void)
{
	frame_fail_at(1);
	write_page(FREE_PAGE, 1);
}

static void allocation_for_migration_fails(void)
{
	struct frame *frame;

	write_page(FREE_PAGE, 1);
	frame = frame_of(mm, FREE_PAGE);
	frame_get(frame);
	frame_fail_at(1);
	assert_int_equal(mm_migrate(frame), 0);
	frame_put(frame);
}

static void memory_is_out(void)
{
	static struct frame *taken[20000];
	u32 n = 0, i;

	/* The last one is old, as soon as it is free. */
	while ((taken[n] = frame_alloc()))
		assert_true(++n < array_count(taken));
	assert_false(frame_is_kept(old));
	for (i = 0; i < n; i++)
		frame_put(taken[i]);
}

static void another_flush(void)
{
	guest_write_page(3, 1);
	migrate(frame_of(mm, 3));
}

static void complete(void)
{
	ept_complete(&vm);
}

static void pass_ends(void)
{
	mmu_notifier_complete(NEED_PASS_END);
}

/* The page of one merge alone is a whole pass. */
static void single_merge(void)
{
	struct frame *frame, *shared;

	hold_pair(OTHER, SHARED, &frame, &shared);
	assert_int_equal(merge_page(mm, page_hva(OTHER), frame, shared), 0);
	frame_put(frame);
	frame_put(shared);
}

enum { WAITS, SERVED };

static const struct hazard {
	const char *name;
	bool forked;		/* a child maps old */
	void (*happen)(void);
	u32 requests;		/* all of it, its own included */
	u32 after;
	u64 value;		/* that the guest reads then */
} hazards[] = {
	{ "nothing", false, nothing, 0, WAITS, VALUE },
	{ "reading, pinning", false, read_it, 0, WAITS, VALUE },
	{ "something elsewhere", false, unrelated_takeover, 0, WAITS, VALUE },
	{ "T7 without S", false, discard_elsewhere, 0, WAITS, VALUE },
	/* That change's own flush serves. */
	{ "T1, host", false, host_writes, 1, SERVED, 9 },
	{ "T1, guest", false, guest_writes, 1, SERVED, 9 },
	{ "T7", false, discard, 1, SERVED, 0 },
	{ "T6 of new", false, migrate_new, 1, SERVED, VALUE },
	{ "T3a again", false, merge_again, 1, SERVED, VALUE },
	/* Its own is skipped: S is read-only already. */
	{ "R3, protect", false, protect, 1, SERVED, VALUE },
	{ "R3, fork", false, fork_now, 1, SERVED, VALUE },
	/* New becomes writable. */
	{ "T2 of new", false, last_sharer_writes, 1, SERVED, 9 },
	/* Old is made writable, counted, freed. */
	{ "T2 of old", true, child_takes_over, 1, SERVED, VALUE },
	{ "T1 of old", true, child_copies, 0, WAITS, VALUE },
	{ "old unmapped", true, child_exits, 0, WAITS, VALUE },
	{ "T6 of old", true, migrate_old, 1, SERVED, VALUE },
	{ "T3a of old", true, merge_old, 1, SERVED, VALUE },
	{ "N3 of old, pinned", true, merge_pinned_old, 1, SERVED, VALUE },
	{ "an allocation fails", false, allocation_fails, 1, SERVED, VALUE },
	{ "a migration's allocation fails", false,
	  allocation_for_migration_fails, 1, SERVED, VALUE },
	{ "memory is out", false, memory_is_out, 1, SERVED, VALUE },
	{ "another flush", false, another_flush, 1, SERVED, VALUE },
	{ "the run ends", false, complete, 1, SERVED, VALUE },
};

static bool check(const struct hazard *h, const char *policy,
		  u64 requests, u32 expected, u32 after)
{
	bool waits = vm.pending.events;
	bool ok = requests == expected && waits == (after == WAITS) &&
		  frame_is_awaited(new) == waits && frame_is_kept(old) == waits;

	if (!ok)
		print_error("%s under %s: %llu requests, %s\n", h->name,
			    policy, (unsigned long long)requests,
			    waits ? "still waits" : "was served");
	return ok;
}

static bool try_hazard(void **state, const struct hazard *h,
		       const char *policy, u32 requests, u32 after)
{
	struct vm_counts before;
	bool ok;

	assert_int_equal(setup(state), 0);
	fake_log_off();
	make_t3a_wait(policy, h->forked);
	guest_inside();
	before = vm_counts();
	h->happen();
	ok = check(h, policy, vm_counts_since(before).requests, requests,
		   after);
	vm_check();
	assert_int_equal(guest_read_page(0), h->value);
	end();
	assert_int_equal(teardown(state), 0);
	return ok;
}

static void test_t3a_waits(void **state)
{
	static const char *const both[] = { "batch", "defer" };
	bool ok = true;
	u32 i, p;

	for (i = 0; i < array_count(hazards); i++)
		for (p = 0; p < array_count(both); p++)
			ok &= try_hazard(state, &hazards[i], both[p],
					 hazards[i].requests,
					 hazards[i].after);
	assert_true(ok);
}

/* Where the two differ. */
static void test_pass_end(void **state)
{
	static const struct hazard ends = {
		"the pass ends", false, pass_ends, 0, WAITS, VALUE,
	}, single = {
		"a merge alone", false, single_merge, 0, WAITS, VALUE,
	};

	assert_true(try_hazard(state, &ends, "batch", 1, SERVED));
	assert_true(try_hazard(state, &ends, "defer", 0, WAITS));
	assert_true(try_hazard(state, &single, "batch", 1, SERVED));
	assert_true(try_hazard(state, &single, "defer", 0, WAITS));
}

/* Owed = requests + skipped, whoever's flush it is that serves. */
static void test_skipped(void **state)
{
	u64 skipped = counter_sum(&count_flush_skipped_deferred);
	struct vm_counts before;

	(void)state;
	make_t3a_wait("defer", false);
	assert_int_equal(counter_sum(&count_flush_skipped_deferred), skipped);
	guest_write_page(1, VALUE);
	guest_write_page(2, VALUE);
	before = vm_counts();
	/* Two T4 and two T3a more; each T4 serves the T3a before it. */
	assert_int_equal(merge(1, SHARED), 0);
	assert_int_equal(merge(2, SHARED), 0);
	assert_int_equal(vm_counts_since(before).requests, 2);
	assert_int_equal(counter_sum(&count_flush_skipped_deferred),
			 skipped + 2);
	/* The last one gets a request of its own. */
	ept_complete(&vm);
	assert_int_equal(vm_counts_since(before).requests, 3);
	assert_int_equal(counter_sum(&count_flush_skipped_deferred),
			 skipped + 2);
	ept_complete(&vm);
	assert_int_equal(vm_counts_since(before).requests, 3);
	end();
}

/* A fault that has to add a table (T13 took it) allocates under ML. */
static void test_table_allocation(void **state)
{
	struct vm_counts before;

	(void)state;
	vm_start(policy_find("defer"), AREA_PAGES);
	guest_write_page(0, VALUE);
	write_page(1, VALUE);
	mm_discard(mm, pages(TABLE_ENTRIES, TABLE_ENTRIES));
	assert_int_equal(merge(0, 1), 0);
	assert_true(vm.pending.events);
	before = vm_counts();
	frame_fail_at(1);
	assert_int_equal(guest_read_page(TABLE_ENTRIES), 0);
	assert_int_equal(vm_counts_since(before).requests, 1);
	assert_false(vm.pending.events);
	vm_stop();
}

/* The frame is assumed to outlive what waits for it: INV-FREE says so. */
static void put_awaited(void *arg)
{
	(void)arg;
	frame_put(new);
}

static void test_awaited_is_never_freed(void **state)
{
	(void)state;
	make_t3a_wait("defer", false);
	mm_discard(mm, pages(SHARED, 1));
	assert_int_equal(frame_refcount(new), 1);
	assert_true(fake_panics(put_awaited, NULL, "INV-FREE"));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_t3a_waits),
		cmocka_unit_test(test_pass_end),
		TEST(test_skipped),
		TEST(test_table_allocation),
		TEST(test_awaited_is_never_freed),
	};

	return RUN(tests);
}
