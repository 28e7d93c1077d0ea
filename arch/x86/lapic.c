#include "arch/x86/lapic.h"

#include "arch/x86/clock.h"
#include "arch/x86/clock_measure.h"
#include "arch/x86/cpu.h"
#include "arch/x86/halt.h"
#include "arch/x86/machine.h"
#include "arch/x86/paging.h"
#include "arch/x86/system.h"
#include "lib/print.h"

/* Register offsets: SDM vol. 3, table 10-1; x2APIC MSR = 0x800 + offset / 16 */
#define REG_ID			0x020
#define REG_TASK_PRIORITY	0x080
#define REG_EOI			0x0b0
#define REG_SPURIOUS		0x0f0
#define REG_ICR			0x300
#define REG_ICR_HIGH		0x310
#define REG_LVT_TIMER		0x320
#define REG_LVT_LINT0		0x350
#define REG_LVT_LINT1		0x360
#define REG_TIMER_INITIAL	0x380
#define REG_TIMER_CURRENT	0x390
#define REG_TIMER_DIVIDE	0x3e0

#define SPURIOUS_ENABLE		(1u << 8)
#define LVT_MASKED		(1u << 16)
#define DIVIDE_BY_16		0x3
#define TIMER_START		0xffffffffu
#define SAMPLE_MS		5

#define ICR_NMI			0x00000400u
#define ICR_INIT		0x00000500u
#define ICR_STARTUP		0x00000600u
#define ICR_PENDING		(1u << 12)
#define ICR_ASSERT		(1u << 14)
#define ICR_ALL_BUT_SELF	(3u << 18)

/* Delivery takes microseconds; a dead target does not hang the sender. */
#define ICR_MAX_POLLS		100000

#define VENDOR_AMD_EBX		0x68747541	/* "Auth" */

#define PIC1_COMMAND		0x20
#define PIC1_DATA		0x21
#define PIC2_COMMAND		0xa0
#define PIC2_DATA		0xa1

static volatile u8 *registers;
static bool x2apic;

/* The one timer that runs. */
static struct {
	bool runs;
	bool stops_in_halt;
	u32 cpu;
	u64 ticks_per_ms;
	u32 period;
} timer;

static u32 lapic_read(u32 reg)
{
	if (x2apic)
		return (u32)read_msr(MSR_X2APIC + reg / 16);
	return *(volatile u32 *)(registers + reg);
}

static void lapic_write(u32 reg, u32 value)
{
	if (x2apic)
		write_msr(MSR_X2APIC + reg / 16, value);
	else
		*(volatile u32 *)(registers + reg) = value;
}

/*
 * Give the PICs their own vectors, where a late interrupt of a masked line is
 * recognised and dropped, and mask all lines.
 */
static void pic_mask(void)
{
	write_port(PIC1_COMMAND, 0x11);		/* ICW1: expect ICW4 */
	write_port(PIC2_COMMAND, 0x11);
	write_port(PIC1_DATA, VECTOR_PIC);	/* ICW2 */
	write_port(PIC2_DATA, VECTOR_PIC + 8);
	write_port(PIC1_DATA, 1 << 2);		/* ICW3: cascade on line 2 */
	write_port(PIC2_DATA, 2);
	write_port(PIC1_DATA, 1);		/* ICW4: 8086 mode */
	write_port(PIC2_DATA, 1);
	write_port(PIC1_DATA, 0xff);
	write_port(PIC2_DATA, 0xff);
}

static void lapic_find(void)
{
	u64 base = read_msr(MSR_APIC_BASE);

	pic_mask();
	x2apic = base & APIC_BASE_X2APIC;
	registers = (volatile u8 *)(base & 0xffffff000ull);
	if (!x2apic)
		paging_map_device((hpa_t){ (u64)registers });
}

