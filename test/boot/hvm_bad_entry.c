/* An entry that the hardware refuses is an exit like others, not a crash. */
#include "test/boot/boot_test.h"
#include "test/boot/toy_vm.h"

/* No CPU has so wide an address: SDM vol. 3, 26.3.1.1, the check of CR3. */
#define NOT_AN_ADDRESS	(1ull << 62)

/* Basic exit reason 33, with the bit of an entry that failed (appendix C). */
#define VMX_INVALID_GUEST_STATE	0x80000021u

/* Bochs' VMRUN takes any CR3, but no EFER without SVME: APM vol. 2, 15.5.1. */
#define VMCB_EFER		(0x4d0 / sizeof(u64))
#define SVM_INVALID		0xffffffffu

static struct toy_vm vm;

static int start_again(u64 cr3)
{
	toy_vm_destroy(&vm);
	return hvm_vcpu_init(&vm.vcpu, &vm.control, toy_root(&vm), TOY_CODE,
			     TOY_SHARED + PAGE_SIZE, cr3);
}

BOOT_TEST(hvm_bad_entry)
{
	EXPECT_EQUAL(toy_vm_init(&vm, toy_exits, toy_exits_end), 0);
	EXPECT_EQUAL(start_again(NOT_AN_ADDRESS), 0);
	if (hvm_info.format == HVM_NPT)
		vm.control.word[VMCB_EFER] = 0;
	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_BAD_ENTRY);
	EXPECT_EQUAL(vm.vcpu.detail, hvm_info.format == HVM_NPT ?
		     SVM_INVALID : VMX_INVALID_GUEST_STATE);

	/* The page, and the CPU, are as good as before. */
	EXPECT_EQUAL(start_again(TOY_TABLES), 0);
	EXPECT_EQUAL(toy_run(&vm), HVM_EXIT_CPUID);
	toy_vm_destroy(&vm);
	return BOOT_TEST_PASS;
}
