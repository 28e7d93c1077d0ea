/*
 * Event counters, one value per CPU, each defined beside the code that counts
 * it. The linker gathers them in one section, so that lab/ can list them all
 * without a table to maintain.
 */
#ifndef ARCH_X86_COUNTER_H
#define ARCH_X86_COUNTER_H

#include "arch/x86/cpu.h"

struct counter {
	const char *name;	/* as in results.json: a dot before a reason */
	u64 n[MAX_CPUS];	/* each written by its own CPU only */
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
	counter->n[cpu_id()] += n;
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
