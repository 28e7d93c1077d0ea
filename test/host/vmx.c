/*
 * The VMX back end over a CPU that keeps translations by EPTP and VPID until
 * INVEPT, and has one current VMCS: no entry meets a translation that is
 * another vCPU's or older than a flush of its root, INVEPT is executed exactly
 * where it is owed, and each VMCS holds what the manual wants.
 */
#include "test/host/support.h"

#include <string.h>
#include "arch/x86/clock.h"
#include "arch/x86/hvm_backend.h"
#include "arch/x86/machine.h"
#include "arch/x86/vmx.h"
#include "test/cpu/cpu.h"

#undef skip			/* cmocka's */

#define CPUS		4
#define ROOTS		5
#define VCPUS		24
#define TRANSLATIONS	256
#define REVISION	0x2bu
#define CR4_VMXE	(1ull << 13)
#define FIXED0		0x80000121u	/* one more than the kernel sets */

struct hvm_info hvm_info;
const char vmx_exit[1];

/* --- The machine --- */

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

#define FIELDS		1024

struct vmcs {
	const void *region;
	u32 active_on;			/* CPU + 1; 0: none */
	bool launched;
	u64 value[FIELDS];
	bool written[FIELDS];
};

static struct vmcs vmcss[VCPUS];
static u8 regions[VCPUS][PAGE_SIZE] __aligned(4096);
static u8 host_pages[CPUS][PAGE_SIZE] __aligned(4096);
static struct hvm_vcpu vcpus[VCPUS];

struct translation {
	u64 root, vpid;			/* VPID 0: guest-physical only */
	const struct hvm_vcpu *owner;
	u64 version;
};

static struct {
	bool on;
	struct vmcs *current;
	struct translation tlb[TRANSLATIONS];
	u32 count;
	u32 nmis_unblocked;
} cpu[CPUS];

static bool fail_vmxon, fail_invept, fail_vmclear, fail_vmptrld;
static u64 failure;			/* of the next vmx_run() */
static u64 versions[ROOTS];		/* count up as a table changes */
static u64 invepts, loads;
static u64 gdt[8];

static hpa_t root_at(u32 i)
{
	/* Far above 4 GiB, and equal in the lower half. */
	return (hpa_t){ (u64)(i + 1) << 36 | 0x7000 };
}

static u32 root_of(u64 eptp)
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

/* Width, type and index of a field (SDM vol. 3, 24.11.2), all in 10 bits. */
static u32 slot_of(u64 field)
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

static void set(u64 field, u64 value)
{
	assert_true(vmwrite(field, value));
}

static void init_vcpu(u32 i, u32 root)
{
	memset(regions[i], 0, sizeof(regions[i]));
	vcpus[i].regs.rbx = 0x1234;
	vcpus[i].host_rsp = 0x5678;
	vcpus[i].launched = true;
	assert_int_equal(vmx_backend.vcpu_init(&vcpus[i], regions[i],
					       root_at(root), 0x1200000000,
					       0x3400000000, 0x5600000000), 0);
	assert_int_equal(vcpus[i].bound_cpu, cpu_id());
	assert_int_equal(vcpus[i].regs.rbx, 0x1234);
	assert_false(vcpus[i].launched);
	assert_int_equal(vcpus[i].host_rsp, 0);
	set(EXIT_REASON, REASON_INTERRUPT);
}

static void destroy_all(void)
{
	u32 i;

	for (i = 0; i < VCPUS; i++) {
		if (!vcpus[i].control)
			continue;
		fake_cpu(vcpus[i].bound_cpu);
		vmx_backend.vcpu_destroy(&vcpus[i]);
		assert_null(vcpus[i].control);
	}
}

static void machine(void)
{
	u32 i;

	for (i = 0; i < array_count(good); i++)
		*test_msr(good[i].number) = good[i].value;
	test_cr0 = (u32)KERNEL_CR0;
	test_cr3 = 0x7f00000000;
	test_cr4 = KERNEL_CR4;
}

static void power_on(void)
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

/* --- Which translations live --- */

static u64 counted(const char *name)
{
	const struct counter *c;

	for (c = __start_counters; c < __stop_counters; c++)
		if (!strcmp(c->name, name))
			return counter_sum(c);
	fail_msg("no counter %s", name);
	return 0;
}

static void enter(u32 i)
{
	vmx_backend.enter(&vcpus[i]);
	assert_int_equal(vcpus[i].kind, HVM_EXIT_INTERRUPT);
}

