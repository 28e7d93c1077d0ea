/*
 * Stands in for arch/x86/insn.h in host tests: the current CPU is a variable
 * of the thread, RAM is an arena, and interrupts are what fake.h says.
 */
#ifndef ARCH_X86_INSN_H
#define ARCH_X86_INSN_H

#include "lib/types.h"

struct cpu;

extern __thread struct cpu *fake_this_cpu;
extern char *fake_ram;		/* where hpa 0 would be */

#define RFLAGS_IF	(1ull << 9)

/* Interrupt points: whatever is pending is served when they come on. */
u64 fake_interrupts_save_off(void);
void fake_interrupts_restore(u64 flags);
bool fake_interrupts_are_on(void);
u64 fake_tsc(void);
void fake_pause(void);

static inline struct cpu *read_this_cpu(void)
{
	return fake_this_cpu;
}

static inline void *hpa_to_ptr(hpa_t hpa)
{
	return fake_ram + hpa.v;
}

static inline hpa_t ptr_to_hpa(const void *p)
{
	return (hpa_t){ (u64)((const char *)p - fake_ram) };
}

static inline void cpu_pause(void)
{
	fake_pause();
}

static inline u64 read_tsc(void)
{
	return fake_tsc();
}

static inline u64 interrupts_save_off(void)
{
	return fake_interrupts_save_off();
}

static inline void interrupts_restore(u64 flags)
{
	fake_interrupts_restore(flags);
}

static inline bool interrupts_are_on(void)
{
	return fake_interrupts_are_on();
}

static inline void interrupts_on(void)
{
	fake_interrupts_restore(RFLAGS_IF);
}

static inline void interrupts_off(void)
{
	(void)fake_interrupts_save_off();
}

#endif
