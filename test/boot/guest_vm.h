/*
 * A VM with one vCPU of the real toy guest, for scenarios: one command at a
 * time, each run to its end.
 */
#ifndef TEST_BOOT_GUEST_VM_H
#define TEST_BOOT_GUEST_VM_H

#include "vmm/vm.h"

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

#endif
