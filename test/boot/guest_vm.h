/*
 * A VM of the real toy guest, for scenarios: with one vCPU that is given one
 * command at a time, each run to its end; or with vCPUs that run on their own
 * CPUs while the scenario does something else.
 */
#ifndef TEST_BOOT_GUEST_VM_H
#define TEST_BOOT_GUEST_VM_H

#include "vmm/mailbox.h"

#define GUEST_VM_PAGES	8

/* Make @vm, with its address space current and its control slot touched. */
__must_check int guest_vm_create(struct vm *vm);

/* The same under @policy, with the data a second time at GUEST_ALIAS_GPA. */
__must_check int guest_vm_create_alias(struct vm *vm,
				       const struct policy *policy);

/* Have the guest perform @op on all pages. VCPU_DONE or VCPU_FAILED. */
enum vcpu_stop guest_vm_do(struct vm *vm, enum guest_op op, u64 argument);

/* The same, but do not wait: the guest runs on another CPU. */
void guest_vm_start(struct vm *vm, enum guest_op op, u64 argument);

/* --- vCPUs on CPUs of their own: they need cpu_count > @vcpu_count. */

__must_check int guest_vm_create_vcpus(struct vm *vm,
				       const struct policy *policy,
				       u32 vcpu_count);

/* Give vCPU @i something to do; it has completed what it had before. */
void guest_vm_post(struct vm *vm, u32 i, const struct guest_command *command);

/* Have all vCPUs leave the guest. VCPU_DONE: none of them had failed. */
enum vcpu_stop guest_vm_halt(struct vm *vm);

#endif
