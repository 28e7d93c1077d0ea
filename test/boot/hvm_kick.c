/*
 * A guest that never leaves by itself can be made to: by an interrupt, also one
 * that came before the entry, and by an NMI even if it runs with interrupts
 * off. The NMI works more than once.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/clock.h"
#include "arch/x86/lapic.h"
#include "arch/x86/wait.h"
#include "test/boot/toy_vm.h"

#define KICKS	4

static struct toy_vm vm;

static struct runner {
	const char *code, *code_end;
	enum hvm_exit_kind wanted;	/* exits of this kind are counted */
	u64 seen;
	u32 stop;
	int err;
	enum hvm_exit_kind last;
} runner;

/* The exits of a guest that does nothing wrong. */
static bool is_harmless(enum hvm_exit_kind kind)
{
	return kind == HVM_EXIT_INTERRUPT || kind == HVM_EXIT_NMI;
}

static void run_guest(void *arg)
{
	struct runner *r = arg;

	r->err = toy_vm_init(&vm, r->code, r->code_end);
	if (r->err)
		return;
	do {
		r->last = toy_enter(&vm);
		if (r->last == r->wanted)
			WRITE_ONCE(r->seen, r->seen + 1);
	} while (is_harmless(r->last) && !READ_ONCE(r->stop));
	toy_vm_destroy(&vm);
}

static void wait_for_guest(void)
{
	u64 start = toy_shared(&vm)->count;
	struct wait wait = wait_start("the guest to count");

	while (toy_shared(&vm)->count == start && cpu_busy(1))
		wait_spin(&wait);
	wait_end(&wait);
}

/* Kick until it shows: a kick that meets the CPU outside makes no exit. */
static void kick_once(void (*send)(void))
{
	u64 before = READ_ONCE(runner.seen), next = 0;
	struct wait wait = wait_start("a kick to end in an exit");

	while (READ_ONCE(runner.seen) == before && cpu_busy(1)) {
		if (read_tsc() >= next) {
			send();
			next = read_tsc() + 10 * clock_ticks_per_ms;
		}
		wait_spin(&wait);
	}
	wait_end(&wait);
}

static void send_interrupt(void)
{
	ipi_send(1, IPI_KICK);
}

static void send_nmi(void)
{
	ipi_send_nmi(1);
}

static int kick_guest(void (*send)(void), u32 kicks)
{
	u32 i;

	toy_shared(&vm)->count = 0;
	cpu_start(1, run_guest, &runner);
	for (i = 1; i <= kicks; i++) {
		wait_for_guest();
		if (i == kicks)
			WRITE_ONCE(runner.stop, 1);
		kick_once(send);
	}
	cpu_join(1, "the kicked guest to stop");
	EXPECT_EQUAL(runner.err, 0);
	EXPECT(runner.seen >= kicks);
	EXPECT(is_harmless(runner.last));
	return BOOT_TEST_PASS;
}

BOOT_TEST(hvm_kick_interrupt)
{
	if (cpu_count < 2)
		return BOOT_TEST_SKIP;
	runner = (struct runner){
		toy_count, toy_count_end, HVM_EXIT_INTERRUPT, 0, 0, 0, 0
	};
	return kick_guest(send_interrupt, KICKS);
}

/*
 * The host's interrupts are not the guest's to turn off. Once only: Bochs does
 * not see it so for a guest that is entered with interrupts off, and the second
 * entry would be one (hence the NMI in arch/x86/handshake.c).
 */
BOOT_TEST(hvm_kick_interrupt_deaf)
{
	if (cpu_count < 2 || boot_test_under_hypervisor())
		return BOOT_TEST_SKIP;
	runner = (struct runner){
		toy_count_deaf, toy_count_deaf_end, HVM_EXIT_INTERRUPT,
		0, 0, 0, 0
	};
	return kick_guest(send_interrupt, 1);
}

/*
 * A kick that arrives between the flusher's look at the mode and the entry:
 * interrupts are off, so it is pending, and the guest must not begin to run.
 */
BOOT_TEST(hvm_kick_pending)
{
	u64 count;
	u32 i;

	EXPECT_EQUAL(toy_vm_init(&vm, toy_count, toy_count_end), 0);
	for (i = 0; i < KICKS; i++) {
		toy_shared(&vm)->count = 0;
		interrupts_off();
		ipi_send(cpu_id(), IPI_KICK);
		hvm_enter(&vm.vcpu);
		count = toy_shared(&vm)->count;
		EXPECT(!interrupts_are_on());
		interrupts_on();
		EXPECT_EQUAL(vm.vcpu.kind, HVM_EXIT_INTERRUPT);
		EXPECT_EQUAL(count, 0);
	}
	toy_vm_destroy(&vm);
	return BOOT_TEST_PASS;
}

BOOT_TEST(hvm_kick_nmi)
{
	if (cpu_count < 2)
		return BOOT_TEST_SKIP;
	runner = (struct runner){
		toy_count, toy_count_end, HVM_EXIT_NMI, 0, 0, 0, 0
	};
	return kick_guest(send_nmi, KICKS);
}

BOOT_TEST(hvm_kick_nmi_deaf)
{
	if (cpu_count < 2 || boot_test_under_hypervisor())
		return BOOT_TEST_SKIP;
	runner = (struct runner){
		toy_count_deaf, toy_count_deaf_end, HVM_EXIT_NMI, 0, 0, 0, 0
	};
	return kick_guest(send_nmi, KICKS);
}
