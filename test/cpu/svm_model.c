#include "test/cpu/svm_model.h"

#include <string.h>
#include "arch/x86/machine.h"

#undef skip				/* cmocka's */

struct hvm_info hvm_info;

static u32 asid_count;
bool flush_by_asid;

struct msr msrs[] = {
	{ MSR_EFER, EFER_LME | EFER_NXE }, { MSR_VM_CR, 0 },
	{ MSR_VM_HSAVE_PA, 0 }, { 0, 0 },
};

struct leaf leaves[] = {
	{ 0x80000000, { .eax = 0x8000001f } },
	{ 0x8000000a, { 0 } },
	{ ~0u, { 0 } },
};

struct svm_cpu cpu[CPUS];
struct vmcb vmcbs[VCPUS];

u64 versions[ROOTS];

hpa_t root_at(u32 i)
{
	/* Far above 4 GiB, and equal in the lower half. */
	return (hpa_t){ (u64)(i + 1) << 36 | 0x7000 };
}

static u64 version_of(u64 root)
{
	u32 i;

	for (i = 0; i < ROOTS; i++)
		if (root_at(i).v == root)
			return versions[i];
	fail_msg("root %llx is nobody's", (unsigned long long)root);
	return 0;
}

struct next_exit next;
u8 flushed;

void svm_save_host(hpa_t host)
{
	cpu[cpu_id()].saved = host;
}

/* The fields that the CPU always reads, or writes: never clean. */
static void blank(struct vmcb *copy)
{
	copy->flush = 0;
	copy->clean = 0;
	copy->exit_code = copy->exit_code_high = 0;
	copy->exit_info1 = copy->exit_info2 = copy->next_rip = 0;
	copy->rax = copy->rip = copy->rsp = copy->rflags = 0;
}

static void check_clean(const struct vmcb *vmcb)
{
	u32 i = (u32)(vmcb - vmcbs);
	struct vmcb now = *vmcb;

	assert_int_equal(vmcb->clean & ~0xfffu, 0);
	if (!vmcb->clean)
		return;
	assert_true(cpu[cpu_id()].has_copy[i]);
	blank(&now);
	assert_memory_equal(&now, &cpu[cpu_id()].copies[i], sizeof(now));
}

static void drop(u8 control, u32 asid)
{
	u32 i;

	switch (control) {
	case FLUSH_NONE:
		return;
	case FLUSH_ALL:
		for (i = 0; i < ASIDS; i++)
			cpu[cpu_id()].tlb[i].valid = false;
		return;
	case FLUSH_ASID:
		assert_true(flush_by_asid);
		cpu[cpu_id()].tlb[asid].valid = false;
		return;
	default:
		fail_msg("TLB_CONTROL is %u", control);
	}
}

void svm_run(struct hvm_vcpu *vcpu, hpa_t control, hpa_t host)
{
	struct vmcb *vmcb = hpa_to_ptr(control);
	struct translation *t = &cpu[cpu_id()].tlb[vmcb->asid % ASIDS];

	assert_ptr_equal(vcpu->control, vmcb);
	assert_int_equal(host.v, cpu[cpu_id()].saved.v);
	flushed = vmcb->flush;
	vmcb->exit_code = next.exit_code;
	if (next.exit_code == EXIT_INVALID) {
		if (random() % 2)	/* it may flush all the same */
			drop(flushed, vmcb->asid);
		cpu[cpu_id()].has_copy[vmcb - vmcbs] = false;
		return;
	}
	/* APM vol. 2, 15.5.1: else VMRUN fails. */
	assert_in_range(vmcb->asid, 1, asid_count - 1);
	assert_true(vmcb->intercepts2 & INTERCEPT2_VMRUN);
	assert_true(vmcb->efer & EFER_SVME);
	assert_true(vmcb->nested_control & NESTED_PAGING);
	check_clean(vmcb);

	drop(flushed, vmcb->asid);
	if (t->valid) {
		assert_ptr_equal(t->owner, vcpu);
		assert_int_equal(t->root, vmcb->nested_root);
		assert_int_equal(t->version, version_of(vmcb->nested_root));
	}
	*t = (struct translation){ true, vcpu, vmcb->nested_root,
				   version_of(vmcb->nested_root) };
	vmcb->exit_info1 = next.info1;
	vmcb->exit_info2 = next.info2;
	vmcb->next_rip = next.next_rip;
	vmcb->rax++;
	cpu[cpu_id()].has_copy[vmcb - vmcbs] = true;
	cpu[cpu_id()].copies[vmcb - vmcbs] = *vmcb;
	blank(&cpu[cpu_id()].copies[vmcb - vmcbs]);
}

u8 host_pages[CPUS][PAGE_SIZE] __aligned(4096);
struct hvm_vcpu test_vcpus[VCPUS];

void probe(u32 edx)
{
	const char *why = NULL;

	leaves[1].id = (struct cpuid){ .ebx = asid_count, .edx = edx };
	flush_by_asid = edx & EDX_BY_ASID;
	assert_int_equal(svm_probe(&hvm_info, &why), 0);
	assert_null(why);
}

static void destroy_all(void)
{
	u32 i;

	for (i = 0; i < VCPUS; i++) {
		if (!test_vcpus[i].control)
			continue;
		fake_cpu(test_vcpus[i].bound_cpu);
		svm_backend.vcpu_destroy(&test_vcpus[i]);
	}
}

void power_on(u32 asids, u32 edx)
{
	u32 id;

	destroy_all();
	fake_reset(CPUS);
	memset(cpu, 0, sizeof(cpu));
	memset(&next, 0, sizeof(next));
	next.exit_code = EXIT_INTR;
	msrs[0].value = EFER_LME | EFER_NXE;
	msrs[1].value = 0;
	test_msrs = msrs;
	test_leaves = leaves;
	asid_count = asids;
	probe(EDX_NPT | edx);
	for (id = 0; id < CPUS; id++) {
		fake_cpu(id);
		assert_int_equal(svm_backend.cpu_enable(host_pages[id]), 0);
		assert_int_equal(*test_msr(MSR_VM_HSAVE_PA),
				 ptr_to_hpa(host_pages[id]).v);
	}
	assert_true(*test_msr(MSR_EFER) & EFER_SVME);
	assert_int_not_equal(cpu[0].saved.v, cpu[1].saved.v);
	fake_cpu(0);
}

void init_vcpu(u32 i, u32 root)
{
	/* A page that had another vCPU before is zeroed, as its caller does. */
	memset(&vmcbs[i], 0, sizeof(vmcbs[i]));
	assert_int_equal(svm_backend.vcpu_init(&test_vcpus[i], &vmcbs[i],
					       root_at(root), 0x400000,
					       0x500000, 0x600000), 0);
}