void lapic_init(void)
{
	u64 base = read_msr(MSR_APIC_BASE);

	if (!registers)
		lapic_find();
	/* All CPUs in the mode of the first. */
	base |= APIC_BASE_ENABLE | (x2apic ? APIC_BASE_X2APIC : 0);
	write_msr(MSR_APIC_BASE, base);

	lapic_write(REG_LVT_TIMER, LVT_MASKED);
	lapic_write(REG_LVT_LINT0, LVT_MASKED);
	lapic_write(REG_LVT_LINT1, LVT_MASKED);
	lapic_write(REG_TASK_PRIORITY, 0);
	lapic_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

u32 lapic_id(void)
{
	u32 id = lapic_read(REG_ID);

	return x2apic ? id : id >> 24;
}

void lapic_end_of_interrupt(void)
{
	lapic_write(REG_EOI, 0);
}

/* No interrupt may come between the two halves of a command. */
static void icr_write(u32 apic_id, u32 command)
{
	u64 flags = interrupts_save_off();
	u32 polls;

	if (x2apic) {
		/* The write is not serialising, nor ordered by a locked
		 * instruction: make earlier stores visible (SDM 10.12.3). */
		__asm__ volatile ("mfence; lfence" ::: "memory");
		write_msr(MSR_X2APIC + REG_ICR / 16,
			  (u64)apic_id << 32 | command);
	} else {
		for (polls = 0; polls < ICR_MAX_POLLS &&
		     lapic_read(REG_ICR) & ICR_PENDING; polls++)
			cpu_pause();
		lapic_write(REG_ICR_HIGH, apic_id << 24);
		lapic_write(REG_ICR, command);
	}
	interrupts_restore(flags);
}

void ipi_send(u32 id, enum ipi ipi)
{
	icr_write(cpus[id].apic_id, ICR_ASSERT | (VECTOR_IPI + ipi));
}

void ipi_send_nmi(u32 id)
{
	icr_write(cpus[id].apic_id, ICR_ASSERT | ICR_NMI);
}

/* SDM vol. 3, 8.4.4.1: INIT, 10 ms, SIPI, 200 us, SIPI. */
void lapic_start_others(void)
{
	u32 startup = ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_STARTUP |
		      AP_TRAMPOLINE >> PAGE_SHIFT;

	icr_write(0, ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_INIT);
	clock_delay_us(10000);
	icr_write(0, startup);
	clock_delay_us(200);
	icr_write(0, startup);
}

static u64 timer_count(void)
{
	return TIMER_START - lapic_read(REG_TIMER_CURRENT);
}

static u32 cpu_family(void)
{
	u32 id = read_cpuid(1, 0).eax, family = id >> 8 & 0xf;

	return family == 0xf ? family + (id >> 20 & 0xff) : family;
}

/*
 * In the C1E that a HLT may become on families 0Fh and 10h (AMD erratum 400).
 * In a virtual machine a HLT is an exit.
 */
static bool stops_in_halt(void)
{
	u32 family = cpu_family();

	return read_cpuid(0, 0).ebx == VENDOR_AMD_EBX &&
	       (family == 0xf || family == 0x10) &&
	       !(read_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR);
}

/* The timer's clock differs between machines: measure it by the TSC. */
void lapic_timer_start(u32 period_ms)
{
	struct clock_timer tsc = {
		"TSC", clock_ticks_per_ms * 1000, ~0ull, read_tsc,
	};
	u64 ticks_per_ms;

	lapic_write(REG_TIMER_DIVIDE, DIVIDE_BY_16);
	lapic_write(REG_LVT_TIMER, LVT_MASKED);
	lapic_write(REG_TIMER_INITIAL, TIMER_START);
	ticks_per_ms = clock_measure(&tsc, SAMPLE_MS, timer_count);
	if (!ticks_per_ms || ticks_per_ms > TIMER_START / period_ms) {
		printk("clock: the APIC's timer is of no use: nothing will "
		       "say that nothing moves\n");
		return;
	}
	lapic_write(REG_LVT_TIMER, VECTOR_TIMER);
	timer.runs = true;
	timer.stops_in_halt = stops_in_halt();
	timer.cpu = cpu_id();
	timer.ticks_per_ms = ticks_per_ms;
	timer.period = (u32)ticks_per_ms * period_ms;
	lapic_timer_again();
}

/* One-shot: a period as short as its handler would leave no time for anything
 * else. */
void lapic_timer_again(void)
{
	lapic_write(REG_TIMER_INITIAL, timer.period);
}

bool lapic_timer_ends_naps(void)
{
	return timer.runs && !timer.stops_in_halt && timer.cpu == cpu_id();
}

bool lapic_timer_nap(u64 ticks)
{
	u64 count = 1 + ticks * timer.ticks_per_ms / clock_ticks_per_ms;

	if (!lapic_timer_ends_naps())
		return false;
	/* Off until the HLT: an interrupt that comes from here on ends it. */
	interrupts_off();
	lapic_write(REG_TIMER_INITIAL,
		    count < timer.period ? (u32)count : timer.period);
	interrupts_on_and_halt();
	return true;
}
