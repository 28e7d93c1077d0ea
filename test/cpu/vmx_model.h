/*
 * A CPU with VMX, for tests of that back end: it keeps translations by EPTP and
 * VPID until INVEPT, and has one current VMCS. An entry that meets a
 * translation that is another vCPU's or older than its table is a failure.
 */
#ifndef TEST_CPU_VMX_MODEL_H
#define TEST_CPU_VMX_MODEL_H

#include "test/host/support.h"

#include "arch/x86/hvm_backend.h"
#include "arch/x86/vmx.h"
#include "test/cpu/cpu.h"

#define CPUS		4
#define ROOTS		5
#define VCPUS		24
#define TRANSLATIONS	256

#define FIELDS		1024

struct vmcs {
	const void *region;
	u32 active_on;			/* CPU + 1; 0: none */
	bool launched;
	u64 value[FIELDS];
	bool written[FIELDS];
};

struct translation {
	u64 root, vpid;			/* VPID 0: guest-physical only */
	const struct hvm_vcpu *owner;
	u64 version;
};

struct vmx_cpu {
	bool on;
	struct vmcs *current;
	struct translation tlb[TRANSLATIONS];
	u32 count;
	u32 nmis_unblocked;
};

extern struct vmcs vmcss[VCPUS];
extern u8 regions[VCPUS][PAGE_SIZE], host_pages[CPUS][PAGE_SIZE];
extern struct hvm_vcpu test_vcpus[VCPUS];
extern struct vmx_cpu cpu[CPUS];

extern bool fail_vmxon, fail_invept, fail_vmclear, fail_vmptrld;
extern u64 failure;			/* of the next vmx_run() */
extern u64 versions[ROOTS];		/* count up as a table changes */
extern u64 invepts, loads;		/* executed */
extern u64 gdt[8];

extern const char vmx_exit[1];

hpa_t root_at(u32 i);
u32 root_of(u64 eptp);

/* Width, type and index of a field (SDM vol. 3, 24.11.2), all in 10 bits. */
u32 slot_of(u64 field);

/* Of the current VMCS. */
void set(u64 field, u64 value);

/* vCPU @i, on the current CPU. */
void init_vcpu(u32 i, u32 root);

/* MSRs and control registers as they were; and all CPUs enabled, no vCPU. */
void machine(void);
void power_on(void);

#endif