/* One INVEPT for each flush, of that root, on that CPU; one at the start. */
static void test_flush(void **state)
{
	u64 before, executed;

	(void)state;
	power_on();
	before = counted("invept_single");
	executed = invepts;
	init_vcpu(0, 0);
	init_vcpu(1, 1);
	enter(0);
	enter(1);
	assert_int_equal(invepts, executed + 2);
	assert_int_equal(cpu[0].count, 4);
	vmx_backend.flush_root(root_at(0));
	assert_int_equal(cpu[0].count, 2);
	assert_int_equal(cpu[0].tlb[0].root, root_at(1).v);
	assert_int_equal(invepts, executed + 3);
	assert_int_equal(counted("invept_single"), before + 3);
	enter(0);
	assert_int_equal(cpu[0].count, 4);
}

static bool owed[CPUS][ROOTS];

static bool in_use(u32 root)
{
	u32 i;

	for (i = 0; i < VCPUS; i++)
		if (vcpus[i].control &&
		    (vmcss[i].value[slot_of(EPTP)] & PAGE_MASK) ==
			    root_at(root).v)
			return true;
	return false;
}

/* A table changes; who has a VM on it will flush, and nobody else. */
static void change(u32 root)
{
	u32 id;

	versions[root]++;
	for (id = 0; id < CPUS && in_use(root); id++)
		owed[id][root] = true;
}

static void come_or_go(u32 i)
{
	u32 root = (u32)random() % ROOTS;

	if (vcpus[i].control) {
		fake_cpu(vcpus[i].bound_cpu);
		vmx_backend.vcpu_destroy(&vcpus[i]);
		return;
	}
	fake_cpu((u32)random() % CPUS);
	init_vcpu(i, root);
	owed[cpu_id()][root] = false;	/* it begins without any */
}

static void one_operation(void)
{
	u32 i = (u32)random() % VCPUS, what = (u32)random() % 16, root;
	u64 before = invepts;

	if (what < 3) {
		change((u32)random() % ROOTS);
		assert_int_equal(invepts, before);
	} else if (what < 4) {
		come_or_go(i);
		assert_int_equal(invepts, before + !!vcpus[i].control);
	} else if (vcpus[i].control) {
		fake_cpu(vcpus[i].bound_cpu);
		root = root_of(vmcss[i].value[slot_of(EPTP)]);
		if (owed[cpu_id()][root]) {
			vmx_backend.flush_root(root_at(root));
			assert_int_equal(invepts, ++before);
		}
		owed[cpu_id()][root] = false;
		enter(i);
		assert_int_equal(invepts, before);
	}
}

static void test_random(void **state)
{
	u32 round, n;

	(void)state;
	srandom(4);
	for (round = 0; round < 8; round++) {
		power_on();
		memset(owed, 0, sizeof(owed));
		if (round % 2)
			*test_msr(MSR_VMX_PROC2) = (u64)PROC2_EPT << 32;
		if (round / 2 % 2)
			hvm_info.accessed_dirty = !hvm_info.accessed_dirty;
		for (n = 0; n < 10000; n++)
			one_operation();
	}
}

/* 1 to 65535 and again; 0 would be the host's own translations. */
static void test_vpids(void **state)
{
	u64 last, now;
	u32 i;

	(void)state;
	power_on();
	init_vcpu(0, 0);
	last = vmread(VPID);
	for (i = 0; i < 0x10010; i++) {
		vmx_backend.vcpu_destroy(&vcpus[0]);
		init_vcpu(0, 0);
		now = vmread(VPID);
		assert_int_equal(now, last == 0xffff ? 1 : last + 1);
		last = now;
	}
}

static void flush_and_fail(void *arg)
{
	(void)arg;
	fail_invept = true;
	vmx_backend.flush_root(root_at(0));
}

static void load_and_fail(void *arg)
{
	init_vcpu(1, 0);
	fail_vmptrld = true;
	vmx_backend.enter(arg);
}

static void enter_elsewhere(void *arg)
{
	fake_cpu(1);
	vmx_backend.enter(arg);
}

static void destroy_elsewhere(void *arg)
{
	fake_cpu(1);
	vmx_backend.vcpu_destroy(arg);
}

static void write_nowhere(void *arg)
{
	(void)arg;
	fake_cpu(2);
	vmx_fill_vmcs(0, 0, 0, 0);
}

