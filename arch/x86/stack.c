#include "arch/x86/stack.h"

#include <assert.h>
#include "arch/x86/machine.h"
#include "lib/compiler.h"

#define STACK_MARK	0x7461636b206d6172ull

/* Mark several of the lowest words: a frame may skip some unwritten. */
#define MARK_WORDS	32

struct stacks {
	u64 fault[FAULT_STACK_SIZE / sizeof(u64)];
	u64 kernel[KERNEL_STACK_SIZE / sizeof(u64)];
};
static_assert(sizeof(struct stacks) == CPU_STACKS_SIZE, "machine.h is wrong");

/* boot/entry.S and ap_entry.S start CPU n at the end of cpu_stacks[n]. */
struct stacks cpu_stacks[MAX_CPUS] __aligned(4096);

static void mark(u64 *stack)
{
	u32 i;

	for (i = 0; i < MARK_WORDS; i++)
		stack[i] = STACK_MARK;
}

static bool is_marked(const u64 *stack)
{
	u32 i;

	for (i = 0; i < MARK_WORDS; i++)
		if (READ_ONCE(stack[i]) != STACK_MARK)
			return false;
	return true;
}

void stack_init(u32 id)
{
	mark(cpu_stacks[id].fault);
	mark(cpu_stacks[id].kernel);
}

u64 stack_fault_top(u32 id)
{
	return (u64)cpu_stacks[id].kernel;
}

bool stack_is_intact(u32 id)
{
	return is_marked(cpu_stacks[id].fault) &&
	       is_marked(cpu_stacks[id].kernel);
}

u64 stack_end(u64 rsp)
{
	u64 offset = rsp - (u64)cpu_stacks;
	u64 in_stacks = offset % CPU_STACKS_SIZE;
	u64 base = rsp - in_stacks;

	if (offset >= sizeof(cpu_stacks))
		return rsp;
	return base + (in_stacks < FAULT_STACK_SIZE ? FAULT_STACK_SIZE :
						      CPU_STACKS_SIZE);
}
