#include "arch/x86/wait.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/lapic.h"
#include "lib/print.h"

/* Nothing that works takes that long, even on the slowest emulator. */
#define LIMIT_MS	20000

/* Most waits end at once: read the clock only every so many rounds. */
#define SPINS_PER_LOOK	256

/* Less is not worth the interrupt; more delays what follows. */
#define NAP_MIN_US	10
#define NAP_MAX_US	1000

static u64 deadline(void)
{
	return read_tsc() + LIMIT_MS * clock_ticks_per_ms;
}

struct wait wait_start(const char *what)
{
	struct cpu *cpu = this_cpu();
	struct wait wait = {
		.what = what,
		.outer = cpu->waiting_for,
		.since = read_tsc(),
		.deadline = deadline(),
	};

	WRITE_ONCE(cpu->waiting_for, what);
	return wait;
}

bool wait_nap(u64 since)
{
	u64 ticks_per_us = clock_ticks_per_ms / 1000;
	u64 ticks = read_tsc() - since;

	cpu_pause();
	if (ticks < NAP_MIN_US * ticks_per_us)
		return false;
	if (ticks > NAP_MAX_US * ticks_per_us)
		ticks = NAP_MAX_US * ticks_per_us;
	return lapic_timer_nap(ticks);
}

void wait_spin(struct wait *wait)
{
	cpu_pause();
	if (++wait->spins % SPINS_PER_LOOK)
		return;
	if (!interrupts_are_on())
		panic("O14: interrupts are off while waiting for %s",
		      wait->what);
	if (read_tsc() > wait->deadline)
		panic("O14: waited too long for %s", wait->what);
}

void wait_sleep(struct wait *wait)
{
	wait_spin(wait);
	if (wait_nap(wait->since))
		wait->spins = SPINS_PER_LOOK - 1;	/* look at the clock */
}

void wait_end(struct wait *wait)
{
	struct cpu *cpu = this_cpu();

	WRITE_ONCE(cpu->waiting_for, wait->outer);
	cpu_progress();
}

void wait_renew(struct wait *wait)
{
	wait->deadline = deadline();
}

bool wait_is_long(const struct wait *wait)
{
	return read_tsc() >
	       wait->deadline - LIMIT_MS / 2 * clock_ticks_per_ms;
}
