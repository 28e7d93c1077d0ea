/*
 * Both pictures of arch/x86/handshake.c in every order of their steps, and with
 * stores that the others see late; the same with the orders that the contract
 * forbids, which must be seen to fail; then all of it on real threads.
 */
#include "test/host/support.h"

#include "arch/x86/tlb.h"
#include "test/fake/explore.h"

extern struct counter count_remote_tlb_flush;

static struct vcpu_tlb tlb, other_tlb;

static struct vcpu_tlb *const one[] = { &tlb };
static struct vcpu_tlb *const both[] = { &tlb, &other_tlb };

static void reset_tlbs(void)
{
	tlb = (struct vcpu_tlb){
		.handshake = &handshake_right, .root = { 0x1000 },
		.cpu = NO_CPU,
	};
	other_tlb = (struct vcpu_tlb){
		.handshake = &handshake_right, .root = { 0x1000 },
		.cpu = NO_CPU,
	};
}

/*
 * Secondary: a vCPU on CPU 1 has cached a translation to a page of ones. CPU 0
 * changes the entry to a page of twos and flushes. From then on the guest must
 * not read 1.
 */

static const gpa_t gpa = { 0x5000 };
static struct frame *ept_tables[ROOT_LEVEL], *ones, *twos;
static u64 *leaf;
static bool flushed;
static u32 stale, hung;

static u64 ept_entry(const struct frame *frame, u64 rights)
{
	return pfn_to_hpa(frame_pfn(frame)).v | rights;
}

static void make_ept(void)
{
	u32 i;

	for (i = 0; i < ROOT_LEVEL; i++)
		ept_tables[i] = frame_alloc_zeroed();
	ones = frame_alloc();
	twos = frame_alloc();
	for (i = 0; i + 1 < ROOT_LEVEL; i++)
		*((u64 *)frame_ptr(ept_tables[i]) +
		  table_index(gpa.v, ROOT_LEVEL - i)) =
			ept_entry(ept_tables[i + 1], 7);
	leaf = (u64 *)frame_ptr(ept_tables[ROOT_LEVEL - 1]) +
	       table_index(gpa.v, 1);
	*(u64 *)frame_ptr(ones) = 1;
	*(u64 *)frame_ptr(twos) = 2;
}

static void free_ept(void)
{
	u32 i;

	for (i = 0; i < ROOT_LEVEL; i++)
		frame_put(ept_tables[i]);
	frame_put(ones);
	frame_put(twos);
}

static int no_fault(gpa_t where, u32 access)
{
	(void)where, (void)access;
	return -EFAULT;
}

static void (*enter_fn)(struct vcpu_tlb *tlb);
static void (*exit_fn)(void);
static void (*secondary_fn)(void);

static void guest_reads(void)
{
	bool must_be_new;
	u64 value = 0;

	fake_explore_point();
	must_be_new = flushed;
	if (fake_guest_read(&tlb, gpa, &value) || (must_be_new && value == 1))
		stale++;
}

static void before_secondary(void)
{
	fake_reset(2);
	fake_log_off();
	flushed = false;
	reset_tlbs();
	tlb.root = pfn_to_hpa(frame_pfn(ept_tables[0]));
	fake_guest_fault = no_fault;
	*leaf = ept_entry(ones, 7);
	fake_cpu(1);
	guest_reads();
	fake_guest_leave();
	fake_cpu(0);
	fake_enter = enter_fn;
	fake_exit = exit_fn;
}

static void change_and_flush(void)
{
	WRITE_ONCE(*leaf, ept_entry(twos, 7));
	fake_explore_point();
	secondary_fn();
	fake_explore_point();
	flushed = true;
}

/* Enters, reads, leaves, enters again, reads. */
static void guest_runs(void)
{
	fake_guest_enter(&tlb);
	guest_reads();
	fake_guest_leave();
	fake_explore_point();
	fake_guest_enter(&tlb);
	guest_reads();
	guest_reads();
	fake_guest_leave();
}

static const struct race secondary_race = {
	before_secondary, { change_and_flush, guest_runs }, 2, NULL,
};

static void secondary_right(void)
{
	handshake_flush_secondary(one, 1);
}

/* O12, entry-late: E3 before E1. */
static void enter_late(struct vcpu_tlb *which)
{
	u64 request = READ_ONCE(which->requested);

	fake_explore_point();
	if (request != which->taken) {
		WRITE_ONCE(which->taken, request);
		tlb_flush_secondary(which->root);
	}
	fake_explore_point();
	WRITE_ONCE(this_cpu()->mode, CPU_INSIDE);
	fake_explore_point();
}

/* O12, entry-nobarrier: E1's store may leave the store buffer after E3 has
 * read. */
static void enter_without_e2(struct vcpu_tlb *which)
{
	u64 request;

	WRITE_ONCE(this_cpu()->mode, CPU_INSIDE);
	fake_explore_point();
	request = READ_ONCE(which->requested);
	if (request != which->taken) {
		WRITE_ONCE(which->taken, request);
		tlb_flush_secondary(which->root);
	}
	fake_explore_point();
}

