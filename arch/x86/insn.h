/*
 * Single instructions that C cannot express. Host tests replace this header by
 * test/fake/arch/x86/insn.h, so all that pure code needs of the machine is
 * here. Instructions that flush are not: see tlb.h.
 */
#ifndef ARCH_X86_INSN_H
#define ARCH_X86_INSN_H

#include "lib/types.h"

struct cpu;

static inline struct cpu *read_this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile ("movq %%gs:per_cpu_start, %0" : "=r" (cpu));
	return cpu;
}

/* All physical memory is mapped at its own address. */
static inline void *hpa_to_ptr(hpa_t hpa)
{
	return (void *)hpa.v;
}

static inline hpa_t ptr_to_hpa(const void *p)
{
	return (hpa_t){ (u64)p };
}

static inline void cpu_pause(void)
{
	__asm__ volatile ("pause" ::: "memory");
}

static inline u64 read_tsc(void)
{
	u32 low, high;

	__asm__ volatile ("rdtsc" : "=a" (low), "=d" (high));
	return (u64)high << 32 | low;
}

#define RFLAGS_IF	(1ull << 9)

static inline u64 interrupts_save_off(void)
{
	u64 flags;

	__asm__ volatile ("pushfq; popq %0; cli" : "=r" (flags) :: "memory");
	return flags;
}

static inline void interrupts_restore(u64 flags)
{
	if (flags & RFLAGS_IF)
		__asm__ volatile ("sti" ::: "memory");
}

static inline bool interrupts_are_on(void)
{
	u64 flags;

	__asm__ volatile ("pushfq; popq %0" : "=r" (flags));
	return flags & RFLAGS_IF;
}

static inline void interrupts_on(void)
{
	__asm__ volatile ("sti" ::: "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile ("cli" ::: "memory");
}

#endif
