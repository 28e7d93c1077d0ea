/*
 * Second-level faults name the address and the access, go away when the right
 * is given (without a flush: what appears or is gained owes none), and leave
 * the accessed and dirty bits behind.
 */
#include "test/boot/boot_test.h"
#include "test/boot/toy_vm.h"

#define RETURN_INSTRUCTION	0xc3

enum toy_op { OP_READ, OP_WRITE, OP_CALL };

static struct toy_vm vm;
static struct toy_page page;

static const struct fault_case {
	u32 before;			/* rights that are too few */
	u32 after;
	enum toy_op op;
	u32 access;
	u32 marks;			/* A and D that the access leaves */
} cases[] = {
	{ 0, TOY_READ, OP_READ, HVM_READ, TOY_ACCESSED },
	{ 0, TOY_READ | TOY_WRITE, OP_WRITE, HVM_WRITE,
	  TOY_ACCESSED | TOY_DIRTY },
	{ TOY_READ, TOY_READ | TOY_WRITE, OP_WRITE, HVM_WRITE,
	  TOY_ACCESSED | TOY_DIRTY },
	{ 0, TOY_READ | TOY_EXECUTE, OP_CALL, HVM_FETCH, TOY_ACCESSED },
	{ TOY_READ, TOY_READ | TOY_EXECUTE, OP_CALL, HVM_FETCH, TOY_ACCESSED },
};

/*
 * A cached denial may cost one fault more: the hardware drops it then, so a
 * third is wrong.
 */
static enum hvm_exit_kind run_past_spurious(void)
{
	if (toy_run(&vm) == HVM_EXIT_FAULT)
		toy_run(&vm);
	return vm.vcpu.kind;
}

static int run_case(const struct fault_case *c)
{
	toy_map(&vm, TOY_DATA, &page, c->before);
	hvm_flush_root(toy_root(&vm));
	vm.vcpu.regs.rdi = c->op;
	vm.vcpu.regs.rax = 0x5a5a;
	hvm_skip(&vm.vcpu);
	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_FAULT);
	EXPECT_EQUAL(vm.vcpu.gpa.v, TOY_DATA);
	EXPECT_EQUAL(vm.vcpu.access, c->access);

	toy_map(&vm, TOY_DATA, &page, c->after);
	EXPECT_EQUAL(run_past_spurious(), HVM_EXIT_HYPERCALL);
	if (c->op == OP_READ)
		EXPECT_EQUAL(vm.vcpu.regs.rax, RETURN_INSTRUCTION);
	if (c->op == OP_WRITE)
		EXPECT_EQUAL(page.word[0], 0x5a5a);
	if (hvm_info.accessed_dirty)
		EXPECT_EQUAL(toy_marks(&vm, TOY_DATA), c->marks);
	return BOOT_TEST_PASS;
}

static int run_cases(void)
{
	size_t i;

	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_HYPERCALL);
	for (i = 0; i < array_count(cases); i++) {
		toy_fill(&page, RETURN_INSTRUCTION);
		EXPECT_PASS(run_case(&cases[i]));
	}
	return BOOT_TEST_PASS;
}

BOOT_TEST(hvm_faults)
{
	int result;

	EXPECT_EQUAL(toy_vm_init(&vm, toy_access, toy_access_end), 0);
	result = run_cases();
	toy_vm_destroy(&vm);
	return result;
}
