#include "arch/x86/timers.h"

#include "arch/x86/acpi.h"
#include "arch/x86/insn.h"
#include "arch/x86/paging.h"
#include "arch/x86/system.h"
#include "lib/compiler.h"

/*
 * Intel 8254. Channel 0 counts on its own; channel 2, the usual choice, needs
 * a gate at port 0x61, which some machines lack.
 */
#define PIT_HZ			1193182
#define PIT_CHANNEL_0		0x40
#define PIT_MODE		0x43
#define PIT_RATE		0x34	/* channel 0, both bytes, mode 2 */
#define PIT_LATCH		0x00
#define PIT_STOP		0x30	/* mode 0 waits for a count */

static u64 pit_read(void)
{
	u32 low;

	write_port(PIT_MODE, PIT_LATCH);
	low = read_port(PIT_CHANNEL_0);
	return -(u64)(low | (u32)read_port(PIT_CHANNEL_0) << 8);
}

static struct clock_timer pit_start(void)
{
	write_port(PIT_MODE, PIT_RATE);
	write_port(PIT_CHANNEL_0, 0);		/* 65536 */
	write_port(PIT_CHANNEL_0, 0);
	return (struct clock_timer){ "PIT", PIT_HZ, 0xffff, pit_read };
}

static void pit_stop(void)
{
	write_port(PIT_MODE, PIT_STOP);
}

/* Firmware puts its tables below 4 GiB, all of which is mapped. */
static const void *read_physical(u64 address, u64 size)
{
	if (!address || address + size > 1ull << 32)
		return NULL;
	return hpa_to_ptr((hpa_t){ address });
}

/* ACPI 6.4, 5.2.9: the FADT, and 4.8.3.3: the timer, of 24 bits or more. */
#define PM_HZ		3579545
#define PM_MASK		0xffffff
#define PM_SIZE		4
#define REDUCED		(1u << 20)	/* no such hardware here */

struct fadt {
	u8 header[76];
	u32 pm_timer;
	u8 others[11];
	u8 pm_timer_size;
	u8 more[20];
	u32 flags;
} __packed;
_Static_assert(offsetof(struct fadt, pm_timer_size) == 91, "ACPI, 5.2.9");
_Static_assert(offsetof(struct fadt, flags) == 112, "ACPI, 5.2.9");

static u16 pm_port;

static u64 pm_read(void)
{
	return read_port_long(pm_port);
}

static struct clock_timer pm_start(void)
{
	const struct fadt *fadt = acpi_find(read_physical, "FACP",
					    sizeof(*fadt));
	struct clock_timer timer = { "ACPI timer", 0, PM_MASK, pm_read };

	if (fadt && !(fadt->flags & REDUCED) && fadt->pm_timer &&
	    fadt->pm_timer <= 0xffff && fadt->pm_timer_size == PM_SIZE) {
		pm_port = (u16)fadt->pm_timer;
		timer.hz = PM_HZ;
	}
	return timer;
}

/* IA-PC HPET Specification 1.0a, 3.2.4 and 2.3 */
struct hpet_table {
	u8 header[40];
	u8 space, bits, offset, reserved;
	u64 address;
} __packed;

#define SPACE_MEMORY		0
#define HPET_CAPABILITIES	0x000		/* upper half: period in fs */
#define HPET_CONFIGURATION	0x010
#define HPET_ON			(1u << 0)
#define HPET_COUNTER		0x0f0
#define FS_PER_SECOND		1000000000000000ull
#define MAX_PERIOD		100000000u	/* 10 MHz at least */

static volatile u8 *hpet;

static u32 hpet_get(u32 reg)
{
	return *(volatile u32 *)(hpet + reg);
}

static u64 hpet_read(void)
{
	return hpet_get(HPET_COUNTER);
}

static struct clock_timer hpet_start(void)
{
	const struct hpet_table *table = acpi_find(read_physical, "HPET",
						   sizeof(*table));
	struct clock_timer timer = { "HPET", 0, 0xffffffff, hpet_read };
	u32 period;

	if (!table || table->space != SPACE_MEMORY || !table->address ||
	    table->address >> 32)
		return timer;
	paging_map_device((hpa_t){ table->address });
	hpet = hpa_to_ptr((hpa_t){ table->address });
	period = hpet_get(HPET_CAPABILITIES + 4);
	if (!period || period > MAX_PERIOD)
		return timer;
	*(volatile u32 *)(hpet + HPET_CONFIGURATION) =
		hpet_get(HPET_CONFIGURATION) | HPET_ON;
	timer.hz = FS_PER_SECOND / period;
	return timer;
}

static void nothing(void)
{
}

static const struct {
	struct clock_timer (*start)(void);
	void (*stop)(void);
} timers[] = {
	{ pit_start, pit_stop },
	{ pm_start, nothing },
	{ hpet_start, nothing },
};

struct clock_timer timer_start(u32 i)
{
	if (i >= array_count(timers))
		return (struct clock_timer){ 0 };
	return timers[i].start();
}

void timer_stop(u32 i)
{
	timers[i].stop();
}
