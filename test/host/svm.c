/*
 * The SVM back end over a CPU that keeps translations by ASID until VMRUN is
 * told to drop them, and what it was told is clean: with any number of ASIDs
 * no VMRUN meets a translation that is another vCPU's, another root's or older
 * than a flush of its root, and none drops what nobody asked for.
 */
#include "test/host/support.h"

#include <string.h>
#include "arch/x86/hvm_backend.h"
#include "arch/x86/machine.h"
#include "arch/x86/svm.h"
#include "test/cpu/cpu.h"

#undef skip				/* cmocka's */

#define CPUS		4
#define ASIDS		64		/* that a CPU may have here */
#define ROOTS		5
#define VCPUS		40
#define VERSION		16		/* what a CPU says at VMRUN */

#define FLUSH_NONE	0
#define FLUSH_ALL	1
#define FLUSH_ASID	3

struct hvm_info hvm_info;

/* --- The machine --- */

static u32 asid_count;
static bool flush_by_asid;

static struct msr msrs[] = {
	{ MSR_EFER, EFER_LME | EFER_NXE }, { MSR_VM_CR, 0 },
	{ MSR_VM_HSAVE_PA, 0 }, { 0, 0 },
};

#define EDX_NPT		(1u << 0)
#define EDX_NEXT_RIP	(1u << 3)
#define EDX_CLEAN	(1u << 5)
#define EDX_BY_ASID	(1u << 6)

static struct leaf leaves[] = {
	{ 0x80000000, { .eax = 0x8000001f } },
	{ 0x8000000a, { 0 } },
	{ ~0u, { 0 } },
};

/* One translation for each ASID stands for all of them. */
static struct {
	hpa_t saved;			/* by VMSAVE */
	struct translation {
		bool valid;
		const struct hvm_vcpu *owner;
		u64 root, version;
	} tlb[ASIDS];
	/* It may keep the content of each VMCB that it ran. */
	bool has_copy[VCPUS];
	struct vmcb copies[VCPUS];
} cpu[CPUS];

static struct vmcb vmcbs[VCPUS];

static u64 versions[ROOTS];		/* count up as a table changes */

static hpa_t root_at(u32 i)
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

/* What the next VMRUN does. */
static struct {
	u32 exit_code;
	u64 info1, info2, next_rip;
} next;

/* What the last VMRUN was told. */
static u8 flushed;

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

static u8 host_pages[CPUS][PAGE_SIZE] __aligned(4096);
static struct hvm_vcpu vcpus[VCPUS];

static void probe(u32 edx)
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
		if (!vcpus[i].control)
			continue;
		fake_cpu(vcpus[i].bound_cpu);
		svm_backend.vcpu_destroy(&vcpus[i]);
	}
}

static void power_on(u32 asids, u32 edx)
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

static void init_vcpu(u32 i, u32 root)
{
	/* A page that had another vCPU before is zeroed, as its caller does. */
	memset(&vmcbs[i], 0, sizeof(vmcbs[i]));
	assert_int_equal(svm_backend.vcpu_init(&vcpus[i], &vmcbs[i],
					       root_at(root), 0x400000, 0x500000,
					       0x600000), 0);
}

static u8 run(u32 i)
{
	svm_backend.enter(&vcpus[i]);
	return flushed;
}

static u64 counted(const char *name)
{
	const struct counter *c;

	for (c = __start_counters; c < __stop_counters; c++)
		if (!strcmp(c->name, name))
			return counter_sum(c);
	fail_msg("no counter %s", name);
	return 0;
}

/* --- Who owns an ASID --- */

/* Two vCPUs and one ASID: whoever comes in between is flushed away. */
static void test_takeover(void **state)
{
	(void)state;
	power_on(2, EDX_BY_ASID);
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	assert_int_equal(vmcbs[0].asid, 1);
	assert_int_equal(vmcbs[1].asid, 1);
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(0), FLUSH_NONE);
	assert_int_equal(run(1), FLUSH_ASID);
	assert_int_equal(run(1), FLUSH_NONE);
	assert_int_equal(run(0), FLUSH_ASID);
	/* A new one at the same place is not the old one. */
	svm_backend.vcpu_destroy(&vcpus[0]);
	assert_null(vcpus[0].control);
	init_vcpu(0, 0);
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(0), FLUSH_NONE);
	/* Who was not the last leaves no trace when it goes. */
	svm_backend.vcpu_destroy(&vcpus[1]);
	assert_int_equal(run(0), FLUSH_NONE);
}

