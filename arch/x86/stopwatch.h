/*
 * How long something takes, in ticks of the TSC, less what the measuring takes.
 */
#ifndef ARCH_X86_STOPWATCH_H
#define ARCH_X86_STOPWATCH_H

#include "arch/x86/insn.h"

struct stopwatch {
	u64 start;
	u64 own;		/* between two readings with nothing between */
};

static inline struct stopwatch stopwatch_start(void)
{
	u64 first = read_tsc(), second = read_tsc();

	return (struct stopwatch){ .start = second, .own = second - first };
}

static inline u64 stopwatch_read(const struct stopwatch *watch)
{
	u64 ticks = read_tsc() - watch->start;

	return ticks > watch->own ? ticks - watch->own : 0;
}

#endif
