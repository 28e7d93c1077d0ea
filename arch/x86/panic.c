#include "arch/x86/panic.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/lapic.h"
#include "arch/x86/stack.h"
#include "arch/x86/system.h"
#include "lib/print.h"

#define NOBODY		0
#define STOP_LIMIT_MS	100
#define DELAY_PORT	0x80
#define STACK_WORDS	32

static u32 panicking;		/* CPU id + 1 of the one that reports */

/* Where a CPU was when the NMI stopped it, written by that CPU. */
static struct stopped {
	u64 rip, rsp, cr3;
	bool valid;
} stopped[MAX_CPUS];

bool panic_is_running(void)
{
	return READ_ONCE(panicking) != NOBODY;
}

void panic_nmi(const struct trap_frame *frame)
{
	struct stopped *self = &stopped[cpu_id()];

	if (!panic_is_running() || READ_ONCE(panicking) == cpu_id() + 1)
		return;
	self->rip = frame->rip;
	self->rsp = frame->rsp;
	self->cr3 = read_cr3();
	/* Pairs with the acquire in stop_cpu(). */
	store_release(&self->valid, true);
	halt_forever();
}

static bool stop_cpu(u32 id)
{
	u64 start = read_tsc();

	ipi_send_nmi(id);
	while (read_tsc() - start < STOP_LIMIT_MS * clock_ticks_per_ms) {
		/* Pairs with the release in panic_nmi(). */
		if (load_acquire(&stopped[id].valid))
			return true;
		/*
		 * With interrupts off this loop could keep a hypervisor below
		 * us from running the other CPU: a port access gives it a
		 * chance.
		 */
		read_port(DELAY_PORT);
	}
	return false;
}

static void print_cpu(const struct cpu *cpu, const char *where)
{
	const char *waiting_for = READ_ONCE(cpu->waiting_for);

	printk("# cpu %u: %s %s, work=%p vcpu=%p requested=%lu taken=%lu "
	       "progress=%lu%s%s%s\n", cpu->id,
	       READ_ONCE(cpu->mode) == CPU_INSIDE ? "inside" : "outside",
	       where, (void *)READ_ONCE(cpu->work), READ_ONCE(cpu->vcpu),
	       READ_ONCE(cpu->primary_requested),
	       READ_ONCE(cpu->primary_taken), READ_ONCE(cpu->progress),
	       stack_is_intact(cpu->id) ? "" : ", STACK OVERFLOWED",
	       waiting_for ? ", waiting for " : "",
	       waiting_for ? waiting_for : "");
}

static void print_cpus(void)
{
	char where[80];
	u32 id;

	for (id = 0; id < cpu_count; id++) {
		const struct stopped *at = &stopped[id];

		if (id == cpu_id())
			format_text(where, sizeof(where), "(this one)");
		else if (stop_cpu(id))
			format_text(where, sizeof(where),
				    "rip=%lx rsp=%lx cr3=%lx",
				    at->rip, at->rsp, at->cr3);
		else
			format_text(where, sizeof(where),
				    "(does not answer an NMI)");
		print_cpu(&cpus[id], where);
	}
}

/* Print the words at the top of the stack, whatever they look like. */
static void print_stack(u64 rsp)
{
	const u64 *word = (const u64 *)(rsp & ~7ull);
	u64 end = stack_end(rsp);
	u32 i;

	for (i = 0; i < STACK_WORDS && (u64)(word + i) < end; i++)
		printk("%s%lx%s", i % 4 ? " " : "# stack ", word[i],
		       i % 4 == 3 ? "\n" : "");
	print_end_line();
}

static void print_registers(const struct trap_frame *f)
{
	printk("# rip=%lx cs=%lx rflags=%lx rsp=%lx ss=%lx\n",
	       f->rip, f->cs, f->rflags, f->rsp, f->ss);
	printk("# rax=%lx rbx=%lx rcx=%lx rdx=%lx\n",
	       f->rax, f->rbx, f->rcx, f->rdx);
	printk("# rsi=%lx rdi=%lx rbp=%lx r8=%lx\n",
	       f->rsi, f->rdi, f->rbp, f->r8);
	printk("# r9=%lx r10=%lx r11=%lx r12=%lx\n",
	       f->r9, f->r10, f->r11, f->r12);
	printk("# r13=%lx r14=%lx r15=%lx\n", f->r13, f->r14, f->r15);
}

static __noreturn void die(const struct trap_frame *frame, u64 rsp,
			   const char *format, va_list args)
{
	u32 me = cpu_id() + 1;

	interrupts_off();
	if (READ_ONCE(panicking) == me)
		machine_exit(EXIT_DIED);	/* a panic within the panic */
	if (!atomic_cmpxchg(&panicking, NOBODY, me)) {
		/* Another CPU was first; its NMI finds this one here. */
		interrupts_on();
		for (;;)
			cpu_pause();
	}

	print_end_line();
	printk("panic: ");
	printk_args(format, args);
	print_end_line();
	if (frame)
		print_registers(frame);
	printk("# cr0=%lx cr2=%lx cr3=%lx cr4=%lx\n", read_cr0(), read_cr2(),
	       read_cr3(), read_cr4());
	print_stack(rsp);
	print_cpus();
	machine_exit(EXIT_DIED);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	die(NULL, (u64)__builtin_frame_address(0), format, args);
}

void panic_trap(const struct trap_frame *frame, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	die(frame, frame->rsp, format, args);
}
