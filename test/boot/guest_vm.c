#include "test/boot/guest_vm.h"

#include "ept/policy.h"
#include "arch/x86/error.h"

/* On the vCPU's home. Written before cpu_start(), read after cpu_join(). */
static enum vcpu_stop last_stop;

static void run_vcpu(void *vcpu)
{
	last_stop = vcpu_run(vcpu);
}

void guest_vm_start(struct vm *vm, enum guest_op op, u64 argument)
{
	struct mailbox *box = vm_mailbox(0);

	box->op = op;
	box->then = GUEST_THEN_EXIT;
	box->first = 0;
	box->count = GUEST_VM_PAGES;
	box->argument = argument;
	/* The guest reads command_seq first: what is above belongs to it. */
	store_release(&box->command_seq, box->command_seq + 1);
	cpu_start(vm->vcpus[0].home, run_vcpu, &vm->vcpus[0]);
}

enum vcpu_stop guest_vm_do(struct vm *vm, enum guest_op op, u64 argument)
{
	guest_vm_start(vm, op, argument);
	if (cpu_count > 1)
		cpu_join(vm->vcpus[0].home, "the guest to perform a command");
	return last_stop;
}

static int create(struct vm *vm, const struct vm_config *config)
{
	int err = vm_create(vm, config);

	if (err)
		return err;
	if (guest_vm_do(vm, GUEST_TOUCH, 0) != VCPU_DONE) {
		vm_destroy(vm);
		return -EINVAL;
	}
	return 0;
}

int guest_vm_create(struct vm *vm)
{
	struct vm_config config = {
		.page_count = GUEST_VM_PAGES,
		.vcpu_count = 1,
		.policy = policy_find("bracket"),
	};

	return create(vm, &config);
}

int guest_vm_create_alias(struct vm *vm, const struct policy *policy)
{
	struct vm_config config = {
		.page_count = GUEST_VM_PAGES,
		.vcpu_count = 1,
		.policy = policy,
		.alias = true,
	};

	return create(vm, &config);
}
