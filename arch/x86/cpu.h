/*
 * One CPU as the kernel sees it: its identity, the words through which other
 * CPUs talk to it (section 4 of docs/contract.md), its work and what it is
 * waiting for. CPU 0 boots, and runs the experiment.
 */
#ifndef ARCH_X86_CPU_H
#define ARCH_X86_CPU_H

#include "arch/x86/insn.h"
#include "lib/compiler.h"

enum cpu_mode {
	CPU_OUTSIDE,		/* runs host code */
	CPU_INSIDE,		/* is in the guest, or about to be: E1 to X1 */
};

typedef void (*cpu_fn)(void *arg);

#define COUNTERS_SIZE	2048

/*
 * The base of GS is where per_cpu_start, which linker.ld puts before the section
 * of the counters, would have to be for this copy: so one instruction reaches
 * a counter of the CPU's own by the name that it has in that section.
 */
struct cpu {
	struct cpu *self;	/* at per_cpu_start, see this_cpu() */
	u32 id;			/* 0 .. cpu_count - 1 */
	u32 apic_id;
	u8 counters[COUNTERS_SIZE];	/* counter.h */

	/* The handshake: written by handshake.c, and by mutants of it. */
	u32 mode __aligned(64);	/* enum cpu_mode, written by its own CPU */
	u64 primary_requested;	/* incremented to request a host flush */
	u64 primary_taken;	/* last request read before a host flush */

	/* What runs here. */
	void *mm __aligned(64);	/* struct mm loaded in CR3, NULL: kernel only */
	cpu_fn work;		/* given by cpu_start(), NULL when done */
	void *work_arg;
	void *vcpu;		/* vCPU whose run loop is here, or NULL */
	void *hvm;		/* the back end's data for this CPU */

	/* For the watchdog. */
	const char *waiting_for;	/* NULL: not waiting */
	u64 progress;			/* incremented on progress */
};

extern struct cpu cpus[MAX_CPUS];
extern u32 cpu_count;		/* CPUs that are up */

static inline struct cpu *this_cpu(void)
{
	return read_this_cpu();
}

static inline u32 cpu_id(void)
{
#if __STDC_HOSTED__
	return this_cpu()->id;
#else
	u32 id;

	__asm__ volatile ("movl %%gs:per_cpu_start+%c1, %0"
			  : "=r" (id) : "i" (offsetof(struct cpu, id)));
	return id;
#endif
}

/*
 * This CPU makes progress; tells the watchdog. Call it once per page in each
 * loop over pages, and in waits that have their own bound.
 */
static inline void cpu_progress(void)
{
#if __STDC_HOSTED__
	struct cpu *cpu = this_cpu();

	WRITE_ONCE(cpu->progress, cpu->progress + 1);
#else
	__asm__ volatile ("incq %%gs:per_cpu_start+%c0"
			  : : "i" (offsetof(struct cpu, progress))
			  : "cc", "memory");
#endif
}

/*
 * Hand @fn(@arg) to CPU @id, which must be idle; returns at once. On the
 * calling CPU itself the function runs before cpu_start() returns.
 */
void cpu_start(u32 id, cpu_fn fn, void *arg);

/* True while CPU @id still runs what cpu_start() gave it. */
bool cpu_busy(u32 id);

/*
 * Wait until CPU @id is idle; @what names the work. Bounded (see wait.h),
 * counted from that CPU's last progress: long work is no hang.
 */
void cpu_join(u32 id, const char *what);

/* cpu_start() and cpu_join(). */
void cpu_call(u32 id, cpu_fn fn, void *arg);

#endif
