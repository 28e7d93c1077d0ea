/*
 * How fast the TSC is: measured by a timer, or reported by the CPU or by the
 * hypervisor, and which of them to believe. Pure: a timer is a function.
 */
#ifndef ARCH_X86_CLOCK_MEASURE_H
#define ARCH_X86_CLOCK_MEASURE_H

#include "arch/x86/cpuid.h"

/* Ticks per ms: of the slowest emulator; more than any CPU's. */
#define CLOCK_MIN_TICKS_PER_MS	100
#define CLOCK_MAX_TICKS_PER_MS	20000000

/* A timer that counts up. */
struct clock_timer {
	const char *name;
	u64 hz;
	u64 mask;		/* bits that its counter has */
	u64 (*read)(void);
};

/*
 * Ticks of @count per millisecond of @timer, in samples of @ms each; 0: the
 * timer stands still, or the result is not plausible, or no two of many
 * samples agree. A host that does not run us for a while spoils a sample, but
 * not two in the same way.
 */
u64 clock_measure(const struct clock_timer *timer, u32 ms, u64 (*count)(void));

/*
 * The smallest of @count samples that agrees with another one, which is at
 * most 1/64 bigger. 0: there is none.
 */
u64 clock_agree(const u64 *samples, u32 count);

/* The TSC's speed as the CPU or the hypervisor reports it, or 0. */
u64 clock_stated(cpuid_fn cpuid, u64 (*msr)(u32 number));

/* Do @a and @b differ by more than 5 %? */
bool clock_differ(u64 a, u64 b);

#endif
