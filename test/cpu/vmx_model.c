#include "test/cpu/vmx_model.h"

#include <string.h>
#include "arch/x86/machine.h"

#undef skip			/* cmocka's */

#define REVISION	0x2bu
#define CR4_VMXE	(1ull << 13)
#define FIXED0		0x80000121u	/* one more than the kernel sets */

struct hvm_info hvm_info;
const char vmx_exit[1];

static struct msr msrs[] = {
	{ MSR_FEATURE_CONTROL, 0 }, { MSR_VMX_BASIC, 0 }, { MSR_VMX_MISC, 0 },
	{ MSR_VMX_CR0_FIXED0, FIXED0 }, { MSR_VMX_CR4_FIXED0, CR4_VMXE },
	{ MSR_VMX_PROC2, 0 }, { MSR_VMX_EPT_VPID_CAP, 0 },
	{ MSR_VMX_TRUE_PIN, 0 }, { MSR_VMX_TRUE_PROC, 0 },
	{ MSR_VMX_TRUE_EXIT, 0 }, { MSR_VMX_TRUE_ENTRY, 0 },
	{ MSR_FS_BASE, 0x1f00000000 }, { MSR_GS_BASE, 0x2f00000000 },
	{ 0x174, 0x3f }, { 0x175, 0x4f00000000 }, { 0x176, 0x5f00000000 },
	{ 0, 0 },
};

/* What every CPU since Nehalem has; the lower half must be 1. */
static const struct msr good[] = {
	{ MSR_FEATURE_CONTROL, FEATURE_LOCKED | FEATURE_VMX },
	{ MSR_VMX_BASIC, BASIC_TRUE_CONTROLS | BASIC_WRITE_BACK |
			 1ull << 31 | REVISION },
	{ MSR_VMX_MISC, 5 },
	{ MSR_VMX_PROC2, 0x62ull << 32 },
	{ MSR_VMX_EPT_VPID_CAP, 0x6304040 | 1 << 25 | 1 << 26 },
	{ MSR_VMX_TRUE_PIN, 0x7full << 32 | 0x16 },
	{ MSR_VMX_TRUE_PROC, 0xfff9fffeull << 32 | 0x04006172 },
	{ MSR_VMX_TRUE_EXIT, 0x1ffffffull << 32 | 0x36dfb },
	{ MSR_VMX_TRUE_ENTRY, 0x3ffffull << 32 | 0x11fb },
};

struct vmcs vmcss[VCPUS];
u8 regions[VCPUS][PAGE_SIZE] __aligned(4096);
u8 host_pages[CPUS][PAGE_SIZE] __aligned(4096);
struct hvm_vcpu test_vcpus[VCPUS];

struct vmx_cpu cpu[CPUS];

bool fail_vmxon, fail_invept, fail_vmclear, fail_vmptrld;
u64 failure;
u64 versions[ROOTS];
u64 invepts, loads;
u64 gdt[8];

hpa_t root_at(u32 i)
{
	/* Far above 4 GiB, and equal in the lower half. */
	return (hpa_t){ (u64)(i + 1) << 36 | 0x7000 };
}

u32 root_of(u64 eptp)
{
	u32 i;

	for (i = 0; i < ROOTS; i++)
		if (root_at(i).v == (eptp & PAGE_MASK))
			return i;
	fail_msg("EPTP %llx is nobody's", (unsigned long long)eptp);
	return 0;
}

static struct vmcs *vmcs_at(const void *region)
{
	u64 i = (u64)((const u8 *)region - regions[0]) / PAGE_SIZE;

	assert_true(i < VCPUS && (const u8 *)region == regions[i]);
	vmcss[i].region = region;
	return &vmcss[i];
}

bool vmxon(const void *region)
{
	if (fail_vmxon)
		return false;
	assert_int_equal(*(const u32 *)region, REVISION);
	assert_true(test_cr4 & CR4_VMXE);
	assert_int_equal(test_cr0 & FIXED0, FIXED0);
	assert_int_equal(*test_msr(MSR_FEATURE_CONTROL) & 5, 5);
	cpu[cpu_id()].on = true;
	return true;
}

bool vmclear(const void *region)
{
	struct vmcs *vmcs = vmcs_at(region);

	if (fail_vmclear)
		return false;
	assert_true(!vmcs->active_on || vmcs->active_on == cpu_id() + 1);
	if (cpu[cpu_id()].current == vmcs)
		cpu[cpu_id()].current = NULL;
	vmcs->active_on = 0;
	vmcs->launched = false;
	memset(vmcs->value, 0x5a, sizeof(vmcs->value));
	memset(vmcs->written, 0, sizeof(vmcs->written));
	return true;
}

bool vmptrld(const void *region)
{
	struct vmcs *vmcs = vmcs_at(region);

	loads++;
	if (fail_vmptrld)
		return false;
	assert_int_equal(*(const u32 *)region, REVISION);
	assert_true(!vmcs->active_on || vmcs->active_on == cpu_id() + 1);
	vmcs->active_on = cpu_id() + 1;
	cpu[cpu_id()].current = vmcs;
	return true;
}

bool invept(u64 type, u64 eptp)
{
	u32 i, kept = 0;

	invepts++;
	if (fail_invept)
		return false;
	assert_int_equal(type, 1);
	assert_int_equal(eptp, vmx_eptp(root_at(root_of(eptp))));
	for (i = 0; i < cpu[cpu_id()].count; i++)
		if (cpu[cpu_id()].tlb[i].root != (eptp & PAGE_MASK))
			cpu[cpu_id()].tlb[kept++] = cpu[cpu_id()].tlb[i];
	cpu[cpu_id()].count = kept;
	return true;
}

