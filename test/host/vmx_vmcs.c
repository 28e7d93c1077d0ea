/*
 * The VMX back end: which CPU will do, and each VMCS holds what the manual
 * wants.
 */
#include "test/cpu/vmx_model.h"

#include <string.h>
#include "arch/x86/clock.h"
#include "arch/x86/machine.h"

static void test_probe(void **state)
{
	static const struct {
		u32 msr;
		u64 clear;
		const char *why;
	} rows[] = {
		{ MSR_VMX_BASIC, BASIC_TRUE_CONTROLS, "TRUE control" },
		{ MSR_VMX_BASIC, 2ull << 50, "write-back memory" },
		{ MSR_VMX_TRUE_PIN, 1ull << 32, "could not be kicked" },
		{ MSR_VMX_TRUE_PIN, 8ull << 32, "could not be kicked" },
		{ MSR_VMX_TRUE_PROC, 0x80ull << 32, "HLT or I/O" },
		{ MSR_VMX_TRUE_PROC, 1ull << 56, "HLT or I/O" },
		{ MSR_VMX_TRUE_PROC, 1ull << 63, "secondary" },
		{ MSR_VMX_TRUE_EXIT, 0x200ull << 32, "64-bit host" },
		{ MSR_VMX_TRUE_ENTRY, 0x200ull << 32, "64-bit guests" },
		{ MSR_VMX_PROC2, 2ull << 32, "no EPT" },
		{ MSR_VMX_EPT_VPID_CAP, 1 << 6, "4-level" },
		{ MSR_VMX_EPT_VPID_CAP, 1 << 14, "write-back tables" },
		{ MSR_VMX_EPT_VPID_CAP, 1 << 20, "INVEPT" },
		{ MSR_VMX_EPT_VPID_CAP, 1 << 25, "INVEPT" },
		{ MSR_VMX_EPT_VPID_CAP, 1 << 26, "INVEPT" },
		{ MSR_FEATURE_CONTROL, FEATURE_VMX, "firmware" },
	};
	const char *why;
	u32 i;

	(void)state;
	power_on();
	for (i = 0; i < array_count(rows); i++) {
		machine();
		*test_msr(rows[i].msr) &= ~rows[i].clear;
		why = NULL;
		assert_int_equal(vmx_probe(&hvm_info, &why), -ENODEV);
		if (!strstr(why, rows[i].why))
			fail_msg("row %u: %s", i, why);
	}
	machine();
	*test_msr(MSR_VMX_EPT_VPID_CAP) &= ~EPT_CAP_ACCESSED_DIRTY;
	assert_int_equal(vmx_probe(&hvm_info, &why), 0);
	assert_false(hvm_info.accessed_dirty);
	assert_int_equal(vmx_eptp(root_at(3)), root_at(3).v | 0x1e);
	machine();
	assert_int_equal(vmx_probe(&hvm_info, &why), 0);
	assert_true(hvm_info.accessed_dirty);
	assert_int_equal(vmx_eptp(root_at(3)), root_at(3).v | 0x5e);
	assert_int_equal(hvm_info.format, HVM_EPT);
	assert_string_equal(hvm_info.name, "vmx");
	assert_false(hvm_info.vmmcall);
}

static void test_enable(void **state)
{
	(void)state;
	power_on();
	/* Unlocked by the firmware: we lock it, on. */
	*test_msr(MSR_FEATURE_CONTROL) = 0;
	assert_int_equal(vmx_backend.cpu_enable(host_pages[0]), 0);
	assert_int_equal(*test_msr(MSR_FEATURE_CONTROL), 5);
	/* Locked off. */
	machine();
	*test_msr(MSR_FEATURE_CONTROL) = FEATURE_LOCKED;
	assert_int_equal(vmx_backend.cpu_enable(host_pages[0]), -ENODEV);
	assert_int_equal(test_cr4, KERNEL_CR4);
	/* VMXON fails: as it was. */
	machine();
	fail_vmxon = true;
	assert_int_equal(vmx_backend.cpu_enable(host_pages[0]), -ENODEV);
	assert_int_equal(test_cr4, KERNEL_CR4);
	fail_vmxon = false;
}

