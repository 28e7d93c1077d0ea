/* Every register goes into the guest and comes out again, none is swapped. */
#include "test/boot/boot_test.h"
#include "test/boot/toy_vm.h"

#define REGISTER_COUNT	(sizeof(struct hvm_regs) / sizeof(u64))
#define ROUNDS		3

static struct toy_vm vm;

static u64 *registers(void)
{
	return (u64 *)&vm.vcpu.regs;
}

static u64 pattern(size_t i)
{
	return (i + 1) * 0x0101010101010100ull;
}

static int run_rounds(void)
{
	u64 round;
	size_t i;

	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_HYPERCALL);
	for (i = 0; i < REGISTER_COUNT; i++)
		registers()[i] = pattern(i);
	for (round = 1; round <= ROUNDS; round++) {
		hvm_skip(&vm.vcpu);
		EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_HYPERCALL);
		for (i = 0; i < REGISTER_COUNT; i++)
			EXPECT_EQUAL(registers()[i], pattern(i) + round);
	}
	return BOOT_TEST_PASS;
}

BOOT_TEST(hvm_registers)
{
	int result;

	EXPECT_EQUAL(toy_vm_init(&vm, toy_registers, toy_registers_end), 0);
	result = run_rounds();
	toy_vm_destroy(&vm);
	return result;
}
