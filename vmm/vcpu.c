/*
 * The run loop of a vCPU, and what each exit means.
 */
#include "vmm/vm.h"

#include "arch/x86/counter.h"
#include "arch/x86/lapic.h"
#include "arch/x86/system.h"
#include "arch/x86/wait.h"
#include "lib/print.h"

#define EXITS_A_LOOK	64u	/* exits between two checks of the deadline */

COUNTER_BY(exits, fault);
COUNTER_BY(exits, hypercall);
COUNTER_BY(exits, cpuid);
COUNTER_BY(exits, interrupt);
COUNTER_BY(exits, nmi);
COUNTER_BY(exits, other);

/* The guest misbehaved: the VM ends, with a message. */
static enum vcpu_stop fail(struct vcpu *vcpu, const char *what, u64 detail)
{
	struct vm *vm = vcpu->vm;

	if (!atomic_exchange(&vm->failing, true)) {
		format_text(vm->message, sizeof(vm->message),
			    "guest vcpu %u: %s %llx at rip %llx", vcpu->index,
			    what, (unsigned long long)detail,
			    (unsigned long long)hvm_rip(&vcpu->hvm));
		/* Whoever sees it may read the message. */
		store_release(&vm->failed, true);
	}
	return VCPU_FAILED;
}

/*
 * A guest may make no progress and yet exit for ever, or exit only for a
 * timer. With one CPU for host and guest nobody else could stop it.
 */
static enum vcpu_stop check_deadline(struct vcpu *vcpu)
{
	u64 deadline = READ_ONCE(vcpu->deadline);

	if (!deadline)
		return VCPU_GOES_ON;
	if ((s64)(read_tsc() - deadline) < 0) {
		cpu_progress();		/* bounded: no watchdog's case */
		return VCPU_GOES_ON;
	}
	return fail(vcpu, "does not complete its command, last exit",
		    vcpu->hvm.kind);
}

static enum vcpu_stop exit_fault(struct vcpu *vcpu)
{
	struct samples *stall = vcpu->stall;
	u64 start = stall ? read_tsc() : 0;
	enum vcpu_stop stop = VCPU_GOES_ON;

	count(&count_exits_fault);
	switch (ept_fault(&vcpu->vm->ept, vcpu->hvm.gpa, vcpu->hvm.access)) {
	case EPT_FAULT_FIXED:
	case EPT_FAULT_SPURIOUS:
	case EPT_FAULT_RETRY:
		break;
	case EPT_FAULT_MMIO:
		stop = fail(vcpu, "access outside its memslots, gpa",
			    vcpu->hvm.gpa.v);
		break;
	case EPT_FAULT_ERROR:
		stop = fail(vcpu, "the host denies the page or has no memory "
			    "for it, gpa", vcpu->hvm.gpa.v);
		break;
	}
	if (stall)
		samples_add(stall, read_tsc() - start);
	return stop;
}

static enum vcpu_stop exit_hypercall(struct vcpu *vcpu)
{
	u64 number = vcpu->hvm.regs.rax;

	count(&count_exits_hypercall);
	hvm_skip(&vcpu->hvm);
	switch (number) {
	case HYPERCALL_DONE:
		return VCPU_DONE;
	case HYPERCALL_YIELD:
		return VCPU_YIELDED;
	}
	return fail(vcpu, "unknown hypercall", number);
}

static enum vcpu_stop exit_cpuid(struct vcpu *vcpu)
{
	struct hvm_regs *regs = &vcpu->hvm.regs;
	struct cpuid id = read_cpuid((u32)regs->rax, (u32)regs->rcx);

	count(&count_exits_cpuid);
	regs->rax = id.eax;
	regs->rbx = id.ebx;
	regs->rcx = id.ecx;
	regs->rdx = id.edx;
	hvm_skip(&vcpu->hvm);
	return VCPU_GOES_ON;
}

/* The interrupt is taken as soon as interrupts are on: before we get here. */
static enum vcpu_stop exit_interrupt(struct vcpu *vcpu)
{
	count(&count_exits_interrupt);
	return check_deadline(vcpu);
}

static enum vcpu_stop exit_nmi(struct vcpu *vcpu)
{
	(void)vcpu;
	count(&count_exits_nmi);
	return VCPU_GOES_ON;
}

static enum vcpu_stop exit_bad(struct vcpu *vcpu)
{
	count(&count_exits_other);
	return fail(vcpu, hvm_exit_names[vcpu->hvm.kind], vcpu->hvm.detail);
}

static enum vcpu_stop (*const exit_handlers[HVM_EXIT_COUNT])(struct vcpu *) = {
	[HVM_EXIT_FAULT] = exit_fault,
	[HVM_EXIT_HYPERCALL] = exit_hypercall,
	[HVM_EXIT_CPUID] = exit_cpuid,
	[HVM_EXIT_INTERRUPT] = exit_interrupt,
	[HVM_EXIT_NMI] = exit_nmi,
	[HVM_EXIT_EXCEPTION] = exit_bad,
	[HVM_EXIT_HLT] = exit_bad,
	[HVM_EXIT_IO] = exit_bad,
	[HVM_EXIT_MSR] = exit_bad,
	[HVM_EXIT_SHUTDOWN] = exit_bad,
	[HVM_EXIT_BAD_ENTRY] = exit_bad,
	[HVM_EXIT_OTHER] = exit_bad,
};

static enum vcpu_stop enter_once(struct vcpu *vcpu)
{
	interrupts_off();
	vcpu->tlb.handshake->enter(&vcpu->tlb);
	hvm_enter(&vcpu->hvm);
	vcpu->tlb.handshake->exit();
	interrupts_on();
	if (unlikely(!(++vcpu->exit_count % EXITS_A_LOOK)) &&
	    check_deadline(vcpu) == VCPU_FAILED)
		return VCPU_FAILED;
	return exit_handlers[vcpu->hvm.kind](vcpu);
}

enum vcpu_stop vcpu_run(struct vcpu *vcpu)
{
	struct cpu *cpu = this_cpu();
	struct mm *old = cpu->mm;
	enum vcpu_stop stop;

	BUG_ON(cpu->id != vcpu->home);
	mm_switch(vcpu->vm->mm);
	cpu->vcpu = vcpu;
	/* Pairs with the acquire in handshake.c; E2 follows. */
	store_release(&vcpu->tlb.cpu, cpu->id);
	do {
		stop = READ_ONCE(vcpu->stop) ? VCPU_FAILED : enter_once(vcpu);
	} while (stop == VCPU_GOES_ON);
	store_release(&vcpu->tlb.cpu, (u32)NO_CPU);
	cpu->vcpu = NULL;
	mm_switch(old);
	return stop;
}

void vcpu_stop(struct vcpu *vcpu, const char *why)
{
	struct vm *vm = vcpu->vm;
	struct wait wait;

	if (!atomic_exchange(&vm->failing, true)) {
		format_text(vm->message, sizeof(vm->message),
			    "guest vcpu %u: %s", vcpu->index, why);
		store_release(&vm->failed, true);
	}
	WRITE_ONCE(vcpu->stop, true);
	wait = wait_start("a vCPU to be stopped");
	while (cpu_busy(vcpu->home)) {
		/* An IPI may not reach a guest with interrupts off. */
		ipi_send_nmi(vcpu->home);
		wait_spin(&wait);
	}
	wait_end(&wait);
}