u32 slot_of(u64 field)
{
	assert_int_equal(field & ~0x6c7eull, 0);
	return (u32)(field >> 13 << 8 | (field >> 10 & 3) << 6 |
		     (field >> 1 & 63));
}

bool vmwrite(u64 field, u64 value)
{
	struct vmcs *vmcs = cpu[cpu_id()].current;

	if (!vmcs)
		return false;
	vmcs->value[slot_of(field)] = value;
	vmcs->written[slot_of(field)] = true;
	return true;
}

u64 vmread(u64 field)
{
	assert_non_null(cpu[cpu_id()].current);
	return cpu[cpu_id()].current->value[slot_of(field)];
}

void unblock_nmis(void)
{
	cpu[cpu_id()].nmis_unblocked++;
}

void store_tables(struct table_pointer *gdtr, struct table_pointer *idtr,
		  u16 *tr)
{
	/* A TSS at 0x12_3456_789a. */
	gdt[3] = 0x3400891000000067 | 0x789aull << 16 | 0x56ull << 32;
	gdt[4] = 0x12;
	*gdtr = (struct table_pointer){ 0x67, (u64)gdt };
	*idtr = (struct table_pointer){ 0xfff, 0x6f00000000 };
	*tr = SELECTOR_TSS | 3;
}

static void meet(const struct hvm_vcpu *vcpu, u64 root, u64 vpid)
{
	u64 version = versions[root_of(root)];
	struct translation *t;
	u32 i;

	for (i = 0; i < cpu[cpu_id()].count; i++) {
		t = &cpu[cpu_id()].tlb[i];
		if (t->root != root || (t->vpid && t->vpid != vpid))
			continue;
		assert_int_equal(t->version, version);
		if (t->vpid)
			assert_ptr_equal(t->owner, vcpu);
		if (t->vpid == vpid)
			return;
	}
	assert_true(i < TRANSLATIONS);
	cpu[cpu_id()].tlb[i] = (struct translation){
		root, vpid, vcpu, version,
	};
	cpu[cpu_id()].count++;
}

u64 vmx_run(struct hvm_vcpu *vcpu)
{
	struct vmcs *vmcs = cpu[cpu_id()].current;
	u64 eptp = vmread(EPTP), root = eptp & PAGE_MASK;
	bool has_vpid = vmread(PROC2_CONTROLS) & PROC2_VPID;

	assert_true(cpu[cpu_id()].on);
	assert_ptr_equal(vmcs->region, vcpu->control);
	if (failure)
		return failure;
	assert_int_equal(vcpu->launched, vmcs->launched);
	assert_int_equal(eptp & ~PAGE_MASK,
			 hvm_info.accessed_dirty ? 0x5e : 0x1e);
	assert_true(vmread(PROC2_CONTROLS) & PROC2_EPT);
	if (!(vmread(EXIT_REASON) & REASON_ENTRY_FAILED)) {
		vmcs->launched = true;
		meet(vcpu, root, 0);
		if (has_vpid) {
			assert_in_range(vmread(VPID), 1, 0xffff);
			meet(vcpu, root, vmread(VPID));
		}
	}
	return 0;
}

void set(u64 field, u64 value)
{
	assert_true(vmwrite(field, value));
}

void init_vcpu(u32 i, u32 root)
{
	memset(regions[i], 0, sizeof(regions[i]));
	test_vcpus[i].regs.rbx = 0x1234;
	test_vcpus[i].host_rsp = 0x5678;
	test_vcpus[i].launched = true;
	assert_int_equal(vmx_backend.vcpu_init(&test_vcpus[i], regions[i],
					       root_at(root), 0x1200000000,
					       0x3400000000, 0x5600000000), 0);
	assert_int_equal(test_vcpus[i].bound_cpu, cpu_id());
	assert_int_equal(test_vcpus[i].regs.rbx, 0x1234);
	assert_false(test_vcpus[i].launched);
	assert_int_equal(test_vcpus[i].host_rsp, 0);
	set(EXIT_REASON, REASON_INTERRUPT);
}

static void destroy_all(void)
{
	u32 i;

	for (i = 0; i < VCPUS; i++) {
		if (!test_vcpus[i].control)
			continue;
		fake_cpu(test_vcpus[i].bound_cpu);
		vmx_backend.vcpu_destroy(&test_vcpus[i]);
		assert_null(test_vcpus[i].control);
	}
}

void machine(void)
{
	u32 i;

	for (i = 0; i < array_count(good); i++)
		*test_msr(good[i].number) = good[i].value;
	test_cr0 = (u32)KERNEL_CR0;
	test_cr3 = 0x7f00000000;
	test_cr4 = KERNEL_CR4;
}

void power_on(void)
{
	const char *why = NULL;
	u32 id;

	test_msrs = msrs;
	destroy_all();
	fake_reset(CPUS);
	memset(cpu, 0, sizeof(cpu));
	fail_vmxon = fail_invept = fail_vmclear = fail_vmptrld = false;
	failure = 0;
	machine();
	assert_int_equal(vmx_probe(&hvm_info, &why), 0);
	for (id = 0; id < CPUS; id++) {
		fake_cpu(id);
		assert_int_equal(vmx_backend.cpu_enable(host_pages[id]), 0);
		assert_true(cpu[id].on);
	}
	fake_cpu(0);
}
