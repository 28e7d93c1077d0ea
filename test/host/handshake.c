/*
 * When is a flush complete? Entry, exit and flush, row by row: the order of
 * their steps, who is kicked, who is spared, and what ends a wait.
 */
#include "test/host/support.h"

#include "arch/x86/clock.h"

extern struct counter count_kicks;
extern struct counter count_primary_ipis, count_primary_tlb_flush;

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

static int setup_machine(void **state)
{
	(void)state;
	fake_reset(3);
	fake_log_steps(FAKE_STEPS_ALL);
	reset_tlbs();
	return 0;
}

static int check_counters(void **state)
{
	(void)state;
	return fake_counters_agree() ? 0 : -1;
}

static void enter_on(u32 id, struct vcpu_tlb *which)
{
	u32 self = fake_cpu(id);

	fake_guest_enter(which);
	fake_cpu(self);
}

static void leave_on(u32 id)
{
	u32 self = fake_cpu(id);

	fake_guest_leave();
	fake_cpu(self);
}

/* --- Scripted rows. */

static void test_enter_exit(void **state)
{
	(void)state;
	fake_guest_enter(&tlb);
	assert_int_equal(cpus[0].mode, CPU_INSIDE);
	assert_log("E1 E2 E3");
	fake_guest_leave();
	assert_int_equal(cpus[0].mode, CPU_OUTSIDE);
	assert_log("X1 X2 X3");
}

static void test_request_served_at_entry(void **state)
{
	(void)state;
	handshake_flush_secondary(one, 1);
	handshake_flush_secondary(one, 1);
	assert_log("REQUEST REQUEST");		/* nobody inside: no kick */
	assert_int_equal(tlb.requested, 2);
	fake_guest_enter(&tlb);
	assert_log("E1 E2 FLUSH second E3");	/* one flush serves both */
	assert_int_equal(tlb.taken, 2);
	fake_guest_leave();
	fake_guest_enter(&tlb);
	assert_log("X1 X2 X3 E1 E2 E3");
}

static void test_kick_inside(void **state)
{
	u64 kicks = counter_sum(&count_kicks);

	(void)state;
	enter_on(1, &tlb);
	fake_log_clear();
	handshake_flush_secondary(one, 1);
	assert_log("REQUEST kick1 X1@1 X2@1 X3@1 KICK");
	assert_int_equal(counter_sum(&count_kicks), kicks + 1);
	enter_on(1, &tlb);
	assert_log("E1@1 E2@1 FLUSH@1 second@1 E3@1");
}

/* All requests are set, and all kicks sent, before anybody is waited for. */
static void test_kick_two(void **state)
{
	(void)state;
	enter_on(1, &tlb);
	enter_on(2, &other_tlb);
	fake_log_clear();
	handshake_flush_secondary(both, 2);
	assert_log("REQUEST kick1 X1@1 X2@1 X3@1 KICK "
		   "kick2 X1@2 X2@2 X3@2 KICK");
}

/* A vCPU flushes: its own request is set, and served at its own entry. */
static void test_requester_is_vcpu(void **state)
{
	(void)state;
	fake_guest_enter(&tlb);
	fake_guest_leave();
	enter_on(1, &other_tlb);
	fake_log_clear();
	handshake_flush_secondary(both, 2);
	assert_log("REQUEST kick1 X1@1 X2@1 X3@1 KICK");
	fake_guest_enter(&tlb);
	assert_log("E1 E2 FLUSH second E3");
}

/* It leaves and is back before the waiting looks: taken says so. */
static void reenter_at_once(enum ipi ipi)
{
	(void)ipi;
	fake_guest_leave();
	fake_guest_enter(&tlb);
}

static void test_quick_exit_and_entry(void **state)
{
	(void)state;
	enter_on(1, &tlb);
	fake_log_clear();
	fake_on_interrupt = reenter_at_once;
	handshake_flush_secondary(one, 1);
	assert_log("REQUEST kick1 X1@1 X2@1 X3@1 E1@1 E2@1 FLUSH@1 second@1 "
		   "E3@1 KICK");
	assert_int_equal(cpus[1].mode, CPU_INSIDE);
	assert_int_equal(tlb.taken, tlb.requested);
}

/* A guest with interrupts off that does not notice: an NMI, once. */
static void ignore_interrupt(enum ipi ipi)
{
	(void)ipi;
}

/* Half of the limit in arch/x86/wait.c. */
#define LONG_MS		10000

/* By the clock of CPU 0, which waits. */
static u64 nmi_at;