static void enter_without_e3(struct vcpu_tlb *which)
{
	WRITE_ONCE(this_cpu()->mode, CPU_INSIDE);
	fake_explore_point();
	WRITE_ONCE(which->taken, READ_ONCE(which->requested));
	fake_explore_point();
}

static bool is_inside(void)
{
	return tlb.cpu != NO_CPU &&
	       READ_ONCE(cpus[tlb.cpu].mode) == CPU_INSIDE;
}

/* O12, kick-nowait. */
static void flush_without_wait(void)
{
	atomic_add(&tlb.requested, 1);
	fake_explore_point();
	if (is_inside())
		ipi_send(tlb.cpu, IPI_KICK);
}

/* The mode is read before the request is set. */
static void flush_request_last(void)
{
	bool inside = is_inside();
	u32 spins = 0;

	fake_explore_point();
	atomic_add(&tlb.requested, 1);
	if (!inside)
		return;
	ipi_send(tlb.cpu, IPI_KICK);
	while (is_inside() && spins++ < 20)
		cpu_pause();
}

/* Waiting for OUTSIDE alone misses the quick exit and entry. */
static void flush_wait_outside(void)
{
	u32 spins = 0;

	atomic_add(&tlb.requested, 1);
	fake_explore_point();
	if (!is_inside())
		return;
	ipi_send(tlb.cpu, IPI_KICK);
	while (is_inside() && spins++ < 20)
		cpu_pause();
	hung += spins > 20;
}

static void test_secondary_orders(void **state)
{
	static const struct {
		const char *name;
		void (*enter)(struct vcpu_tlb *tlb);
		void (*flush)(void);
		bool goes_stale;
	} rows[] = {
		{ "as it is", handshake_enter, secondary_right, false },
		{ "entry-late", enter_late, secondary_right, true },
		{ "entry-nobarrier", enter_without_e2, secondary_right, true },
		{ "no E3", enter_without_e3, secondary_right, true },
		{ "kick-nowait", handshake_enter, flush_without_wait, true },
		{ "late request", handshake_enter, flush_request_last, true },
	};
	u32 i, schedules;

	(void)state;
	make_ept();
	exit_fn = handshake_exit;
	for (i = 0; i < array_count(rows); i++) {
		enter_fn = rows[i].enter;
		secondary_fn = rows[i].flush;
		stale = 0;
		schedules = fake_explore(&secondary_race, 4);
		print_message("# %s: %u schedules, %u stale\n", rows[i].name,
			      schedules, stale);
		assert_true(schedules > 50);
		assert_int_equal(stale != 0, rows[i].goes_stale);
	}
	free_ept();
}

/* The vCPU exits and enters without end while somebody waits. */
static void guest_bounces(void)
{
	u32 i;

	for (i = 0; i < 40; i++) {
		guest_reads();
		fake_guest_leave();
		fake_guest_enter(&tlb);
		cpu_pause();
	}
	fake_guest_leave();
}

static const struct race bounce_race = {
	before_secondary, { change_and_flush, guest_bounces }, 2, NULL,
};

static void test_waiting_for_outside_hangs(void **state)
{
	(void)state;
	make_ept();
	enter_fn = handshake_enter;
	exit_fn = handshake_exit;
	secondary_fn = flush_wait_outside;
	hung = 0;
	fake_explore(&bounce_race, 1);
	assert_true(hung > 0);

	secondary_fn = secondary_right;
	stale = 0;
	fake_explore(&bounce_race, 1);	/* a wait without end would panic */
	assert_int_equal(stale, 0);
	free_ept();
}

/*
 * Primary: CPU 1 has cached a host translation, and then entered the guest.
 * CPU 0 empties P and flushes. From then on CPU 1 must not reach the old frame
 * when it is back in the host.
 */
static void (*primary_fn)(void);
static bool mode_is_inside_first;

static void before_primary(void)
{
	u32 self;

	fake_reset(2);
	fake_log_off();
	reset_tlbs();
	mm_switch(NULL);
	mm_switch(mm);
	write_page(0, 1);
	self = fake_cpu(1);
	mm_switch(mm);
	assert_int_equal(read_page(0), 1);
	fake_enter = handshake_enter;
	fake_exit = exit_fn;
	if (mode_is_inside_first)
		fake_guest_enter(&tlb);
	fake_cpu(self);
	flushed = false;
}

static void after_primary(void)
{
	mm_discard(mm, pages(0, 1));
	fake_cpu(1);
	mm_switch(NULL);
	fake_cpu(0);
}

static void primary_right(void)
{
	handshake_flush_primary(3, page_hva(0));
}

