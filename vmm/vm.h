/*
 * A virtual machine: an address space of the host, a secondary MMU over it,
 * and vCPUs that run the toy guest. A guest that misbehaves ends the VM, not
 * the host.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "arch/x86/hvm.h"
#include "ept/ept.h"
#include "vmm/hypercall_abi.h"
#include "vmm/samples.h"

/* Where the VM's slots lie in its host process. */
#define DATA_HVA	HVA_START
#define CONTROL_HVA	(HVA_START + (1ull << 40))

struct vcpu {
	struct hvm_vcpu hvm;
	struct vcpu_tlb tlb;
	struct vm *vm;
	u32 index;
	u32 home;		/* the CPU that runs it, always */
	bool stop;		/* set by vcpu_stop() */
	u64 exit_count;
	u64 deadline;		/* tick at which it fails unless it has stopped
				 * by then; 0: none. Set by whoever waits */
	struct samples *stall;	/* ticks per guest fault; NULL: not kept */
};

struct vm_config {
	u32 page_count;		/* of the data slot */
	u32 vcpu_count;
	const struct policy *policy;	/* kept until vm_destroy() */
	bool alias;		/* map the data a second time, O16 */
};

struct vm {
	struct mm *mm;
	struct ept ept;
	struct vm_config config;
	struct vcpu vcpus[GUEST_MAX_VCPUS];
	u32 vcpu_count;		/* that exist */
	u64 control_end;	/* first gpa after the control slot */
	bool failing;		/* somebody writes the message */
	bool failed;		/* the guest misbehaved: message says how */
	char message[160];	/* one line */
};

/* How many guest frames a VM with that much memory has, aliases included. */
u64 vm_gfn_count(u32 page_count, u32 vcpu_count);

/*
 * Make a VM, load the guest, and make @vm->mm current on this CPU. vCPU i runs
 * on CPU 1 + i, or all run on CPU 0 if that is the only one. -EINVAL: more
 * vCPUs than CPUs for them; -ENOMEM; -ENODEV: the hardware refuses.
 */
__must_check int vm_create(struct vm *vm, const struct vm_config *config);

/* No vCPU runs. Also undoes what a failed vm_create() has done. */
void vm_destroy(struct vm *vm);

enum vcpu_stop {
	VCPU_GOES_ON,
	VCPU_DONE,		/* the command is complete (HYPERCALL_DONE) */
	VCPU_YIELDED,		/* HYPERCALL_YIELD */
	VCPU_FAILED,		/* see vm->message */
};

/* Run @vcpu on this CPU, its home, until it stops. No lock held. */
enum vcpu_stop vcpu_run(struct vcpu *vcpu);

/* Make a vCPU that does not stop by itself fail with @why. On any CPU. */
void vcpu_stop(struct vcpu *vcpu, const char *why);

/* The host address of @gpa, in the control slot or the data slot; valid while
 * vm->mm is current. */
void *vm_control(gpa_t gpa);
u64 *vm_page(u32 page);
struct mailbox *vm_mailbox(u32 vcpu);
struct oracle_page *vm_oracle(u32 page);
struct guest_page *vm_guest_page(const struct vm *vm, u32 vcpu, u32 page);

/* The whole data slot, as the host sees it. */
struct hva_range vm_data_range(const struct vm *vm);

#endif
