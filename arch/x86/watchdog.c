#include "arch/x86/watchdog.h"

#include "arch/x86/clock.h"
#include "arch/x86/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/lapic.h"
#include "arch/x86/panic.h"
#include "arch/x86/stack.h"

/*
 * A tick is a host interrupt, and an exit if a vCPU runs on this CPU: rare
 * enough not to be seen in any count.
 */
#define PERIOD_MS	5000
#define LIMIT_MS	30000

static u64 last_sum, last_moved;

/* Changes whenever a CPU makes progress or something is printed. */
static u64 movement(void)
{
	u64 sum = READ_ONCE(console_writes);
	u32 id;

	for (id = 0; id < cpu_count; id++)
		sum += READ_ONCE(cpus[id].progress);
	return sum;
}

void watchdog_start(void)
{
	last_sum = movement();
	last_moved = read_tsc();
	lapic_timer_start(PERIOD_MS);
}

void watchdog_tick(const struct trap_frame *frame)
{
	u64 sum = movement(), now = read_tsc();
	u32 id;

	for (id = 0; id < cpu_count; id++)
		if (!stack_is_intact(id))
			panic_trap(frame, "watchdog: stack of cpu %u "
				   "overflowed", id);

	if (sum != last_sum) {
		last_sum = sum;
		last_moved = now;
	} else if (now - last_moved > LIMIT_MS * clock_ticks_per_ms) {
		panic_trap(frame, "watchdog: nothing moved for %u ms",
			   LIMIT_MS);
	}
}
