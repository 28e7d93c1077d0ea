#include "lab/scenario/driver.h"

#include "arch/x86/clock.h"
#include "arch/x86/wait.h"
#include "lib/error.h"
#include "vmm/mailbox.h"

#define PACE_READS	2
#define LIMIT_MS	30000	/* for a command, and 1 ms for each page */

static bool single_cpu(void)
{
	return cpu_count == 1;
}

/* On the vCPU's home CPU. A yield there has nobody to yield to. */
static void vcpu_thread(void *arg)
{
	while (vcpu_run(arg) == VCPU_YIELDED)
		;
}

static enum guest_then then(const struct guest *guest)
{
	return guest->runs ? GUEST_THEN_READ : GUEST_THEN_EXIT;
}

static void post(struct guest *guest, u32 i, struct guest_command command)
{
	struct vcpu *vcpu = &guest->vm->vcpus[i];

	command.oldest = guest->oldest;
	command.timed = guest->timed;
	/* Who shares the CPU with the host comes out at the end by itself. */
	if (single_cpu() && command.then != GUEST_THEN_EXIT)
		command.yield_every = PACE_READS;
	mailbox_post(i, &command);
	if (!single_cpu() && !cpu_busy(vcpu->home))
		cpu_start(vcpu->home, vcpu_thread, vcpu);
}

/* When a vCPU is late that has something to do with all pages now. */
static u64 deadline(const struct guest *guest)
{
	return read_tsc() + (LIMIT_MS + guest->vm->config.page_count) *
			    clock_ticks_per_ms;
}

/*
 * Between two looks at vCPU @i, which must come to an end by @deadline: the
 * guest cannot buy time by exiting or by counting reads. -EBUSY: it has failed.
 */
static int be_patient(struct guest *guest, u32 i, u64 deadline)
{
	if ((s64)(read_tsc() - deadline) > 0)
		vcpu_stop(&guest->vm->vcpus[i], "does not get on");
	if (load_acquire(&guest->vm->failed)) {
		this_cpu()->waiting_for = NULL;
		return -EBUSY;
	}
	cpu_progress();		/* this wait has a bound of its own */
	cpu_pause();
	return 0;
}

/* The command is complete, and if @next says so the vCPU is outside. */
static int wait_for(struct guest *guest, u32 i, enum guest_then next)
{
	struct vcpu *vcpu = &guest->vm->vcpus[i];
	enum vcpu_stop stop = VCPU_YIELDED;
	u64 late = deadline(guest), since = read_tsc();

	WRITE_ONCE(vcpu->deadline, late);
	this_cpu()->waiting_for = "the guest to complete a command";
	while (!mailbox_is_completed(i) ||
	       (next == GUEST_THEN_EXIT &&
		(single_cpu() ? stop != VCPU_DONE : cpu_busy(vcpu->home)))) {
		if (single_cpu())
			stop = vcpu_run(vcpu);
		else
			wait_nap(since);
		if (be_patient(guest, i, late))
			return -EBUSY;
	}
	WRITE_ONCE(vcpu->deadline, 0);
	this_cpu()->waiting_for = NULL;
	return load_acquire(&guest->vm->failed) ? -EBUSY : 0;
}

int guest_do(struct guest *guest, enum guest_op op, u64 argument)
{
	return guest_do_range(guest, op, argument, 0,
			      guest->vm->config.page_count);
}

int guest_do_range(struct guest *guest, enum guest_op op, u64 argument,
		   u32 first, u32 count)
{
	bool share = op == GUEST_WRITE || op == GUEST_WRITE_CLASS;
	u32 vcpus = guest->vm->vcpu_count;
	u32 i, start, end;

	for (i = 0; i < vcpus; i++) {
		start = share ? (u64)count * i / vcpus : 0;
		end = share ? (u64)count * (i + 1) / vcpus : count;
		post(guest, i, (struct guest_command){
			.op = op, .then = then(guest), .first = first + start,
			.count = end - start, .argument = argument,
		});
	}
	for (i = 0; i < vcpus; i++)
		if (wait_for(guest, i, then(guest)))
			return -EBUSY;
	return 0;
}

int guest_do_vcpu(struct guest *guest, u32 i, enum guest_op op, u64 argument,
		  u32 first, u32 count)
{
	post(guest, i, (struct guest_command){
		.op = op, .then = then(guest), .first = first, .count = count,
		.argument = argument,
	});
	return wait_for(guest, i, then(guest));
}

int guest_keep_writing(struct guest *guest, u32 i, u32 first, u32 count)
{
	post(guest, i, (struct guest_command){
		.op = GUEST_WRITE, .then = GUEST_THEN_AGAIN, .first = first,
		.count = count,
	});
	return wait_for(guest, i, GUEST_THEN_AGAIN);
}

/* One CPU for all: the vCPU runs here until it has got on. */
static int pace_here(struct guest *guest, u32 i)
{
	struct vcpu *vcpu = &guest->vm->vcpus[i];

	vcpu->deadline = deadline(guest);
	if (vcpu_run(vcpu) == VCPU_FAILED)
		return -EBUSY;
	vcpu->deadline = 0;
	return 0;
}

/* What moves when vCPU @i gets on. */
static u64 *progress_of(u32 i)
{
	struct mailbox *box = vm_mailbox(i);

	return box->then == GUEST_THEN_AGAIN ? &box->passes : &box->reads;
}

static u64 target_of(u32 i)
{
	return READ_ONCE(*progress_of(i)) +
	       (vm_mailbox(i)->then == GUEST_THEN_AGAIN ? 1 : PACE_READS);
}

static int pace_there(struct guest *guest, u32 i, u64 target)
{
	const u64 *progress = progress_of(i);
	u64 late = deadline(guest);

	this_cpu()->waiting_for = "the guest to get on";
	/* No nap: who sleeps through the moment paces the guest less. */
	while (READ_ONCE(*progress) < target)
		if (be_patient(guest, i, late))
			return -EBUSY;
	this_cpu()->waiting_for = NULL;
	return 0;
}

int guest_pace(struct guest *guest)
{
	return guest->pace_free ? 0 : guest_settle(guest);
}

/* It has nothing to do before its first command. */
static bool is_started(u32 i)
{
	return vm_mailbox(i)->then != GUEST_THEN_EXIT;
}

/* All targets first: the vCPUs get on at once, while each is waited for. */
int guest_settle(struct guest *guest)
{
	u64 targets[GUEST_MAX_VCPUS];
	u32 i, count = guest->runs ? guest->vm->vcpu_count : 0;

	for (i = 0; i < count; i++)
		targets[i] = target_of(i);
	for (i = 0; i < count; i++) {
		if (!is_started(i))
			continue;
		if (single_cpu() ? pace_here(guest, i)
				 : pace_there(guest, i, targets[i]))
			return -EBUSY;
	}
	return 0;
}

int guest_halt(struct guest *guest)
{
	u32 i;

	if (!guest->runs)
		return 0;
	for (i = 0; i < guest->vm->vcpu_count; i++)
		post(guest, i, (struct guest_command){
			.op = GUEST_NOP, .then = GUEST_THEN_EXIT,
		});
	for (i = 0; i < guest->vm->vcpu_count; i++)
		if (wait_for(guest, i, GUEST_THEN_EXIT))
			return -EBUSY;
	return 0;
}