/* Each field that the CPU looks at is written, and is what it must be. */
static void test_vmcs(void **state)
{
	static const struct {
		u64 field, value;
	} rows[] = {
		{ GUEST_ES, 0x10 }, { GUEST_CS, 8 }, { GUEST_SS, 0x10 },
		{ GUEST_DS, 0x10 }, { GUEST_FS, 0 }, { GUEST_GS, 0 },
		{ GUEST_LDTR, 0 }, { GUEST_TR, 0x18 },
		{ HOST_ES, 0x10 }, { HOST_CS, 8 }, { HOST_SS, 0x10 },
		{ HOST_DS, 0x10 }, { HOST_FS, 0 }, { HOST_GS, 0 },
		{ HOST_TR, 0x18 },
		{ EPTP, 0x400000705e }, { LINK_POINTER, ~0ull },
		{ GUEST_DEBUGCTL, 0 },
		{ PIN_CONTROLS, 0x5f }, { PROC_CONTROLS, 0xa5986df2 },
		{ EXCEPTION_BITMAP, 0xffffffff }, { PF_ERROR_MASK, 0 },
		{ PF_ERROR_MATCH, 0 }, { CR3_TARGET_COUNT, 0 },
		{ EXIT_CONTROLS, 0x36ffb }, { EXIT_MSR_STORE_COUNT, 0 },
		{ EXIT_MSR_LOAD_COUNT, 0 }, { ENTRY_CONTROLS, 0x13fb },
		{ ENTRY_MSR_LOAD_COUNT, 0 }, { ENTRY_EVENT, 0 },
		{ PROC2_CONTROLS, 0x62 },
		{ GUEST_ES_LIMIT, 0xffffffff }, { GUEST_CS_LIMIT, 0xffffffff },
		{ GUEST_SS_LIMIT, 0xffffffff }, { GUEST_DS_LIMIT, 0xffffffff },
		{ GUEST_FS_LIMIT, 0 }, { GUEST_GS_LIMIT, 0 },
		{ GUEST_LDTR_LIMIT, 0 }, { GUEST_TR_LIMIT, 0x67 },
		{ GUEST_GDTR_LIMIT, 0 }, { GUEST_IDTR_LIMIT, 0 },
		{ GUEST_ES_RIGHTS, 0xc093 }, { GUEST_CS_RIGHTS, 0xa09b },
		{ GUEST_SS_RIGHTS, 0xc093 }, { GUEST_DS_RIGHTS, 0xc093 },
		{ GUEST_FS_RIGHTS, 0x10000 }, { GUEST_GS_RIGHTS, 0x10000 },
		{ GUEST_LDTR_RIGHTS, 0x10000 }, { GUEST_TR_RIGHTS, 0x8b },
		{ GUEST_INTERRUPTIBILITY, 0 }, { GUEST_ACTIVITY, 0 },
		{ GUEST_SYSENTER_CS, 0 }, { HOST_SYSENTER_CS, 0x3f },
		{ GUEST_PREEMPTION_TIMER, 31250000 },
		{ CR0_MASK, ~0ull }, { CR4_MASK, ~0ull },
		{ CR0_SHADOW, 0x80010133 }, { CR4_SHADOW, 0x2020 },
		{ GUEST_CR0, 0x80010133 }, { GUEST_CR3, 0x5600000000 },
		{ GUEST_CR4, 0x2020 },
		{ GUEST_ES_BASE, 0 }, { GUEST_CS_BASE, 0 },
		{ GUEST_SS_BASE, 0 }, { GUEST_DS_BASE, 0 },
		{ GUEST_FS_BASE, 0 }, { GUEST_GS_BASE, 0 },
		{ GUEST_LDTR_BASE, 0 }, { GUEST_TR_BASE, 0 },
		{ GUEST_GDTR_BASE, 0 }, { GUEST_IDTR_BASE, 0 },
		{ GUEST_DR7, 0x400 }, { GUEST_RSP, 0x3400000000 },
		{ GUEST_RIP, 0x1200000000 }, { GUEST_RFLAGS, 0x202 },
		{ GUEST_PENDING_DEBUG, 0 }, { GUEST_SYSENTER_ESP, 0 },
		{ GUEST_SYSENTER_EIP, 0 },
		{ HOST_CR0, 0x80010133 }, { HOST_CR3, 0x7f00000000 },
		{ HOST_CR4, 0x20a0 }, { HOST_FS_BASE, 0x1f00000000 },
		{ HOST_GS_BASE, 0x2f00000000 }, { HOST_TR_BASE, 0x123456789a },
		{ HOST_GDTR_BASE, (u64)-1 }, { HOST_IDTR_BASE, 0x6f00000000 },
		{ HOST_SYSENTER_ESP, 0x4f00000000 },
		{ HOST_SYSENTER_EIP, 0x5f00000000 }, { HOST_RIP, (u64)-1 },
	};
	struct vmcs *v = &vmcss[0];
	u32 i, written = 0;

	(void)state;
	power_on();
	init_vcpu(0, 3);
	for (i = 0; i < FIELDS; i++)
		written += v->written[i];
	/* These, the VPID, and what this test itself has set. */
	assert_int_equal(written, array_count(rows) + 2);
	for (i = 0; i < array_count(rows); i++) {
		u64 value = rows[i].value, slot = slot_of(rows[i].field);

		if (rows[i].field == HOST_RIP)
			value = (u64)vmx_exit;
		if (rows[i].field == HOST_GDTR_BASE)
			value = (u64)gdt;
		if (!v->written[slot] || v->value[slot] != value)
			fail_msg("field %llx is %llx",
				 (unsigned long long)rows[i].field,
				 (unsigned long long)v->value[slot]);
	}
}

/* What a CPU lacks is left out, what it insists on is set. */
static void test_controls(void **state)
{
	u64 ticks = clock_ticks_per_ms;

	(void)state;
	power_on();
	*test_msr(MSR_VMX_TRUE_PIN) = 0x3full << 32 | 0x36;
	*test_msr(MSR_VMX_PROC2) = 0x2ull << 32;
	init_vcpu(0, 0);
	assert_int_equal(vmread(PIN_CONTROLS), 0x3f);
	assert_false(vmcss[0].written[slot_of(GUEST_PREEMPTION_TIMER)]);
	assert_int_equal(vmread(PROC2_CONTROLS), 2);
	assert_false(vmcss[0].written[slot_of(VPID)]);

	/* A timer of 32 bits: as long as it can be, not what is left over. */
	machine();
	clock_ticks_per_ms = 20000000;
	*test_msr(MSR_VMX_MISC) = 0x1e0;	/* bits 4:0 count: shift 0 */
	init_vcpu(1, 0);
	assert_int_equal(vmread(GUEST_PREEMPTION_TIMER), 0xffffffff);
	*test_msr(MSR_VMX_MISC) = 0x1e2;
	init_vcpu(2, 0);
	assert_int_equal(vmread(GUEST_PREEMPTION_TIMER), 0xffffffff);
	*test_msr(MSR_VMX_MISC) = 0x1e3;
	init_vcpu(3, 0);
	assert_int_equal(vmread(GUEST_PREEMPTION_TIMER), 2500000000);
	clock_ticks_per_ms = ticks;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_enable),
		cmocka_unit_test(test_vmcs),
		cmocka_unit_test(test_controls),
	};

	return RUN(tests);
}
