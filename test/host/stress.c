/*
 * Everything at once, on four threads, under each policy: a host that reads
 * and writes, a guest that does, forks and discards, merging and migration.
 *
 * Each page has one writer at a time and a count of its writes: begun goes up
 * before a write and published after it, so a read that starts now must find
 * no less than what is published, and ends with no more than what has begun.
 */
#include "test/host/vm.h"

#include <time.h>
#include "mm/gup.h"
#include "mm/ksm.h"

enum {
	HOST_PAGES = 8,			/* 0 to 7: written by the host */
	GUEST_PAGES = 8,		/* 8 to 15: by the guest */
	SAME_PAGES = 8,			/* 16 to 23: by the host, all equal */
	LOST_PAGES = 4,			/* 24 to 27: written and discarded */
	FIRST_GUEST = HOST_PAGES,
	FIRST_SAME = FIRST_GUEST + GUEST_PAGES,
	FIRST_LOST = FIRST_SAME + SAME_PAGES,
	ALL_PAGES = FIRST_LOST + LOST_PAGES,
};

#define MS_A_POLICY	600	/* of CPU time, of all threads */

static u64 begun[ALL_PAGES], published[ALL_PAGES];
static bool stop;
static u32 wrong;
static u64 done[4];
static struct timespec started;
static __thread u64 random_state;

static u32 random_below(u32 n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 20) % n;
}

/* Each thread has had its turn, however busy the host is; or never will. */
static bool time_is_up(void)
{
	struct timespec now;
	long ms;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	ms = (now.tv_sec - started.tv_sec) * 1000 +
	     (now.tv_nsec - started.tv_nsec) / 1000000;
	return ms >= 100 * MS_A_POLICY ||
	       (ms >= MS_A_POLICY && READ_ONCE(done[1]) &&
		READ_ONCE(done[2]) && READ_ONCE(done[3]));
}

/* Who a value says it is: the page, or for equal pages the lot of them. */
static u64 identity(u64 page)
{
	return page < FIRST_SAME ? page + 1 : 100;
}

static u64 value_of(u64 page, u64 generation)
{
	return generation ? identity(page) << 32 | generation : 0;
}

static void complain(const char *who, u64 page, u64 low, u64 found, u64 high)
{
	if (atomic_add(&wrong, 1) < 5)
		print_error("%s, page %llu: found %llx, not in %llx to %llx\n",
			    who, (unsigned long long)page,
			    (unsigned long long)found,
			    (unsigned long long)value_of(page, low),
			    (unsigned long long)value_of(page, high));
}

static void check_value(const char *who, u64 page, u64 low, u64 found)
{
	u64 high = load_acquire(&begun[page]);

	if (page >= FIRST_LOST) {		/* it may be gone */
		if (found && found >> 32 != identity(page))
			complain(who, page, 0, found, high);
	} else if (found < value_of(page, low) ||
		   found > value_of(page, high)) {
		complain(who, page, low, found, high);
	}
}

static void host_read(u64 page)
{
	u64 low = load_acquire(&published[page]), value;

	if (fake_read(page_hva(page), &value))
		panic("a host read failed");
	check_value("host", page, low, value);
}

static void host_write(u64 page, u64 generation)
{
	store_release(&begun[page], generation);
	if (fake_write(page_hva(page), value_of(page, generation)))
		panic("a host write failed");
	store_release(&published[page], generation);
}

static void host_player(void)
{
	static u64 generation, same;
	u64 i;

	mm_switch(mm);
	for (i = 0; i % 64 || !time_is_up(); i++) {
		generation++;
		host_read(random_below(ALL_PAGES));
		host_write(random_below(HOST_PAGES), generation);
		if (i % 7 == 0)
			host_write(FIRST_LOST + random_below(LOST_PAGES),
				   generation);
		/* Seldom, so that they are found equal before. */
		if (i % 4096 == 0)
			same++;
		if (i % 4096 < 2 * SAME_PAGES && i % 2)
			host_write(FIRST_SAME + i % 4096 / 2, same + 1);
		fake_interrupts();
	}
	WRITE_ONCE(stop, true);
	done[0] += i;
	mm_switch(NULL);
}