/* As long as there are ASIDs, each vCPU of a CPU has its own. */
static void test_given(void **state)
{
	static const u32 counts[] = { 2, 3, 8, 15, 16, 17, ASIDS, 1 << 20 };
	u32 i, j, n;

	(void)state;
	for (i = 0; i < array_count(counts); i++) {
		bool given[17] = { false };

		power_on(counts[i], 0);
		n = counts[i] < 16 ? counts[i] : 16;
		for (j = 0; j < n - 1; j++) {
			init_vcpu(j, 0);
			assert_in_range(vmcbs[j].asid, 1, n - 1);
			assert_int_equal(given[vmcbs[j].asid], false);
			given[vmcbs[j].asid] = true;
			assert_int_equal(vcpus[j].bound_cpu, 0);
		}
		init_vcpu(j, 0);	/* one too many: again the first */
		assert_int_equal(vmcbs[j].asid, vmcbs[0].asid);
		fake_cpu(1);		/* which are of each CPU */
		init_vcpu(j + 1, 0);
		assert_in_range(vmcbs[j + 1].asid, 1, n - 1);
		assert_int_equal(vcpus[j + 1].bound_cpu, 1);
	}
}

/* A flush of a root is of all its ASIDs, on this CPU, once each. */
static void test_flush_root(void **state)
{
	u64 single, all;

	(void)state;
	power_on(16, EDX_BY_ASID);
	single = counted("tlb_control_single");
	all = counted("tlb_control_all");
	init_vcpu(0, 0);
	init_vcpu(1, 0);
	init_vcpu(2, 1);
	fake_cpu(1);
	init_vcpu(3, 0);
	assert_int_equal(run(3), FLUSH_ASID);
	fake_cpu(0);
	run(0), run(1), run(2);
	assert_int_equal(counted("tlb_control_single"), single + 4);

	svm_backend.flush_root(root_at(0));
	assert_int_equal(run(2), FLUSH_NONE);
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(0), FLUSH_NONE);
	assert_int_equal(run(1), FLUSH_ASID);
	assert_int_equal(run(1), FLUSH_NONE);
	fake_cpu(1);
	assert_int_equal(run(3), FLUSH_NONE);
	assert_int_equal(counted("tlb_control_single"), single + 6);
	assert_int_equal(counted("tlb_control_all"), all);
}

/* Without a flush of one ASID it is all of them, and then none is owed. */
static void test_flush_all(void **state)
{
	u64 single, all;

	(void)state;
	power_on(16, 0);
	single = counted("tlb_control_single");
	all = counted("tlb_control_all");
	init_vcpu(0, 0);
	init_vcpu(1, 1);
	assert_int_equal(run(0), FLUSH_ALL);
	assert_int_equal(run(1), FLUSH_ALL);	/* its first time */
	assert_int_equal(vmcbs[1].clean, 0);	/* nor is there that */
	svm_backend.flush_root(root_at(0));
	svm_backend.flush_root(root_at(1));
	assert_int_equal(run(1), FLUSH_ALL);
	assert_int_equal(run(0), FLUSH_NONE);
	assert_int_equal(counted("tlb_control_all"), all + 3);
	assert_int_equal(counted("tlb_control_single"), single);
}

/* A VMRUN that is refused has flushed, or not: all of it is owed again. */
static void test_refused(void **state)
{
	(void)state;
	power_on(16, EDX_BY_ASID | EDX_CLEAN);
	init_vcpu(0, 0);
	init_vcpu(1, 1);
	run(0), run(1);
	assert_int_equal(vmcbs[0].clean, 0xfff);
	next.exit_code = EXIT_INVALID;
	run(0);
	assert_int_equal(vmcbs[0].clean, 0);
	assert_int_equal(vcpus[0].kind, HVM_EXIT_BAD_ENTRY);
	assert_int_equal(vcpus[0].detail, EXIT_INVALID);
	next.exit_code = EXIT_INTR;
	assert_int_equal(run(0), FLUSH_ASID);
	assert_int_equal(run(1), FLUSH_ASID);
}

/* --- Everything at once --- */

static struct {
	bool owed[17];
	const struct hvm_vcpu *owner[17];
	u64 root[17];
} spec[CPUS];

static void spec_reset(void)
{
	u32 id, asid;

	memset(spec, 0, sizeof(spec));
	for (id = 0; id < CPUS; id++)
		for (asid = 0; asid < 17; asid++)
			spec[id].owed[asid] = true;
}

