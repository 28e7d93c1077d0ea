#include "arch/x86/trap.h"

#include "arch/x86/cpu.h"
#include "arch/x86/halt.h"
#include "arch/x86/handshake.h"
#include "arch/x86/lapic.h"
#include "arch/x86/machine.h"
#include "arch/x86/panic.h"
#include "arch/x86/system.h"
#include "arch/x86/watchdog.h"
#include "arch/x86/user.h"

/* SDM vol. 3, table 6-1; 28 to 30: AMD APM vol. 2, table 8-1. */
static const char *const names[VECTOR_EXCEPTION_COUNT] = {
	"divide error", "debug", "NMI", "breakpoint", "overflow",
	"bound range exceeded", "invalid opcode", "no FPU", "double fault",
	"coprocessor overrun", "invalid TSS", "segment not present",
	"stack fault", "general protection", "page fault", NULL,
	"x87 error", "alignment check", "machine check", "SIMD error",
	"virtualization exception", "control protection", NULL, NULL, NULL,
	NULL, NULL, NULL, "hypervisor injection", "VMM communication",
	"security", NULL,
};

static page_fault_handler handle_page_fault;

void trap_set_page_fault(page_fault_handler handler)
{
	handle_page_fault = handler;
}

static __noreturn void exception(const struct trap_frame *frame)
{
	const char *name = names[frame->vector];

	panic_trap(frame, "exception %lu (%s) on cpu %u, error=%lx, rip=%lx",
		   frame->vector, name ? name : "reserved", cpu_id(),
		   frame->error, frame->rip);
}

static void page_fault(struct trap_frame *frame)
{
	/* Before anything that may fault again. */
	hva_t address = { read_cr2() };
	u64 fixup;
	int err;

	if (!handle_page_fault)
		exception(frame);

	/* The handler may wait, and must be able to answer a flush (O14). */
	interrupts_restore(frame->rflags);
	err = handle_page_fault(address, (u32)frame->error);
	interrupts_off();
	if (likely(!err))
		return;
	fixup = user_fixup(frame->rip);
	if (fixup)
		frame->rip = fixup;
	else
		panic_trap(frame, "page fault at %lx on cpu %u, error=%lx, "
			   "rip=%lx: no way out (%d)", address.v, cpu_id(),
			   frame->error, frame->rip, err);
}

/* Nobody sends other interrupts: nothing to do but end them. */
static void interrupt(struct trap_frame *frame)
{
	u64 vector = frame->vector;

	frame->rip = halt_return(frame->rip);

	switch (vector) {
	case VECTOR_IPI + IPI_PRIMARY:
		handshake_primary_ipi();
		break;
	case VECTOR_TIMER:
		watchdog_tick(frame);
		lapic_timer_again();
		break;
	default:
		/*
		 * IPI_WAKE ends a HLT and IPI_KICK an hvm_enter() by
		 * arriving, which is all they are for.
		 */
		break;
	}
	/* The PICs are masked and the spurious vector wants no EOI. */
	if (vector >= VECTOR_PIC + 16 && vector != VECTOR_SPURIOUS)
		lapic_end_of_interrupt();
}

/* Called by trap_entry.S. */
void trap_dispatch(struct trap_frame *frame);

void trap_dispatch(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_NMI)
		panic_nmi(frame);
	else if (frame->vector == VECTOR_PAGE_FAULT)
		page_fault(frame);
	else if (frame->vector < VECTOR_EXCEPTION_COUNT)
		exception(frame);
	else
		interrupt(frame);
}
