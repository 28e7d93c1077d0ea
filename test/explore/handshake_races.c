/*
 * Both pictures of arch/x86/handshake.c in every order of their accesses, and
 * with stores that the others see late; the same with the orders that the
 * contract forbids, which must be seen to fail.
 */
#include "test/explore/race.h"

#include "arch/x86/tlb.h"
#include "mm/hpt.h"
#include "mm/rmap.h"
#include "test/fake/fake.h"
#include "test/fake/second_level.h"

static struct vcpu_tlb tlb;
static struct vcpu_tlb *const one[] = { &tlb };
static bool flushed;

struct variant {
	struct handshake handshake;
	void (*flush)(void);
	bool begins_inside;
};

static const struct variant *variant(void)
{
	return race->variant;
}

static void reset_tlb(hpa_t root)
{
	tlb = (struct vcpu_tlb){
		.handshake = &handshake_right, .root = root, .cpu = NO_CPU,
	};
}

/*
 * Secondary: a vCPU on CPU 1 has cached a translation to a page of ones. CPU 0
 * changes the entry to a page of twos and flushes. From then on the guest must
 * not read 1.
 */

static const gpa_t gpa = { 0x5000 };
static struct second_level level;

static int no_fault(gpa_t where, u32 access)
{
	(void)where, (void)access;
	return -1;
}

static void guest_reads(void)
{
	bool must_be_new = load_acquire(&flushed);
	u64 value = 0;

	race_expect(!fake_guest_read(&tlb, gpa, &value), "the guest faults");
	if (must_be_new && value == 1)
		explore_found(FOUND_OUTCOME, "stale: the guest read 1");
}

static void build_secondary(void)
{
	race_build(2);
	second_level_make(&level, gpa);
	reset_tlb(level.root);
	fake_guest_fault = no_fault;
	fake_cpu(1);
	guest_reads();
	fake_guest_leave();
	fake_cpu(0);
	tlb.handshake = &variant()->handshake;
}

static void change_and_flush(void)
{
	WRITE_ONCE(*level.leaf, second_level_entry(level.twos));
	variant()->flush();
	store_release(&flushed, true);
}

/* Enters, reads, leaves, enters again, reads. */
static void guest_runs(void)
{
	fake_guest_enter(&tlb);
	guest_reads();
	fake_guest_leave();
	fake_guest_enter(&tlb);
	guest_reads();
	guest_reads();
	fake_guest_leave();
}

/* Enters again whenever it was made to leave, until the flush is complete. */
static void guest_bounces(void)
{
	do {
		guest_reads();
		cpu_pause();
	} while (!load_acquire(&flushed));
	guest_reads();
	fake_guest_leave();
}

static void flush_right(void)
{
	handshake_flush_secondary(one, 1);
}

/* O12, entry-late: E3 before E1. */
static void enter_late(struct vcpu_tlb *which)
{
	handshake_e3(which);
	WRITE_ONCE(this_cpu()->mode, CPU_INSIDE);
}

/* O12, entry-nobarrier: E1's store may leave the store buffer after E3 has
 * read. */
static void enter_without_e2(struct vcpu_tlb *which)
{
	WRITE_ONCE(this_cpu()->mode, CPU_INSIDE);
	handshake_e3(which);
}

static void enter_without_e3(struct vcpu_tlb *which)
{
	WRITE_ONCE(this_cpu()->mode, CPU_INSIDE);
	WRITE_ONCE(which->taken, READ_ONCE(which->requested));
}

static bool is_inside(void)
{
	u32 id = READ_ONCE(tlb.cpu);

	return id != NO_CPU && READ_ONCE(cpus[id].mode) == CPU_INSIDE;
}

/* O12, kick-nowait. */
static void flush_without_wait(void)
{
	atomic_add(&tlb.requested, 1);
	if (is_inside())
		ipi_send(tlb.cpu, IPI_KICK);
}

/* The mode is read before the request is set. */
static void flush_request_last(void)
{
	bool inside = is_inside();
	u64 request = atomic_add(&tlb.requested, 1);

	if (!inside)
		return;
	ipi_send(tlb.cpu, IPI_KICK);
	while (is_inside() && READ_ONCE(tlb.taken) < request)
		cpu_pause();
}

/* Waiting for OUTSIDE alone misses the quick exit and entry. */
static void flush_wait_outside(void)
{
	atomic_add(&tlb.requested, 1);
	if (!is_inside())
		return;
	ipi_send(tlb.cpu, IPI_KICK);
	while (is_inside())
		cpu_pause();
}

/*
 * Primary: CPU 1 has cached a host translation, and then entered the guest, or
 * not. CPU 0 empties P and flushes. From then on CPU 1 must not reach the old
 * frame when it is back in the host.
 */

static void build_primary(void)
{
	race_build(2);
	reset_tlb((hpa_t){ 0x1000 });
	write_word(0, 0, 1);
	fake_cpu(1);
	mm_switch(mm);
	race_expect(read_word(0, 0) == 1, "CPU 1 does not read 1");
	tlb.handshake = &variant()->handshake;
	if (variant()->begins_inside)
		fake_guest_enter(&tlb);
	fake_cpu(0);
}