/* What the next VMRUN of @i must do, on its CPU; and then it is done. */
static u8 spec_run(u32 i)
{
	u32 id = cpu_id(), asid = vmcbs[i].asid, other;

	if (spec[id].owner[asid] != &vcpus[i])
		spec[id].owed[asid] = true;
	spec[id].owner[asid] = &vcpus[i];
	spec[id].root[asid] = vmcbs[i].nested_root;
	if (!spec[id].owed[asid])
		return FLUSH_NONE;
	for (other = 0; other < 17; other++)
		if (other == asid || !flush_by_asid)
			spec[id].owed[other] = false;
	return flush_by_asid ? FLUSH_ASID : FLUSH_ALL;
}

static void change(u32 root)
{
	u32 id, asid;

	versions[root]++;
	for (id = 0; id < CPUS; id++) {
		fake_cpu(id);
		svm_backend.flush_root(root_at(root));
		for (asid = 1; asid < 17; asid++)
			if (spec[id].root[asid] == root_at(root).v)
				spec[id].owed[asid] = true;
	}
}

static void come_or_go(u32 i)
{
	u32 asid = vmcbs[i].asid;

	if (!vcpus[i].control) {
		fake_cpu((u32)random() % CPUS);
		init_vcpu(i, (u32)random() % ROOTS);
		return;
	}
	fake_cpu(vcpus[i].bound_cpu);
	svm_backend.vcpu_destroy(&vcpus[i]);
	if (spec[cpu_id()].owner[asid] == &vcpus[i])
		spec[cpu_id()].owner[asid] = NULL;
}

static void one_operation(u32 vcpu_count)
{
	u32 i = (u32)random() % vcpu_count, what = (u32)random() % 32;
	u8 expected;

	if (what < 4) {
		change((u32)random() % ROOTS);
	} else if (what < 6) {
		come_or_go(i);
	} else if (vcpus[i].control) {
		fake_cpu(vcpus[i].bound_cpu);
		next.exit_code = what == 6 ? EXIT_INVALID : EXIT_INTR;
		expected = spec_run(i);
		assert_int_equal(run(i), expected);
		if (what == 6)
			memset(spec[cpu_id()].owed, true,
			       sizeof(spec[0].owed));
	}
}

static void test_random(void **state)
{
	static const u32 counts[] = { 2, 3, 5, 16, 17, ASIDS };
	static const u32 features[] = {
		0, EDX_BY_ASID, EDX_CLEAN, EDX_BY_ASID | EDX_CLEAN,
	};
	u32 i, j, n;

	(void)state;
	srandom(9);
	for (i = 0; i < array_count(counts); i++) {
		for (j = 0; j < array_count(features); j++) {
			power_on(counts[i], features[j]);
			spec_reset();
			for (n = 0; n < 20000; n++)
				one_operation(n % 3 ? VCPUS : 5);
		}
	}
}

/* A vCPU is entered, and let go, on its own CPU. */
static void enter_elsewhere(void *arg)
{
	fake_cpu(1);
	svm_backend.enter(arg);
}

static void destroy_elsewhere(void *arg)
{
	fake_cpu(1);
	svm_backend.vcpu_destroy(arg);
}

static void test_bound(void **state)
{
	(void)state;
	power_on(16, 0);
	init_vcpu(0, 0);
	assert_true(fake_panics(enter_elsewhere, &vcpus[0], "bound_cpu"));
	assert_true(fake_panics(destroy_elsewhere, &vcpus[0], "bound_cpu"));
}

/* --- The rest of it --- */

static void test_probe(void **state)
{
	static const struct {
		u64 vm_cr;
		u32 last, asids, edx;
		const char *why;	/* NULL: it will do */
	} rows[] = {
		{ 0, 0x8000000a, 2, EDX_NPT, NULL },
		{ 0, 0x8000001f, 32768, ~0u, NULL },
		{ VM_CR_SVMDIS, 0x8000000a, 2, EDX_NPT, "SVM Mode" },
		{ 0, 0x80000009, 2, EDX_NPT, "8000000a" },
		{ 0, 0x8000000a, 2, ~EDX_NPT, "nested paging" },
		{ 0, 0x8000000a, 1, EDX_NPT, "no ASID" },
		{ 0, 0x8000000a, 0, EDX_NPT, "no ASID" },
	};
	u32 i;

	(void)state;
	power_on(16, 0);
	for (i = 0; i < array_count(rows); i++) {
		const char *why = NULL;
		int err;

		msrs[1].value = rows[i].vm_cr;
		leaves[0].id.eax = rows[i].last;
		leaves[1].id.ebx = rows[i].asids;
		leaves[1].id.edx = rows[i].edx;
		err = svm_probe(&hvm_info, &why);
		assert_int_equal(err, rows[i].why ? -ENODEV : 0);
		if (rows[i].why)
			assert_non_null(strstr(why, rows[i].why));
	}
	assert_string_equal(hvm_info.name, "svm");
	assert_int_equal(hvm_info.format, HVM_NPT);
	assert_true(hvm_info.accessed_dirty);
	assert_true(hvm_info.vmmcall);
	/* The firmware may lock it on one CPU only. */
	msrs[0].value = 0;
	msrs[1].value = VM_CR_SVMDIS;
	assert_int_equal(svm_backend.cpu_enable(host_pages[0]), -ENODEV);
	assert_int_equal(msrs[0].value, 0);
	leaves[0].id.eax = 0x8000001f;
}

