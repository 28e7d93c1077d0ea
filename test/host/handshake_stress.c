/*
 * The handshake on real threads: two vCPUs that run, two CPUs that change and
 * flush. Every order of its steps: test/explore/handshake_races.c.
 */
#include "test/host/support.h"

#include <sched.h>

#include "test/fake/second_level.h"

extern struct counter count_remote_tlb_flush;

static struct vcpu_tlb tlb, other_tlb;
static struct vcpu_tlb *const both[] = { &tlb, &other_tlb };

static const gpa_t gpa = { 0x5000 };
static struct second_level level;
static u32 stale;

static int no_fault(gpa_t where, u32 access)
{
	(void)where, (void)access;
	return -EFAULT;
}

#define ROUNDS	20000

static u64 published;	/* every read that begins from now on is not older */
static bool stop;
static u32 readers;	/* that have begun */

static void changer(u32 id)
{
	u32 i;

	if (id == 3) {
		/* Requests by a second flusher, who changes nothing. */
		while (!READ_ONCE(stop)) {
			handshake_flush_secondary(both, 2);
			handshake_flush_primary(15, (hva_t){ HVA_START });
		}
		return;
	}
	/* Else all is over before a thread of a busy host comes to read. */
	while (load_acquire(&readers) < 2)
		sched_yield();
	for (i = 0; i < ROUNDS / 10; i++) {
		struct frame *next = i % 2 ? level.ones : level.twos;

		__atomic_store_n((u64 *)frame_ptr(next), i + 3,
				 __ATOMIC_RELAXED);
		atomic_exchange(level.leaf, second_level_entry(next));
		handshake_flush_secondary(both, 2);
		store_release(&published, i + 3);
	}
	WRITE_ONCE(stop, true);
}

static void stress_player(u32 id)
{
	struct vcpu_tlb *mine = id ? &other_tlb : &tlb;
	u64 value, floor;
	u32 i = 0;

	if (id >= 2) {
		changer(id);
		return;
	}
	while (!READ_ONCE(stop)) {
		if (!(++i % 16)) {
			fake_guest_leave();
			fake_interrupts();
		}
		floor = load_acquire(&published);
		if (fake_guest_read(mine, gpa, &value) || value < floor)
			atomic_add(&stale, 1);
		if (i == 1)
			atomic_add(&readers, 1);
	}
	fake_guest_leave();
}

static void test_stress(void **state)
{
	(void)state;
	second_level_make(&level, gpa);
	fake_reset(4);
	fake_log_off();
	tlb = other_tlb = (struct vcpu_tlb){
		.handshake = &handshake_right, .root = level.root,
		.cpu = NO_CPU,
	};
	fake_guest_fault = no_fault;
	published = stale = readers = 0;
	stop = false;
	fake_run(4, stress_player);
	assert_int_equal(stale, 0);
	assert_true(counter_sum(&count_remote_tlb_flush) > 0);
	second_level_free(&level);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stress),
	};

	return RUN(tests);
}
