/*
 * CPU 0 sleeps through long waits, and is back in time: it looks a few
 * times where it would look ten thousand times if it did not sleep. Another interrupt that
 * ends a nap does not take the timer from the next one.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/lapic.h"
#include "arch/x86/wait.h"

#define WORK_MS		20
#define LOOKS_MAX	1000u
#define DISTURBED	200u
#define LONG_NAP_MS	1

static void work(void *arg)
{
	(void)arg;
	clock_delay_us(WORK_MS * 1000);
}

BOOT_TEST(long_waits_are_slept_through)
{
	u64 since, looks = 0;

	if (cpu_count < 2 || !lapic_timer_ends_naps())
		return BOOT_TEST_SKIP;
	cpu_start(1, work, NULL);
	since = read_tsc();
	while (cpu_busy(1)) {
		looks++;
		wait_nap(since);
	}
	EXPECT(looks < LOOKS_MAX);
	return BOOT_TEST_PASS;
}

static u32 quiet;

static void disturb(void *arg)
{
	u32 spin = 0;

	(void)arg;
	while (!READ_ONCE(quiet)) {
		ipi_send(0, IPI_WAKE);
		clock_delay_us(++spin % 64);
	}
}

BOOT_TEST(each_nap_ends)
{
	u32 i, slept = 0;

	if (!lapic_timer_ends_naps())
		return BOOT_TEST_SKIP;
	WRITE_ONCE(quiet, 0u);
	if (cpu_count > 1)
		cpu_start(1, disturb, NULL);
	for (i = 0; i < DISTURBED; i++)
		slept += lapic_timer_nap(LONG_NAP_MS *
				 clock_ticks_per_ms);
	WRITE_ONCE(quiet, 1u);
	if (cpu_count > 1)
		cpu_join(1, "who disturbs naps");
	/* And by the timer alone. */
	for (i = 0; i < 10; i++)
		slept += lapic_timer_nap(LONG_NAP_MS * clock_ticks_per_ms);
	EXPECT_EQUAL(slept, DISTURBED + 10);
	return BOOT_TEST_PASS;
}
