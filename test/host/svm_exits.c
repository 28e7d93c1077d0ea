/*
 * The SVM back end: which CPU will do, what an exit tells, and a VMCB that lets
 * a guest do nothing to the host's CPU.
 */
#include "test/cpu/svm_model.h"

#include <string.h>
#include "arch/x86/machine.h"

#undef skip				/* cmocka's */

static void run(u32 i)
{
	svm_backend.enter(&test_vcpus[i]);
}

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
		test_vcpus[0].detail = 77;
		test_vcpus[0].regs.rcx = 0x1c0000080ull;
		test_vcpus[0].regs.rax = 0x700000000ull * i;
		run(0);
		assert_int_equal(test_vcpus[0].regs.rax,
				 0x700000000ull * i + 1);
		assert_int_equal(test_vcpus[0].kind, rows[i].kind);
		if (rows[i].kind == HVM_EXIT_FAULT) {
			assert_int_equal(test_vcpus[0].access, rows[i].detail);
			assert_int_equal(test_vcpus[0].gpa.v, rows[i].info2);
		} else {
			assert_int_equal(test_vcpus[0].detail, rows[i].detail);
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
		svm_backend.skip(&test_vcpus[0]);
		assert_int_equal(vmcbs[0].rip, rows[i].rip);
		assert_int_equal(svm_backend.rip(&test_vcpus[0]), rows[i].rip);
	}
	next.exit_code = EXIT_NPF;
	run(0);
	assert_true(fake_panics(skip_one, &test_vcpus[0], "no length"));
	/* A CPU that says where the next instruction is is believed. */
	probe(EDX_NPT | EDX_NEXT_RIP);
	next.next_rip = 0x300400009;
	run(0);
	svm_backend.skip(&test_vcpus[0]);
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
	assert_int_equal(svm_backend.vcpu_init(&test_vcpus[0], &vmcbs[0],
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
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_vmcb),
	};

	return RUN(tests);
}
