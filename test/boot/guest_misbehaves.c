/*
 * What a guest must not do ends its VM with a message that says what; the host
 * goes on, with all its memory, and the next VM works.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/clock.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "test/boot/guest_vm.h"

#define OUTSIDE		0xf0000000ull	/* of both slots */

static struct vm vm;

static const struct misdeed {
	enum guest_op op;
	u64 argument;
	const char *message;	/* its beginning */
} misdeeds[] = {
	{ GUEST_BAD_ACCESS, OUTSIDE,
	  "guest vcpu 0: access outside its memslots, gpa f0000000 at rip " },
	{ GUEST_BAD_HYPERCALL, 0x63,
	  "guest vcpu 0: unknown hypercall 63 at rip " },
	{ GUEST_BAD_TRIPLE, 0, "guest vcpu 0: exception 6 at rip " },
	{ GUEST_BAD_IO, 0x80, "guest vcpu 0: io 80 at rip " },
	{ GUEST_BAD_HLT, 0, "guest vcpu 0: hlt " },
	{ GUEST_OP_COUNT, 0, "guest vcpu 0: exception 6 at rip " },
};

static int commit_misdeed(const struct misdeed *m)
{
	EXPECT_EQUAL(guest_vm_do(&vm, m->op, m->argument), VCPU_FAILED);
	EXPECT(vm.failed);
	if (strncmp(vm.message, m->message, strlen(m->message))) {
		boot_test_explain(__FILE__, __LINE__, m->message);
		boot_test_explain(__FILE__, __LINE__, vm.message);
		return BOOT_TEST_FAIL;
	}
	return BOOT_TEST_PASS;
}

BOOT_TEST(guest_misbehaves)
{
	u64 free_before = frame_free_count();
	int result;
	size_t i;

	for (i = 0; i < array_count(misdeeds); i++) {
		EXPECT_EQUAL(guest_vm_create(&vm), 0);
		result = commit_misdeed(&misdeeds[i]);
		vm_destroy(&vm);
		EXPECT_PASS(result);
	}
	EXPECT_EQUAL(frame_free_count(), free_before);
	return BOOT_TEST_PASS;
}

/* It must stop at its deadline, wherever it runs. */
static int is_late(enum guest_op op, u32 ms)
{
	const struct misdeed misdeed = {
		op, 0, "guest vcpu 0: does not complete its command, ",
	};
	int result;

	EXPECT_EQUAL(guest_vm_create(&vm), 0);
	vm.vcpus[0].deadline = read_tsc() + ms * clock_ticks_per_ms;
	result = commit_misdeed(&misdeed);
	vm_destroy(&vm);
	return result;
}

BOOT_TEST(guest_exits_for_ever)
{
	return is_late(GUEST_BAD_EXITS, 10);
}

/* The back end makes it exit now and then: nobody else could, on one CPU. */
BOOT_TEST(guest_spins_alone)
{
	if (cpu_count > 1 || boot_test_under_hypervisor())
		return BOOT_TEST_SKIP;
	return is_late(GUEST_BAD_SPIN, 2000);
}

/* A guest that never leaves by itself and hears no interrupt. */
BOOT_TEST(guest_spins)
{
	const char *why = "stopped by the test";
	const char *message = "guest vcpu 0: stopped by the test";
	u64 free_before = frame_free_count(), start;
	int result;

	if (cpu_count < 2 || boot_test_under_hypervisor())
		return BOOT_TEST_SKIP;
	EXPECT_EQUAL(guest_vm_create(&vm), 0);
	guest_vm_start(&vm, GUEST_BAD_SPIN, 0);
	start = read_tsc();
	while (read_tsc() - start < 10 * clock_ticks_per_ms)
		cpu_pause();
	EXPECT(cpu_busy(vm.vcpus[0].home));
	vcpu_stop(&vm.vcpus[0], why);
	EXPECT(!cpu_busy(vm.vcpus[0].home));
	result = strcmp(vm.message, message);
	vm_destroy(&vm);
	EXPECT_EQUAL(result, 0);
	EXPECT_EQUAL(frame_free_count(), free_before);
	return BOOT_TEST_PASS;
}
