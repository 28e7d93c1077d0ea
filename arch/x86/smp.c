#include "arch/x86/smp.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/descriptor.h"
#include "arch/x86/halt.h"
#include "arch/x86/lapic.h"
#include "arch/x86/machine.h"
#include "arch/x86/stack.h"
#include "arch/x86/system.h"
#include "arch/x86/wait.h"
#include "lib/print.h"
#include "lib/string.h"

/*
 * Without ACPI nothing tells how many CPUs there are: those count that answer.
 * A thread of a busy host may be slow to.
 */
#define ARRIVAL_LIMIT_MS	1000	/* when a number is wanted */
#define ARRIVAL_PAUSE_MS	200	/* otherwise: after the last one */

/* ap_entry.S draws ids here. Closing the door makes all further ids too big. */
#define DOOR_CLOSED		0x10000

u32 ap_arrived = 1;
u32 ap_limit;

struct cpu cpus[MAX_CPUS];
u32 cpu_count = 1;

extern char per_cpu_start[];
extern char ap_trampoline[], ap_trampoline_end[];

static void cpu_init(u32 id)
{
	struct cpu *cpu = &cpus[id];

	cpu->self = cpu;
	cpu->id = id;
	write_msr(MSR_GS_BASE, (u64)cpu - (u64)per_cpu_start);
	stack_init(id);
	descriptor_load(id);
}

void smp_init_boot_cpu(void)
{
	descriptor_init();
	cpu_init(0);
}

void smp_enable_interrupts(void)
{
	/* The firmware may have left a PIC interrupt pending: mask it. */
	lapic_init();
	cpus[0].apic_id = lapic_id();
	interrupts_on();
}

/* Run what cpu_start() hands over, and sleep in between. */
static __noreturn void idle(struct cpu *cpu)
{
	cpu_fn work;

	for (;;) {
		/*
		 * With interrupts off until the HLT, an IPI_WAKE that comes
		 * after the test ends the HLT.
		 */
		interrupts_off();
		/* Pairs with the release in cpu_start(). */
		work = load_acquire(&cpu->work);
		if (!work) {
			interrupts_on_and_halt();
			continue;
		}
		interrupts_on();
		/* Code may have been written since (lib/static_key.h). */
		(void)read_cpuid(0, 0);
		work(cpu->work_arg);
		if (!stack_is_intact(cpu->id))
			panic("stack of cpu %u overflowed", cpu->id);
		cpu_progress();
		/* Pairs with the acquire in cpu_busy(). */
		store_release(&cpu->work, (cpu_fn)NULL);
	}
}

static bool online[MAX_CPUS];

/* Called by ap_entry.S. */
__noreturn void ap_main(u32 id);

void ap_main(u32 id)
{
	cpu_init(id);
	lapic_init();
	cpus[id].apic_id = lapic_id();
	/* Pairs with the acquire in smp_start(). */
	store_release(&online[id], true);
	idle(&cpus[id]);
}

/* Wait for CPUs to draw their ids; returns how many did, then closes. */
static u32 wait_for_arrivals(u32 wanted)
{
	u64 start = read_tsc(), limit = ARRIVAL_PAUSE_MS;
	u32 seen = 1, now;

	if (wanted)
		limit = ARRIVAL_LIMIT_MS;
	while (!wanted || seen < wanted) {
		now = READ_ONCE(ap_arrived);
		if (now != seen && !wanted)
			start = read_tsc();
		seen = now;
		if (read_tsc() - start > limit * clock_ticks_per_ms)
			break;
		cpu_pause();
	}
	now = atomic_exchange(&ap_arrived, DOOR_CLOSED);
	return now < ap_limit ? now : ap_limit;
}

void smp_start(u32 wanted)
{
	struct wait wait;
	u32 count, id;

	ap_limit = wanted && wanted < MAX_CPUS ? wanted : MAX_CPUS;
	if (ap_limit == 1)
		return;

	memcpy((void *)AP_TRAMPOLINE, ap_trampoline,
	       ap_trampoline_end - ap_trampoline);
	lapic_start_others();
	count = wait_for_arrivals(wanted);

	wait = wait_start("a CPU that has arrived to be ready");
	for (id = 1; id < count; id++)
		/* Pairs with the release in ap_main(). */
		while (!load_acquire(&online[id]))
			wait_spin(&wait);
	wait_end(&wait);
	cpu_count = count;
}

void cpu_start(u32 id, cpu_fn fn, void *arg)
{
	struct cpu *cpu = &cpus[id];

	BUG_ON(id >= cpu_count);
	if (id == cpu_id()) {
		fn(arg);
		return;
	}
	BUG_ON(cpu_busy(id));
	cpu->work_arg = arg;
	/* Pairs with the acquire in idle(). */
	store_release(&cpu->work, fn);
	ipi_send(id, IPI_WAKE);
}

bool cpu_busy(u32 id)
{
	/* Pairs with the release in idle(): what the work wrote is visible. */
	return load_acquire(&cpus[id].work) != NULL;
}

void cpu_join(u32 id, const char *what)
{
	struct wait wait = wait_start(what);
	u64 seen = READ_ONCE(cpus[id].progress), now;

	while (cpu_busy(id)) {
		wait_sleep(&wait);
		now = READ_ONCE(cpus[id].progress);
		if (now != seen)
			wait_renew(&wait);
		seen = now;
	}
	wait_end(&wait);
}

void cpu_call(u32 id, cpu_fn fn, void *arg)
{
	cpu_start(id, fn, arg);
	cpu_join(id, "a call on another CPU");
}