static void empty_and_flush(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));
	struct frame *old;

	spin_lock(hpt_lock(ptep));
	old = pfn_frame(pte_pfn(hpt_clear(ptep)));
	variant()->flush();
	store_release(&flushed, true);
	rmap_remove(old, ptep);
	frame_put(old);				/* filled with junk */
	spin_unlock(hpt_lock(ptep));
}

static void host_reads(void)
{
	bool must_be_new = load_acquire(&flushed);
	/* 1 before, 0 when it is mapped again, and never junk. */
	u64 value = read_word(0, 0);

	if (value > 1 || (must_be_new && value == 1))
		explore_found(FOUND_OUTCOME, "stale: the host read %llx",
			      (unsigned long long)value);
}

static void leave_and_read(void)
{
	fake_guest_leave();
	host_reads();
	host_reads();
	fake_guest_enter(&tlb);
	fake_guest_leave();
	host_reads();
}

static void primary_right(void)
{
	handshake_flush_primary(3, page_hva(0));
}

/* O12, exit-nobarrier: X3 may read before the others see X1. */
static void exit_without_x2(void)
{
	WRITE_ONCE(this_cpu()->mode, CPU_OUTSIDE);
	handshake_primary_ipi();
}

/* X3 before X1. */
static void exit_late(void)
{
	handshake_primary_ipi();
	WRITE_ONCE(this_cpu()->mode, CPU_OUTSIDE);
}

static void exit_without_x3(void)
{
	WRITE_ONCE(this_cpu()->mode, CPU_OUTSIDE);
}

static void primary_without_wait(void)
{
	atomic_add(&cpus[1].primary_requested, 1);
	tlb_flush_page(page_hva(0));
	if (READ_ONCE(cpus[1].mode) == CPU_OUTSIDE)
		ipi_send(1, IPI_PRIMARY);
}

static void primary_request_last(void)
{
	u32 mode = READ_ONCE(cpus[1].mode);
	u64 request = atomic_add(&cpus[1].primary_requested, 1);

	tlb_flush_page(page_hva(0));
	if (mode == CPU_INSIDE)
		return;
	ipi_send(1, IPI_PRIMARY);
	while (READ_ONCE(cpus[1].primary_taken) < request &&
	       READ_ONCE(cpus[1].mode) == CPU_OUTSIDE)
		cpu_pause();
}

/* --- The rows. */

#define SECONDARY(text, enter_fn, flush_fn, what)			\
	{ .name = "secondary, " text, .build = build_secondary,	\
	  .cpus = { change_and_flush, guest_runs }, .judge = judge_secondary, \
	  .preemptions = 4, .finds = what,				\
	  .variant = &(const struct variant){				\
		{ enter_fn, handshake_exit }, flush_fn, false } }

#define BOUNCE(text, flush_fn, what)					\
	{ .name = "secondary, bounces, " text, .build = build_secondary, \
	  .cpus = { change_and_flush, guest_bounces },			\
	  .judge = judge_secondary, .preemptions = 3, .finds = what,	\
	  .variant = &(const struct variant){				\
		{ handshake_enter, handshake_exit }, flush_fn, false } }

#define PRIMARY(text, inside, exit_fn, flush_fn, what)			\
	{ .name = "primary, " text, .build = build_primary,		\
	  .cpus = { empty_and_flush, leave_and_read }, .judge = race_end, \
	  .preemptions = 4, .finds = what,				\
	  .variant = &(const struct variant){				\
		{ handshake_enter, exit_fn }, flush_fn, inside } }

static void judge_secondary(void)
{
	second_level_free(&level);
	race_end();
}

static const struct race races[] = {
	SECONDARY("as it is", handshake_enter, flush_right, NULL),
	SECONDARY("entry-late", enter_late, flush_right, "stale"),
	SECONDARY("entry-nobarrier", enter_without_e2, flush_right, "stale"),
	SECONDARY("no E3", enter_without_e3, flush_right, "stale"),
	SECONDARY("kick-nowait", handshake_enter, flush_without_wait, "stale"),
	SECONDARY("late request", handshake_enter, flush_request_last,
		  "stale"),
	BOUNCE("as it is", flush_right, NULL),
	BOUNCE("waits for OUTSIDE alone", flush_wait_outside, "deadlock"),
	PRIMARY("as it is", false, handshake_exit, primary_right, NULL),
	PRIMARY("as it is, from inside", true, handshake_exit, primary_right,
		NULL),
	PRIMARY("exit-late", false, exit_late, primary_right, "stale"),
	PRIMARY("exit-late, from inside", true, exit_late, primary_right,
		"stale"),
	PRIMARY("exit-nobarrier", false, exit_without_x2, primary_right,
		"stale"),
	PRIMARY("exit-nobarrier, from inside", true, exit_without_x2,
		primary_right, "stale"),
	PRIMARY("no X3", false, exit_without_x3, primary_right, "stale"),
	PRIMARY("no X3, from inside", true, exit_without_x3, primary_right,
		"stale"),
	PRIMARY("no wait", false, handshake_exit, primary_without_wait,
		"stale"),
	PRIMARY("no wait, from inside", true, handshake_exit,
		primary_without_wait, "stale"),
	PRIMARY("late request", false, handshake_exit, primary_request_last,
		"stale"),
	PRIMARY("late request, from inside", true, handshake_exit,
		primary_request_last, "stale"),
};

int main(void)
{
	return race_main(races, array_count(races));
}
