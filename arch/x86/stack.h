/*
 * Kernel stacks: one per CPU, and one more for faults that may be due to the
 * first being unusable. The lowest words of each are a mark that only an
 * overflow changes.
 */
#ifndef ARCH_X86_STACK_H
#define ARCH_X86_STACK_H

#include "lib/types.h"

/* Mark CPU @id's stacks. */
void stack_init(u32 id);

/* The top of the stack for double faults and machine checks. */
u64 stack_fault_top(u32 id);

/* False if CPU @id has used more stack than it has. */
bool stack_is_intact(u32 id);

/* The end of the stack that @rsp points into, or @rsp if it is none. */
u64 stack_end(u64 rsp);

#endif
