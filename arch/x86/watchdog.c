#include "arch/x86/watchdog.h"

#include "arch/x86/clock.h"
#include "arch/x86/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/lapic.h"
#include "arch/x86/panic.h"
#include "arch/x86/stack.h"

static u64 last_sum, last_moved;
static u32 limit;		/* in ms */

/* Changes whenever a CPU makes progress or something is printed. */
static u64 movement(void)
{
	u64 sum = READ_ONCE(console_writes);
	u32 id;

	for (id = 0; id < cpu_count; id++)
		sum += READ_ONCE(cpus[id].progress);
	return sum;
}

void watchdog_start(u32 period_ms, u32 limit_ms)
{
	limit = limit_ms;
	/* This measures the timer first, which takes a while. */
	lapic_timer_start(period_ms);
	last_sum = movement();
	last_moved = read_tsc();
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
	} else if (now - last_moved > limit * clock_ticks_per_ms) {
		panic_trap(frame, "watchdog: nothing moved for %u ms",
			   limit);
	}
}
