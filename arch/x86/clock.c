#include "arch/x86/clock.h"

#include "arch/x86/insn.h"
#include "arch/x86/system.h"
#include "arch/x86/timers.h"
#include "lib/print.h"

#define SAMPLE_MS	10

u64 clock_ticks_per_ms = 1000000;

/* By the first timer that works, whose name goes to *@name; 0: none works. */
static u64 measure(const char **name)
{
	struct clock_timer timer;
	u64 ticks = 0;
	u32 i;

	for (i = 0; !ticks; i++) {
		timer = timer_start(i);
		if (!timer.name)
			break;
		*name = timer.name;
		if (timer.hz)
			ticks = clock_measure(&timer, SAMPLE_MS, read_tsc);
		timer_stop(i);
	}
	return ticks;
}

void clock_init(void)
{
	u64 stated = clock_stated(read_cpuid, read_msr), measured;
	const char *name;

	measured = measure(&name);
	if (!measured && !stated) {
		printk("error: this machine has no clock: neither PIT, ACPI "
		       "timer nor HPET, and CPUID says nothing of the TSC\n");
		machine_exit(EXIT_NO_BACKEND);
	}
	if (measured && stated && clock_differ(measured, stated))
		printk("clock: CPUID says %lu ticks per ms, and the %s says "
		       "%lu, which is believed\n", stated, name, measured);
	clock_ticks_per_ms = measured ? measured : stated;
}

void clock_delay_us(u32 us)
{
	u64 start = read_tsc();

	while (read_tsc() - start < us * clock_ticks_per_ms / 1000)
		cpu_pause();
}