static void test_exits(void **state)
{
	static const struct {
		u32 code;
		u64 info1, info2;
		enum hvm_exit_kind kind;
		u64 detail;		/* of FAULT: access */
	} rows[] = {
		{ EXIT_NPF, 4, 0x123456789000, HVM_EXIT_FAULT, HVM_READ },
		{ EXIT_NPF, 6, 0x1000, HVM_EXIT_FAULT, HVM_WRITE },
		{ EXIT_NPF, 20, 0x1000, HVM_EXIT_FAULT, HVM_FETCH },
		{ EXIT_NPF, 22, 0x1000, HVM_EXIT_FAULT, HVM_FETCH },
		{ EXIT_NPF, 7, 0x1000, HVM_EXIT_FAULT, HVM_WRITE },
		{ EXIT_NPF, 12, 0x1000, HVM_EXIT_OTHER, EXIT_NPF },
		{ EXIT_CPUID, 0, 0, HVM_EXIT_CPUID, 77 },
		{ EXIT_VMMCALL, 0, 0, HVM_EXIT_HYPERCALL, 77 },
		{ EXIT_INTR, 0, 0, HVM_EXIT_INTERRUPT, 77 },
		{ EXIT_NMI, 0, 0, HVM_EXIT_NMI, EXIT_NMI },
		{ EXIT_EXCEPTION, 0, 0, HVM_EXIT_EXCEPTION, 0 },
		{ EXIT_EXCEPTION + 14, 0, 0, HVM_EXIT_EXCEPTION, 14 },
		{ EXIT_EXCEPTION_LAST, 0, 0, HVM_EXIT_EXCEPTION, 31 },
		{ EXIT_SHUTDOWN, 0, 0, HVM_EXIT_SHUTDOWN, EXIT_SHUTDOWN },
		{ EXIT_HLT, 0, 0, HVM_EXIT_HLT, EXIT_HLT },
		{ EXIT_IO, 0xcfe0011, 0, HVM_EXIT_IO, 0xcfe },
		{ EXIT_MSR, 0, 0, HVM_EXIT_MSR, 0xc0000080 },
		{ 0x65, 0, 0, HVM_EXIT_OTHER, 0x65 },
		{ EXIT_CR0_WRITE, 0, 0, HVM_EXIT_OTHER, EXIT_CR0_WRITE },
	};
	u32 i;

	(void)state;
	power_on(16, EDX_CLEAN);
	init_vcpu(0, 0);
	for (i = 0; i < array_count(rows); i++) {
		next.exit_code = rows[i].code;
		next.info1 = rows[i].info1;
		next.info2 = rows[i].info2;
		vcpus[0].detail = 77;
		vcpus[0].regs.rcx = 0x1c0000080ull;
		vcpus[0].regs.rax = 0x700000000ull * i;
		run(0);
		assert_int_equal(vcpus[0].regs.rax, 0x700000000ull * i + 1);
		assert_int_equal(vcpus[0].kind, rows[i].kind);
		if (rows[i].kind == HVM_EXIT_FAULT) {
			assert_int_equal(vcpus[0].access, rows[i].detail);
			assert_int_equal(vcpus[0].gpa.v, rows[i].info2);
		} else {
			assert_int_equal(vcpus[0].detail, rows[i].detail);
		}
	}
}

static void skip_one(void *arg)
{
	svm_backend.skip(arg);
}