static void guest_player(void)
{
	static u64 generation;
	u64 i, value, low;

	mm_switch(mm);
	for (i = 0; !READ_ONCE(stop); store_release(&done[1], ++i)) {
		u64 page = random_below(ALL_PAGES);

		low = load_acquire(&published[page]);
		if (fake_guest_read(&vcpus[0], page_gpa(page), &value))
			panic("a guest read failed");
		check_value("guest", page, low, value);

		page = FIRST_GUEST + random_below(GUEST_PAGES);
		generation++;
		store_release(&begun[page], generation);
		if (fake_guest_write(&vcpus[0], page_gpa(page),
				     value_of(page, generation)))
			panic("a guest write failed");
		store_release(&published[page], generation);
		if (i % 16 == 0)
			fake_guest_leave();
		fake_interrupts();
	}
	fake_guest_leave();
	mm_switch(NULL);
}

/* A child sees each page as it was at some moment of the fork. */
static void fork_and_look(void)
{
	u64 low[ALL_PAGES], value, page;
	struct mm *child;

	for (page = 0; page < ALL_PAGES; page++)
		low[page] = load_acquire(&published[page]);
	child = mm_fork(mm);
	if (!child)
		panic("no memory for a child");
	mm_switch(child);
	for (page = 0; page < ALL_PAGES; page++) {
		if (fake_read(page_hva(page), &value))
			panic("a child's read failed");
		check_value("child", page, low[page], value);
	}
	/* What it writes is its own. */
	page = random_below(FIRST_LOST);
	if (fake_write(page_hva(page), 0xbadull << 40))
		panic("a child's write failed");
	mm_switch(NULL);
	mm_put(child);
}

static void fork_player(void)
{
	u64 i;

	for (i = 0; !READ_ONCE(stop); store_release(&done[2], ++i)) {
		fork_and_look();
		mm_discard(mm, pages(FIRST_LOST, LOST_PAGES));
		fake_interrupts();
	}
}

static void merge_player(void)
{
	struct gup gup;
	u64 i;

	for (i = 0; !READ_ONCE(stop); store_release(&done[3], ++i)) {
		ksm_begin_pass();
		while (ksm_scan_next())
			fake_interrupts();
		if (!gup_fast(mm, page_hva(random_below(ALL_PAGES)), MM_READ,
			      &gup)) {
			(void)!mm_migrate(gup.frame);
			frame_put(gup.frame);
		}
		fake_interrupts();
	}
}

static void player(u32 id)
{
	static void (*const players[])(void) = {
		host_player, guest_player, fork_player, merge_player,
	};
	random_state = 88172645463325252ull + id;
	players[id]();
}

static void stress(const struct policy *policy)
{
	extern struct counter count_ksm_merged, count_cow_reuse;
	u64 merged = counter_sum(&count_ksm_merged);
	u64 reused = counter_sum(&count_cow_reuse);
	u32 i;

	fake_reset(4);
	fake_log_off();
	mm_switch(NULL);
	vm_start(policy, ALL_PAGES);
	fake_log_off();
	for (i = 0; i < ALL_PAGES; i++)
		begun[i] = published[i] = 0;
	for (i = 0; i < 4; i++)
		done[i] = 0;
	assert_int_equal(ksm_add(mm, pages(0, ALL_PAGES)), 0);
	stop = false;
	wrong = 0;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &started);
	fake_run(4, player);
	print_message("# %s: %llu host, %llu guest, %llu forks, %llu passes, "
		      "%llu merged, %llu taken over\n", policy->name,
		      (unsigned long long)done[0], (unsigned long long)done[1],
		      (unsigned long long)done[2], (unsigned long long)done[3],
		      (unsigned long long)(counter_sum(&count_ksm_merged) -
					   merged),
		      (unsigned long long)(counter_sum(&count_cow_reuse) -
					   reused));
	assert_int_equal(wrong, 0);
	for (i = 0; i < 4; i++)
		assert_true(done[i] > 0);
	ksm_exit();
	vm_stop();
}

static void test_stress(void **state)
{
	u32 i;

	for (i = 0; i < policy_count; i++) {
		assert_int_equal(setup(state), 0);
		stress(&policies[i]);
		assert_int_equal(teardown(state), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stress),
	};

	return RUN(tests);
}
