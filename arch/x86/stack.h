/*
 * Kernel stacks: one a CPU, and for double faults and NMIs one more each. The
 * lowest words of each are a mark that only an overflow changes.
 */
#ifndef ARCH_X86_STACK_H
#define ARCH_X86_STACK_H

#include "arch/x86/types.h"

enum ist_stack {
	IST_FAULT = 1,		/* double fault, machine check */
	IST_NMI = 2,
	IST_COUNT = 2,
};

/* Mark CPU @id's stacks; returns the top of its kernel stack. */
u64 stack_init(u32 id);

/* The top of a stack that the CPU switches to by itself. */
u64 stack_ist_top(u32 id, enum ist_stack ist);

/* False if CPU @id has used more stack than it has. */
bool stack_is_intact(u32 id);

/* The end of the kernel stack that @rsp points into, or @rsp if it is none. */
u64 stack_end(u64 rsp);

#endif