static void test_skip(void **state)
{
	static const struct {
		u32 code;
		u64 rip;		/* from 0x100400000 on */
	} rows[] = {
		{ EXIT_VMMCALL, 0x100400003 }, { EXIT_CR0_WRITE, 0x100400003 },
		{ EXIT_CR4_WRITE, 0x100400003 }, { EXIT_CPUID, 0x100400002 },
		{ EXIT_MSR, 0x100400002 }, { EXIT_HLT, 0x100400001 },
		{ EXIT_IO, 0x200400077 },
	};
	u32 i;

	(void)state;
	power_on(16, 0);
	init_vcpu(0, 0);
	for (i = 0; i < array_count(rows); i++) {
		next.exit_code = rows[i].code;
		next.info2 = 0x200400077;
		next.next_rip = 5;
		run(0);
		vmcbs[0].rip = 0x100400000;
		svm_backend.skip(&vcpus[0]);
		assert_int_equal(vmcbs[0].rip, rows[i].rip);
		assert_int_equal(svm_backend.rip(&vcpus[0]), rows[i].rip);
	}
	next.exit_code = EXIT_NPF;
	run(0);
	assert_true(fake_panics(skip_one, &vcpus[0], "no length"));
	/* A CPU that says where the next instruction is is believed. */
	probe(EDX_NPT | EDX_NEXT_RIP);
	next.next_rip = 0x300400009;
	run(0);
	svm_backend.skip(&vcpus[0]);
	assert_int_equal(vmcbs[0].rip, 0x300400009);
}

/* What a guest must not do to the host's CPU exits, each of it. */
static void test_vmcb(void **state)
{
	const struct vmcb *v = &vmcbs[0];
	const u8 *map;
	u32 i;

	(void)state;
	power_on(16, 0);
	memset(&vmcbs[0], 0xff, sizeof(vmcbs[0]));
	assert_int_equal(svm_backend.vcpu_init(&vcpus[0], &vmcbs[0],
					       root_at(3), 0x1200000000,
					       0x3400000000, 0x5600000000), 0);
	assert_int_equal(v->rip, 0x1200000000);
	assert_int_equal(v->rsp, 0x3400000000);
	assert_int_equal(v->cr3, 0x5600000000);
	assert_int_equal(v->nested_root, root_at(3).v);
	assert_int_equal(v->clean, 0);
	assert_int_equal(v->event, 0);
	assert_int_equal(v->interrupt_control, 1 << 24);
	assert_int_equal(v->nested_control, 1);
	assert_int_equal(v->cr_reads, 0x100);
	assert_int_equal(v->cr_writes, 0x111);
	assert_int_equal(v->dr_reads, 0xffff);
	assert_int_equal(v->dr_writes, 0xffff);
	assert_int_equal(v->exceptions, 0xffffffff);
	assert_int_equal(v->intercepts1, 0xfd44800b);
	assert_int_equal(v->intercepts2, 0x3f7f);
	map = hpa_to_ptr((hpa_t){ v->io_map });
	for (i = 0; i < 3 * PAGE_SIZE; i++)
		assert_int_equal(map[i], 0xff);
	map = hpa_to_ptr((hpa_t){ v->msr_map });
	for (i = 0; i < 2 * PAGE_SIZE; i++)
		assert_int_equal(map[i], 0xff);
	assert_int_equal((v->io_map | v->msr_map) & 0xfff, 0);
	assert_int_equal(v->efer, EFER_LME | EFER_NXE | EFER_SVME);
	assert_int_equal(v->cr0, (u32)KERNEL_CR0);
	assert_int_equal(v->cr4, CR4_PAE);
	assert_int_equal(v->rflags, 0x202);
	assert_int_equal(v->dr6, 0xffff0ff0);
	assert_int_equal(v->dr7, 0x400);
	assert_int_equal(v->pat, 0x0007040600070406);
	assert_int_equal(v->cs.selector, SELECTOR_CODE64);
	assert_int_equal(v->cs.rights, 0xa9b);
	assert_int_equal(v->cs.limit, 0xffffffff);
	assert_int_equal(v->ss.selector, SELECTOR_DATA);
	assert_int_equal(v->ss.rights, 0xc93);
	assert_memory_equal(&v->ss, &v->ds, sizeof(v->ss));
	assert_memory_equal(&v->ss, &v->es, sizeof(v->ss));
	assert_int_equal(v->fs.rights | v->gs.rights | v->ldtr.rights, 0);
	assert_int_equal(v->tr.rights, 0x8b);
	assert_int_equal(v->tr.limit, 0x67);
	assert_int_equal(v->gdtr.limit | v->idtr.limit, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takeover),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_flush_root),
		cmocka_unit_test(test_flush_all),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_vmcb),
	};

	return RUN(tests);
}
