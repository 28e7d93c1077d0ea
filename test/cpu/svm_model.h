/*
 * A CPU with SVM, for tests of that back end: it keeps translations by ASID
 * until VMRUN is told to drop them, and what it was told is clean. A VMRUN that
 * meets a translation which is another vCPU's, another root's or older than its
 * table is a failure.
 */
#ifndef TEST_CPU_SVM_MODEL_H
#define TEST_CPU_SVM_MODEL_H

#include "test/host/support.h"

#include "arch/x86/hvm_backend.h"
#include "arch/x86/svm.h"
#include "test/cpu/cpu.h"

#define CPUS		4
#define ASIDS		64		/* that a CPU may have here */
#define ROOTS		5
#define VCPUS		40

#define FLUSH_NONE	0
#define FLUSH_ALL	1
#define FLUSH_ASID	3

#define EDX_NPT		(1u << 0)
#define EDX_NEXT_RIP	(1u << 3)
#define EDX_CLEAN	(1u << 5)
#define EDX_BY_ASID	(1u << 6)

/* One translation for each ASID stands for all of them. */
struct svm_cpu {
	hpa_t saved;			/* by VMSAVE */
	struct translation {
		bool valid;
		const struct hvm_vcpu *owner;
		u64 root, version;
	} tlb[ASIDS];
	/* It may keep the content of each VMCB that it ran. */
	bool has_copy[VCPUS];
	struct vmcb copies[VCPUS];
};

extern struct svm_cpu cpu[CPUS];

extern struct vmcb vmcbs[VCPUS];
extern struct hvm_vcpu test_vcpus[VCPUS];
extern u8 host_pages[CPUS][PAGE_SIZE];

extern struct msr msrs[4];		/* EFER, VM_CR, VM_HSAVE_PA */
extern struct leaf leaves[3];		/* 80000000, 8000000a */
extern bool flush_by_asid;

/* What the next VMRUN does. */
extern struct next_exit {
	u32 exit_code;
	u64 info1, info2, next_rip;
} next;

extern u8 flushed;			/* what the last VMRUN was told */
extern u64 versions[ROOTS];		/* count up as a table changes */

hpa_t root_at(u32 i);

/* The CPU has these features, and will do. */
void probe(u32 edx);

/* All CPUs enabled, with so many ASIDs and these features; no vCPU. */
void power_on(u32 asids, u32 edx);

/* vCPU @i, on the current CPU. */
void init_vcpu(u32 i, u32 root);

#endif
