/*
 * The heart of the machine: when is a flush complete? (docs/contract.md,
 * section 4; SDM vol. 3, "Caching Translation Information")
 *
 * A CPU is INSIDE (in the guest) or OUTSIDE. Entry: E1 to E3. Exit: X1 to X3.
 * Two kinds of flush depend on that:
 *
 *   secondary	a vCPU's cached second-level translations. The flusher sets the
 *		vCPU's request, and kicks it if it is inside; E3 flushes.
 *   primary	a CPU's cached host translations. CPUs outside get an IPI and
 *		are waited for; CPUs inside are left alone, X3 flushes.
 *
 * handshake.c draws the races. Host tests run the same file over a fake.
 */
#ifndef ARCH_X86_HANDSHAKE_H
#define ARCH_X86_HANDSHAKE_H

#include "arch/x86/cpu.h"

enum { NO_CPU = MAX_CPUS };

struct vcpu_tlb;

/*
 * How a vCPU's run loop enters and leaves: by handshake_enter() and
 * handshake_exit(). A VM has one such row; only a mutant (lab/mutant/mutant.h)
 * puts other functions in it.
 */
struct handshake {
	void (*enter)(struct vcpu_tlb *tlb);
	void (*exit)(void);
};

extern const struct handshake handshake_right;

/* What the handshake knows of a vCPU. Initially cpu = NO_CPU, its VM's row, the
 * rest 0. */
struct vcpu_tlb {
	const struct handshake *handshake;
	hpa_t root;		/* second-level root that it runs on */
	u32 cpu;		/* CPU that runs it; NO_CPU: none. Stored by
				 * that CPU, while OUTSIDE */
	u64 requested;		/* counts up; by anybody, atomically */
	u64 taken;		/* last request seen at E3, by the vCPU only */
};

/*
 * E1 to E3, with interrupts off. When it returns the CPU is INSIDE, every
 * request made before is served, and the caller enters the guest next.
 */
void handshake_enter(struct vcpu_tlb *tlb);

/* E3 alone: take what is requested, and flush. Part of the above. */
void handshake_e3(struct vcpu_tlb *tlb);

/* X1 to X3, first thing after an exit, interrupts still off. */
void handshake_exit(void);

/*
 * The parts of a flush: request one of each of the @count vCPUs in @tlbs, and
 * store in @requests what to wait for; kick those inside, a mask of @tlbs.
 */
void handshake_request(struct vcpu_tlb *const *tlbs, u32 count, u64 *requests);
u64 handshake_kick(struct vcpu_tlb *const *tlbs, u32 count);

/*
 * Request a flush of each of the @count vCPUs in @tlbs, kick those inside, and
 * wait until each, after its request was set, was seen OUTSIDE or has taken it
 * (O12). The caller has stored the entries. Interrupts on; locks may be held,
 * because a CPU that waits for them answers kicks. A vCPU's own request is
 * only set: its next E3 serves it.
 */
void handshake_flush_secondary(struct vcpu_tlb *const *tlbs, u32 count);

enum { FLUSH_ALL = 0 };

/*
 * Flush the host translations of @hva (FLUSH_ALL: of everything) on every CPU
 * in @cpu_mask: locally at once, CPUs OUTSIDE by IPI and waited for, CPUs
 * INSIDE at their X3. Interrupts on.
 */
void handshake_flush_primary(u64 cpu_mask, hva_t hva);

/* The IPI's handler: the part of handshake_flush_primary() at the target. */
void handshake_primary_ipi(void);

#endif