static void test_panics(void **state)
{
	(void)state;
	power_on();
	init_vcpu(0, 0);
	assert_true(fake_panics(flush_and_fail, NULL, "O12"));
	assert_true(fake_panics(load_and_fail, &vcpus[0], "vmptrld"));
	assert_true(fake_panics(enter_elsewhere, &vcpus[0], "bound_cpu"));
	assert_true(fake_panics(destroy_elsewhere, &vcpus[0], "bound_cpu"));
	assert_true(fake_panics(write_nowhere, NULL, "no VMCS field"));
	fail_invept = true;
	assert_int_equal(vmx_backend.vcpu_init(&vcpus[1], regions[1],
					       root_at(0), 0, 0, 0), -EINVAL);
	fail_invept = false;
	fail_vmclear = true;
	assert_int_equal(vmx_backend.vcpu_init(&vcpus[1], regions[1],
					       root_at(0), 0, 0, 0), -EINVAL);
	fail_vmclear = false;
}

/* --- The rest of it --- */

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
		vcpus[0].detail = 77;
		vcpus[0].gpa.v = 0;
		vcpus[0].regs.rcx = 0x1c0000080ull;
		vmx_backend.enter(&vcpus[0]);
		assert_int_equal(vcpus[0].kind, rows[i].kind);
		if (rows[i].kind == HVM_EXIT_FAULT)
			assert_int_equal(vcpus[0].access, rows[i].detail);
		else
			assert_int_equal(vcpus[0].detail, rows[i].detail);
		assert_int_equal(vcpus[0].gpa.v,
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
	vmx_backend.enter(&vcpus[0]);
	assert_int_equal(vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(vcpus[0].detail, 7);
	failure = VMX_FAIL_INVALID;
	vmx_backend.enter(&vcpus[0]);
	assert_int_equal(vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(vcpus[0].detail, 0);
	failure = 0;
	/* The guest's state was wrong: it was never launched. */
	set(EXIT_REASON, REASON_ENTRY_FAILED | 33);
	vmx_backend.enter(&vcpus[0]);
	assert_int_equal(vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(vcpus[0].detail, 0x80000021);
	assert_false(vcpus[0].launched);
	set(EXIT_REASON, REASON_CPUID);
	vmx_backend.enter(&vcpus[0]);
	assert_true(vcpus[0].launched);
	assert_int_equal(vcpus[0].kind, HVM_EXIT_CPUID);
}

/* They act on the vCPU that is meant, not on the one that ran last. */
static void test_others(void **state)
{
	(void)state;
	power_on();
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	vmcss[0].value[slot_of(GUEST_RIP)] = 0x1fffffffe;
	vmcss[0].value[slot_of(INSTRUCTION_LENGTH)] = 3;
	vmcss[1].value[slot_of(GUEST_RIP)] = 0x5000;
	vmx_backend.skip(&vcpus[0]);
	assert_int_equal(vmx_backend.rip(&vcpus[1]), 0x5000);
	assert_int_equal(vmx_backend.rip(&vcpus[0]), 0x200000001);
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
	vmx_backend.enter(&vcpus[0]);
	assert_int_equal(vcpus[0].kind, HVM_EXIT_NMI);
	assert_int_equal(cpu[0].nmis_unblocked, 1);
	assert_int_equal(vmread(GUEST_INTERRUPTIBILITY), 7);
	set(GUEST_INTERRUPTIBILITY, 3);
	vmx_backend.enter(&vcpus[0]);
	assert_int_equal(cpu[0].nmis_unblocked, 2);
	assert_int_equal(vmread(GUEST_INTERRUPTIBILITY), 3);

	set(GUEST_INTERRUPTIBILITY, 0xf);
	set(EXIT_EVENT, 0x80000b0e);
	vmx_backend.enter(&vcpus[0]);
	set(EXIT_REASON, REASON_INTERRUPT);
	vmx_backend.enter(&vcpus[0]);
	assert_int_equal(cpu[0].nmis_unblocked, 2);
	assert_int_equal(vmread(GUEST_INTERRUPTIBILITY), 0xf);
}

/* A VMCS is loaded where another was current, and nowhere else. */
static void test_loads(void **state)
{
	u64 before;

	(void)state;
	power_on();
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	before = loads;
	enter(1);
	assert_int_equal(loads, before);
	enter(0);
	enter(0);
	(void)vmx_backend.rip(&vcpus[0]);
	assert_int_equal(loads, before + 1);
	/* Another goes: this one stays current. */
	vmx_backend.vcpu_destroy(&vcpus[1]);
	enter(0);
	assert_int_equal(loads, before + 1);
	/* This one goes, and a new one comes to its place. */
	vmx_backend.vcpu_destroy(&vcpus[0]);
	init_vcpu(0, 0);
	enter(0);
	assert_int_equal(loads, before + 2);
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
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_vpids),
		cmocka_unit_test(test_panics),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_enable),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_nmi),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_vmcs),
		cmocka_unit_test(test_controls),
	};

	return RUN(tests);
}
