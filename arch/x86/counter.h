/*
 * Event counters, one value per CPU, each defined beside the code that counts
 * it. The linker gathers them in one section, so that lab/ can list them all
 * without a table to maintain.
 */
#ifndef ARCH_X86_COUNTER_H
#define ARCH_X86_COUNTER_H

#include "arch/x86/cpu.h"

/*
 * Each CPU writes its own values only. In the kernel they are in a copy of the
 * section (cpu.h); programs of the host have them side by side.
 */
#if __STDC_HOSTED__
#define COUNTER_VALUES	MAX_CPUS
#else
#define COUNTER_VALUES	1
#endif

struct counter {
	const char *name;	/* as in results.json: a dot before a reason */
	u64 n[COUNTER_VALUES];
};

#define COUNTER_NAMED(ident, text)					\
	struct counter ident						\
	__attribute__((section("counters"), used, aligned(8))) =	\
		{ .name = text }
/* COUNTER(pf_taken) defines count_pf_taken, reported as "pf_taken". */
#define COUNTER(name)			COUNTER_NAMED(count_##name, #name)
#define COUNTER_BY(name, reason)					\
	COUNTER_NAMED(count_##name##_##reason, #name "." #reason)

static inline void count_add(struct counter *counter, u64 n)
{
#if __STDC_HOSTED__
	counter->n[cpu_id()] += n;
#else
	__asm__ ("addq %1, %%gs:%0" : "+m" (counter->n[0]) : "er" (n));
#endif
}

static inline void count(struct counter *counter)
{
	count_add(counter, 1);
}

/* All counters: the section's bounds, which the linker defines. */
extern struct counter __start_counters[], __stop_counters[];

/* Sum over CPUs. */
u64 counter_sum(const struct counter *counter);

#endif
