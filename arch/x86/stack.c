#include "arch/x86/stack.h"

#include <assert.h>

#include "arch/x86/compiler.h"
#include "arch/x86/machine.h"

#define STACK_MARK	0x7461636b206d6172ull

/* So many of the lowest words: a frame may skip some without writing them. */
#define MARK_WORDS	32

struct stacks {
	u64 kernel[KERNEL_STACK_SIZE / sizeof(u64)];
	u64 ist[IST_COUNT][IST_STACK_SIZE / sizeof(u64)];
};

static_assert(sizeof(struct stacks) == CPU_STACKS_SIZE, "machine.h is wrong");

/* boot/entry.S and ap_entry.S start CPU n at the end of cpu_stacks[n].kernel. */
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

u64 stack_init(u32 id)
{
	struct stacks *s = &cpu_stacks[id];
	u32 i;

	mark(s->kernel);
	for (i = 0; i < IST_COUNT; i++)
		mark(s->ist[i]);
	return (u64)(s->kernel + array_count(s->kernel));
}

u64 stack_ist_top(u32 id, enum ist_stack ist)
{
	u64 *stack = cpu_stacks[id].ist[ist - 1];

	return (u64)(stack + array_count(cpu_stacks[id].ist[0]));
}

bool stack_is_intact(u32 id)
{
	const struct stacks *s = &cpu_stacks[id];
	bool intact = is_marked(s->kernel);
	u32 i;

	for (i = 0; i < IST_COUNT; i++)
		intact = intact && is_marked(s->ist[i]);
	return intact;
}

u64 stack_end(u64 rsp)
{
	u64 first = (u64)cpu_stacks, offset = rsp - first;
	u64 in_stacks = offset % sizeof(struct stacks);
	u64 base = rsp - in_stacks;

	if (offset >= sizeof(cpu_stacks))
		return rsp;
	if (in_stacks < KERNEL_STACK_SIZE)
		return base + KERNEL_STACK_SIZE;
	in_stacks -= KERNEL_STACK_SIZE;
	return base + KERNEL_STACK_SIZE +
	       (in_stacks / IST_STACK_SIZE + 1) * IST_STACK_SIZE;
}
