/*
 * The VMX back end: what an exit tells, and an entry that is refused.
 */
#include "test/cpu/vmx_model.h"

static void test_exits(void **state)
{
	static const struct {
		u64 reason, field, value;
		enum hvm_exit_kind kind;
		u64 detail;		/* of FAULT: access */
	} rows[] = {
		{ REASON_EPT_VIOLATION, QUALIFICATION, 0x181, HVM_EXIT_FAULT,
		  HVM_READ },
		{ REASON_EPT_VIOLATION, QUALIFICATION, 0x1aa, HVM_EXIT_FAULT,
		  HVM_WRITE },
		{ REASON_EPT_VIOLATION, QUALIFICATION, 0x19c, HVM_EXIT_FAULT,
		  HVM_FETCH },
		{ REASON_EPT_VIOLATION, QUALIFICATION, 0x183, HVM_EXIT_FAULT,
		  HVM_READ | HVM_WRITE },
		{ REASON_CPUID, 0, 0, HVM_EXIT_CPUID, 77 },
		{ REASON_VMCALL, 0, 0, HVM_EXIT_HYPERCALL, 77 },
		{ REASON_INTERRUPT, 0, 0, HVM_EXIT_INTERRUPT, 77 },
		{ REASON_EVENT, EXIT_EVENT, 0x80000202, HVM_EXIT_NMI, 2 },
		{ REASON_EVENT, EXIT_EVENT, 0x80000b0e, HVM_EXIT_EXCEPTION,
		  14 },
		{ REASON_EVENT, EXIT_EVENT, 0x80000302, HVM_EXIT_EXCEPTION,
		  2 },
		{ REASON_TRIPLE_FAULT, 0, 0, HVM_EXIT_SHUTDOWN, 2 },
		{ REASON_HLT, 0, 0, HVM_EXIT_HLT, 12 },
		{ REASON_IO, QUALIFICATION, 0x10cfe0003, HVM_EXIT_IO, 0xcfe },
		{ REASON_RDMSR, 0, 0, HVM_EXIT_MSR, 0xc0000080 },
		{ REASON_WRMSR, 0, 0, HVM_EXIT_MSR, 0xc0000080 },
		{ REASON_PREEMPTION_TIMER, 0, 0, HVM_EXIT_INTERRUPT, 52 },
		{ REASON_EPT_MISCONFIG, 0, 0, HVM_EXIT_OTHER, 49 },
		{ 7, 0, 0, HVM_EXIT_OTHER, 7 },
		{ 28, 0, 0, HVM_EXIT_OTHER, 28 },
	};
	const u64 gpa = 0x123456789000;
	u32 i;

	(void)state;
	power_on();
	init_vcpu(0, 0);
	for (i = 0; i < array_count(rows); i++) {
		set(EXIT_REASON, rows[i].reason);
		set(GUEST_PHYSICAL, gpa);
		if (rows[i].field)
			set(rows[i].field, rows[i].value);
		test_vcpus[0].detail = 77;
		test_vcpus[0].gpa.v = 0;
		test_vcpus[0].regs.rcx = 0x1c0000080ull;
		vmx_backend.enter(&test_vcpus[0]);
		assert_int_equal(test_vcpus[0].kind, rows[i].kind);
		if (rows[i].kind == HVM_EXIT_FAULT)
			assert_int_equal(test_vcpus[0].access, rows[i].detail);
		else
			assert_int_equal(test_vcpus[0].detail, rows[i].detail);
		assert_int_equal(test_vcpus[0].gpa.v,
				 rows[i].kind == HVM_EXIT_FAULT ||
				 rows[i].reason == REASON_EPT_MISCONFIG ?
				 gpa : 0);
	}
}

static void test_refused(void **state)
{
	(void)state;
	power_on();
	init_vcpu(0, 0);
	failure = VMX_FAIL_VALID;
	set(INSTRUCTION_ERROR, 7);
	vmx_backend.enter(&test_vcpus[0]);
	assert_int_equal(test_vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(test_vcpus[0].detail, 7);
	failure = VMX_FAIL_INVALID;
	vmx_backend.enter(&test_vcpus[0]);
	assert_int_equal(test_vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(test_vcpus[0].detail, 0);
	failure = 0;
	/* The guest's state was wrong: it was never launched. */
	set(EXIT_REASON, REASON_ENTRY_FAILED | 33);
	vmx_backend.enter(&test_vcpus[0]);
	assert_int_equal(test_vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(test_vcpus[0].detail, 0x80000021);
	assert_false(test_vcpus[0].launched);
	set(EXIT_REASON, REASON_CPUID);
	vmx_backend.enter(&test_vcpus[0]);
	assert_true(test_vcpus[0].launched);
	assert_int_equal(test_vcpus[0].kind, HVM_EXIT_CPUID);
}

/* After an NMI exit, and after no other, NMIs come again: host and guest. */
static void test_nmi(void **state)
{
	(void)state;
	power_on();
	init_vcpu(0, 0);
	set(EXIT_REASON, REASON_EVENT);
	set(EXIT_EVENT, 0x80000202);
	set(GUEST_INTERRUPTIBILITY, 0xf);
	vmx_backend.enter(&test_vcpus[0]);
	assert_int_equal(test_vcpus[0].kind, HVM_EXIT_NMI);
	assert_int_equal(cpu[0].nmis_unblocked, 1);
	assert_int_equal(vmread(GUEST_INTERRUPTIBILITY), 7);
	set(GUEST_INTERRUPTIBILITY, 3);
	vmx_backend.enter(&test_vcpus[0]);
	assert_int_equal(cpu[0].nmis_unblocked, 2);
	assert_int_equal(vmread(GUEST_INTERRUPTIBILITY), 3);

	set(GUEST_INTERRUPTIBILITY, 0xf);
	set(EXIT_EVENT, 0x80000b0e);
	vmx_backend.enter(&test_vcpus[0]);
	set(EXIT_REASON, REASON_INTERRUPT);
	vmx_backend.enter(&test_vcpus[0]);
	assert_int_equal(cpu[0].nmis_unblocked, 2);
	assert_int_equal(vmread(GUEST_INTERRUPTIBILITY), 0xf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nmi),
	};

	return RUN(tests);
}
