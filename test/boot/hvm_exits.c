/* Each kind of exit arrives as what it is, with what belongs to it. */
#include "test/boot/boot_test.h"
#include "test/boot/toy_vm.h"

static struct toy_vm vm;

static const struct expected_exit {
	enum hvm_exit_kind kind;
	u64 rax;
	u64 detail;		/* for the kinds that have one */
} expected[] = {
	{ HVM_EXIT_CPUID, 7, 0 },
	{ HVM_EXIT_HYPERCALL, 42, 0 },
	{ HVM_EXIT_IO, 42, 0x80 },
	{ HVM_EXIT_MSR, 42, 0x1b },
	{ HVM_EXIT_HLT, 42, 0 },
};

static int run_expected(void)
{
	size_t i;

	for (i = 0; i < array_count(expected); i++) {
		const struct expected_exit *e = &expected[i];

		EXPECT_EQUAL(toy_run(&vm), e->kind);
		EXPECT_EQUAL(vm.vcpu.regs.rax, e->rax);
		if (e->detail)
			EXPECT_EQUAL(vm.vcpu.detail, e->detail);
		hvm_skip(&vm.vcpu);
	}
	return BOOT_TEST_PASS;
}

/* The end of toy_exits: a change of CR4, then UD2, which stays UD2. */
static int run_to_exception(void)
{
	u64 rip;

	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_OTHER);
	hvm_skip(&vm.vcpu);
	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_EXCEPTION);
	EXPECT_EQUAL(vm.vcpu.detail, 6);
	rip = hvm_rip(&vm.vcpu);
	EXPECT_EQUAL(rip, TOY_CODE + (toy_exits_end - toy_exits) - 2);
	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_EXCEPTION);
	EXPECT_EQUAL(hvm_rip(&vm.vcpu), rip);
	return BOOT_TEST_PASS;
}

BOOT_TEST(hvm_exits)
{
	int result;

	EXPECT_EQUAL(toy_vm_init(&vm, toy_exits, toy_exits_end), 0);
	result = run_expected();
	if (result == BOOT_TEST_PASS)
		result = run_to_exception();
	toy_vm_destroy(&vm);
	return result;
}