static void note_and_leave(void)
{
	u32 self = fake_cpu(0);

	nmi_at = read_tsc();
	fake_cpu(self);
	fake_guest_leave();
}

/* An IPI has enough time to be noticed. */
static void test_nmi_is_late(void **state)
{
	u64 start;

	(void)state;
	enter_on(1, &tlb);
	fake_on_interrupt = ignore_interrupt;
	fake_on_nmi = note_and_leave;
	start = read_tsc();
	handshake_flush_secondary(one, 1);
	assert_in_range((nmi_at - start) / clock_ticks_per_ms, LONG_MS,
			LONG_MS * 11 / 10);
}

static void test_nmi(void **state)
{
	(void)state;
	enter_on(1, &tlb);
	fake_log_clear();
	fake_on_interrupt = ignore_interrupt;
	handshake_flush_secondary(one, 1);
	assert_log("REQUEST kick1 KICK nmi1 X1@1 X2@1 X3@1");
}

static void ignore_nmi(void)
{
	static u32 nmis;

	if (nmis++)
		panic("a second NMI");
}

static void flush_one(void *arg)
{
	(void)arg;
	handshake_flush_secondary(one, 1);
}

/* O14: never in silence, and with one NMI only. */
static void test_bounded(void **state)
{
	(void)state;
	enter_on(1, &tlb);
	fake_on_interrupt = ignore_interrupt;
	fake_on_nmi = ignore_nmi;
	assert_true(fake_panics(flush_one, NULL, "a vCPU to leave the guest"));
	interrupts_off();
	assert_true(fake_panics(flush_one, NULL, "interrupts are off"));
	interrupts_on();
}

/* Another vCPU runs on the CPU where this one ran before. */
static void test_no_cpu(void **state)
{
	(void)state;
	enter_on(1, &tlb);
	leave_on(1);
	tlb.cpu = NO_CPU;
	enter_on(1, &other_tlb);
	fake_log_clear();
	handshake_flush_secondary(one, 1);
	assert_log("REQUEST");
	assert_int_equal(cpus[1].mode, CPU_INSIDE);
}

static void test_primary(void **state)
{
	u64 flushes = counter_sum(&count_primary_tlb_flush);

	(void)state;
	handshake_flush_primary(7, (hva_t){ HVA_START });
	assert_log("page primary1 PRIMARY@1 local@1 primary2 PRIMARY@2 "
		   "local@2");
	assert_int_equal(counter_sum(&count_primary_tlb_flush), flushes + 3);
	handshake_flush_primary(4, (hva_t){ FLUSH_ALL });
	assert_log("primary2 PRIMARY@2 local@2");
	handshake_flush_primary(1, (hva_t){ FLUSH_ALL });
	assert_log("local");
	handshake_flush_primary(0, (hva_t){ FLUSH_ALL });
	assert_log("");
}

/* N2: CPUs inside are left alone; X3 serves them. */
static void test_primary_spares_inside(void **state)
{
	u64 ipis = counter_sum(&count_primary_ipis);

	(void)state;
	enter_on(1, &tlb);
	fake_log_clear();
	handshake_flush_primary(7, (hva_t){ HVA_START });
	handshake_flush_primary(7, (hva_t){ HVA_START });
	assert_log("page primary2 PRIMARY@2 local@2 "
		   "page primary2 PRIMARY@2 local@2");
	assert_int_equal(counter_sum(&count_primary_ipis), ipis + 2);
	leave_on(1);
	assert_log("X1@1 X2@1 PRIMARY@1 local@1 X3@1");
	assert_int_equal(cpus[1].primary_taken, cpus[1].primary_requested);
}

/* A late IPI finds its request served. */
static void test_primary_served_once(void **state)
{
	u32 self;

	(void)state;
	handshake_flush_primary(2, (hva_t){ HVA_START });
	fake_log_clear();
	self = fake_cpu(1);
	handshake_primary_ipi();
	fake_cpu(self);
	assert_log("");
}

#define ROW(fn) \
	cmocka_unit_test_setup_teardown(fn, setup_machine, check_counters)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(test_enter_exit),
		ROW(test_request_served_at_entry),
		ROW(test_kick_inside),
		ROW(test_kick_two),
		ROW(test_requester_is_vcpu),
		ROW(test_quick_exit_and_entry),
		ROW(test_nmi),
		ROW(test_nmi_is_late),
		ROW(test_bounded),
		ROW(test_no_cpu),
		ROW(test_primary),
		ROW(test_primary_spares_inside),
		ROW(test_primary_served_once),
	};

	return RUN(tests);
}