static void empty_and_flush(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));
	struct frame *old;

	spin_lock(hpt_lock(ptep));
	fake_explore_point();
	old = pfn_frame(pte_pfn(hpt_clear(ptep)));
	fake_explore_point();
	primary_fn();
	flushed = true;
	fake_explore_point();
	rmap_remove(old, ptep);
	frame_put(old);				/* filled with junk */
	spin_unlock(hpt_lock(ptep));
}

static void host_reads(void)
{
	bool must_be_new;
	u64 value;

	fake_explore_point();
	must_be_new = flushed;
	/* 1 before, 0 when it is mapped again, and never junk. */
	value = read_page(0);
	if (value > 1 || (must_be_new && value == 1))
		stale++;
}

static void leave_and_read(void)
{
	fake_guest_leave();
	host_reads();
	host_reads();
	fake_guest_enter(&tlb);
	fake_explore_point();
	fake_guest_leave();
	host_reads();
}

static const struct race primary_race = {
	before_primary, { empty_and_flush, leave_and_read }, 2, after_primary,
};

/* O12, exit-nobarrier: X3 may read before the others see X1. */
static void exit_without_x2(void)
{
	WRITE_ONCE(this_cpu()->mode, CPU_OUTSIDE);
	fake_explore_point();
	handshake_primary_ipi();
	fake_explore_point();
}

/* X3 before X1. */
static void exit_late(void)
{
	handshake_primary_ipi();
	fake_explore_point();
	WRITE_ONCE(this_cpu()->mode, CPU_OUTSIDE);
	fake_explore_point();
}

static void exit_without_x3(void)
{
	WRITE_ONCE(this_cpu()->mode, CPU_OUTSIDE);
	fake_explore_point();
}

static void primary_without_wait(void)
{
	atomic_add(&cpus[1].primary_requested, 1);
	tlb_flush_page(page_hva(0));
	fake_explore_point();
	if (READ_ONCE(cpus[1].mode) == CPU_OUTSIDE)
		ipi_send(1, IPI_PRIMARY);
}

static void primary_request_last(void)
{
	u32 mode = READ_ONCE(cpus[1].mode);
	u64 request;

	fake_explore_point();
	request = atomic_add(&cpus[1].primary_requested, 1);
	tlb_flush_page(page_hva(0));
	if (mode == CPU_INSIDE)
		return;
	ipi_send(1, IPI_PRIMARY);
	while (READ_ONCE(cpus[1].primary_taken) < request &&
	       READ_ONCE(cpus[1].mode) == CPU_OUTSIDE)
		cpu_pause();
}

static void test_primary_orders(void **state)
{
	static const struct {
		const char *name;
		void (*exit)(void);
		void (*flush)(void);
		bool goes_stale;
	} rows[] = {
		{ "as it is", handshake_exit, primary_right, false },
		{ "exit-late", exit_late, primary_right, true },
		{ "exit-nobarrier", exit_without_x2, primary_right, true },
		{ "no X3", exit_without_x3, primary_right, true },
		{ "no wait", handshake_exit, primary_without_wait, true },
		{ "late request", handshake_exit, primary_request_last, true },
	};
	u32 i, schedules;

	setup(state);
	for (i = 0; i < 2 * array_count(rows); i++) {
		u32 row = i / 2;

		mode_is_inside_first = i % 2;
		exit_fn = rows[row].exit;
		primary_fn = rows[row].flush;
		if (!mode_is_inside_first)
			stale = 0;
		schedules = fake_explore(&primary_race, 4);
		assert_true(schedules > 50);
		print_message("# %s: %u schedules, %u stale\n", rows[row].name,
			      schedules, stale);
		if (mode_is_inside_first)
			assert_int_equal(stale != 0, rows[row].goes_stale);
	}
	fake_counters_start();
	assert_int_equal(teardown(state), 0);
}

/* --- Threads: two vCPUs that run, two CPUs that change and flush. */

#define ROUNDS	20000

static u64 published;	/* every read that begins from now on is not older */
static bool stop;

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
	for (i = 0; i < ROUNDS / 10; i++) {
		struct frame *next = i % 2 ? ones : twos;

		__atomic_store_n((u64 *)frame_ptr(next), i + 3,
				 __ATOMIC_RELAXED);
		atomic_exchange(leaf, ept_entry(next, 7));
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
	}
	fake_guest_leave();
}

static void test_stress(void **state)
{
	(void)state;
	make_ept();
	fake_reset(4);
	fake_log_off();
	reset_tlbs();
	tlb.root = other_tlb.root = pfn_to_hpa(frame_pfn(ept_tables[0]));
	fake_guest_fault = no_fault;
	*leaf = ept_entry(ones, 7);
	published = stale = 0;
	stop = false;
	fake_run(4, stress_player);
	assert_int_equal(stale, 0);
	assert_true(counter_sum(&count_remote_tlb_flush) > 0);
	free_ept();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secondary_orders),
		cmocka_unit_test(test_waiting_for_outside_hangs),
		cmocka_unit_test(test_primary_orders),
		cmocka_unit_test(test_stress),
	};

	return RUN(tests);
}
