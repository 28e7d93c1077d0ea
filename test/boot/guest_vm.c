#include "test/boot/guest_vm.h"

#include "arch/x86/wait.h"
#include "ept/policy.h"
#include "lib/error.h"

/* On the vCPU's home. Written before cpu_start(), read after cpu_join(). */
static enum vcpu_stop last_stop[GUEST_MAX_VCPUS];

static void run_vcpu(void *arg)
{
	struct vcpu *vcpu = arg;

	last_stop[vcpu->index] = vcpu_run(vcpu);
}

void guest_vm_post(struct vm *vm, u32 i, const struct guest_command *command)
{
	u32 home = vm->vcpus[i].home;

	mailbox_post(i, command);
	if (!cpu_busy(home))
		cpu_start(home, run_vcpu, &vm->vcpus[i]);
}

/* Wait until vCPU @i has done what it was told, or has failed. */
static void wait_completed(struct vm *vm, u32 i)
{
	struct wait wait = wait_start("the guest to complete a command");

	while (!mailbox_is_completed(i) && cpu_busy(vm->vcpus[i].home))
		wait_spin(&wait);
	wait_end(&wait);
}

enum vcpu_stop guest_vm_halt(struct vm *vm)
{
	const struct guest_command nothing = {
		.op = GUEST_NOP, .then = GUEST_THEN_EXIT,
	};
	enum vcpu_stop stop = VCPU_DONE;
	u32 i;

	for (i = 0; i < vm->vcpu_count; i++) {
		wait_completed(vm, i);
		if (!READ_ONCE(vm->failed))
			guest_vm_post(vm, i, &nothing);
	}
	for (i = 0; i < vm->vcpu_count; i++) {
		if (READ_ONCE(vm->failed))
			vcpu_stop(&vm->vcpus[i], "another vCPU has failed");
		cpu_join(vm->vcpus[i].home, "the guest to leave");
		if (last_stop[i] != VCPU_DONE)
			stop = last_stop[i];
	}
	return stop;
}

void guest_vm_start(struct vm *vm, enum guest_op op, u64 argument)
{
	const struct guest_command command = {
		.op = op, .then = GUEST_THEN_EXIT,
		.first = 0, .count = GUEST_VM_PAGES, .argument = argument,
	};

	guest_vm_post(vm, 0, &command);
}

enum vcpu_stop guest_vm_do(struct vm *vm, enum guest_op op, u64 argument)
{
	guest_vm_start(vm, op, argument);
	if (cpu_count > 1)
		cpu_join(vm->vcpus[0].home, "the guest to perform a command");
	return last_stop[0];
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

int guest_vm_create_vcpus(struct vm *vm, const struct policy *policy,
			  u32 vcpu_count)
{
	struct vm_config config = {
		.page_count = GUEST_VM_PAGES,
		.vcpu_count = vcpu_count,
		.policy = policy,
	};

	return create(vm, &config);
}
