/*
 * Entry, exit and flush: docs/contract.md, section 4, step by step.
 *
 * Two stores and two loads decide everything. Each side stores its own word,
 * executes a full barrier, and only then looks at the other's:
 *
 *	flusher (any CPU)		target (a CPU that enters the guest)
 *
 *	store the entry			E1  mode := INSIDE
 *	request++			E2  full barrier
 *	full barrier			E3  read request; flush if it moved
 *	read mode: INSIDE? kick		    enter
 *
 * Either the flusher reads INSIDE and kicks, or the target reads the new
 * request: the two loads cannot both miss the two stores. Without E2 the
 * target's store may still sit in its store buffer when the flusher reads
 * OUTSIDE, and the target has read the old request (O12, entry-nobarrier).
 * If E3 came before E1 the same could happen in plain program order
 * (entry-late).
 *
 * Exits need the same for the primary MMU, with the two modes swapped: CPUs
 * inside are not interrupted for the host's own TLB.
 *
 *	flusher				target (leaves the guest)
 *
 *	P := none			X1  mode := OUTSIDE
 *	request++			X2  full barrier
 *	full barrier			X3  read request; flush if it moved
 *	read mode: OUTSIDE? IPI, wait	    only now touch the mm
 *
 * Requests are counters and the target publishes which one it has taken.
 * Waiting for OUTSIDE alone could miss a CPU that exits and quickly enters
 * again, and would then wait for ever.
 */
#include "arch/x86/handshake.h"

#include "arch/x86/counter.h"
#include "arch/x86/lapic.h"
#include "arch/x86/tlb.h"
#include "arch/x86/wait.h"
#include "lib/print.h"
#include "lib/step.h"

COUNTER(remote_tlb_flush);	/* secondary flushes executed, one per vCPU */
COUNTER(kicks);			/* IPIs to CPUs inside */
COUNTER(kick_wait_ticks);	/* time that flushers waited for them */
COUNTER(primary_flush_requests);
COUNTER(primary_ipis);		/* IPIs to CPUs outside */
COUNTER(primary_tlb_flush);	/* primary flushes executed, one per CPU */

/* Inline below, and called from elsewhere. */
inline void handshake_e3(struct vcpu_tlb *tlb)
{
	u64 request = READ_ONCE(tlb->requested);

	if (request != tlb->taken) {
		/*
		 * Publish it as taken, then flush: whoever sees it taken knows
		 * that the flush comes before the entry. Nothing is read
		 * through the old translations in between.
		 */
		WRITE_ONCE(tlb->taken, request);
		count(&count_remote_tlb_flush);
		step_change(STEP_FLUSH, tlb, cpu_id(), request, 0);
		tlb_flush_secondary(tlb->root);
	}
	step(STEP_E3, tlb, cpu_id());
}

void handshake_enter(struct vcpu_tlb *tlb)
{
	struct cpu *cpu = this_cpu();

	step(STEP_ENTER, tlb, cpu->id);
	WRITE_ONCE(cpu->mode, CPU_INSIDE);			/* E1 */
	step(STEP_E1, tlb, cpu->id);

	/* E2. Pairs with the barrier in handshake_flush_secondary(). */
	full_barrier();
	step(STEP_E2, tlb, cpu->id);

	handshake_e3(tlb);					/* E3 */
}

/*
 * Flush the host translations if a request has come since the last time.
 * Also runs from the IPI, at any point: a second flush does no harm, and taken
 * never goes back, because interrupts are off here or this is the handler
 * itself.
 */
static inline __attribute__((always_inline))
void take_primary(struct cpu *cpu)
{
	u64 request = READ_ONCE(cpu->primary_requested);

	if (request == cpu->primary_taken)
		return;

	/* Flush, then publish it as taken: the requester continues on that. */
	step(STEP_PRIMARY, NULL, cpu->id);
	tlb_flush_local();
	count(&count_primary_tlb_flush);
	/* Pairs with the acquire in wait_primary(). */
	store_release(&cpu->primary_taken, request);
}

void handshake_exit(void)
{
	struct cpu *cpu = this_cpu();

	step(STEP_EXIT, NULL, cpu->id);
	WRITE_ONCE(cpu->mode, CPU_OUTSIDE);			/* X1 */
	step(STEP_X1, NULL, cpu->id);

	/* X2. Pairs with the barrier in handshake_flush_primary(). */
	full_barrier();
	step(STEP_X2, NULL, cpu->id);

	take_primary(cpu);					/* X3 */
	step(STEP_X3, NULL, cpu->id);
}

const struct handshake handshake_right = { handshake_enter, handshake_exit };

void handshake_primary_ipi(void)
{
	take_primary(this_cpu());
}

/*
 * The CPU on which @tlb's vCPU is inside, or NO_CPU. A vCPU stores its CPU
 * before E2 like its mode, so a flusher that reads NO_CPU here is seen by E3.
 */
static u32 inside_cpu(const struct vcpu_tlb *tlb)
{
	u32 id = load_acquire(&tlb->cpu);

	if (id == NO_CPU || load_acquire(&cpus[id].mode) == CPU_OUTSIDE)
		return NO_CPU;
	return id;
}

/* Is request @request of @tlb's vCPU served? */
static bool secondary_done(const struct vcpu_tlb *tlb, u64 request)
{
	return inside_cpu(tlb) == NO_CPU ||
	       (s64)(load_acquire(&tlb->taken) - request) >= 0;
}

static void wait_secondary(const struct vcpu_tlb *tlb, u64 request)
{
	struct wait wait = wait_start("a vCPU to leave the guest");
	bool nmi_sent = false;

	while (!secondary_done(tlb, request)) {
		/* A guest that has interrupts off may not notice an IPI. */
		if (unlikely(!nmi_sent && wait_is_long(&wait))) {
			u32 target = inside_cpu(tlb);

			if (target != NO_CPU)
				ipi_send_nmi(target);
			nmi_sent = true;
		}
		wait_spin(&wait);
	}
	wait_end(&wait);
}

/* Inline below, and called from elsewhere. */
inline void handshake_request(struct vcpu_tlb *const *tlbs, u32 tlb_count,
		       u64 *requests)
{
	u32 i;

	STEP_BUG_ON(tlb_count > MAX_CPUS);
	for (i = 0; i < tlb_count; i++)
		requests[i] = atomic_add(&tlbs[i]->requested, 1);
	step(STEP_REQUEST, NULL, tlb_count);

	/* Pairs with E2: see the picture at the top. */
	full_barrier();
}

inline u64 handshake_kick(struct vcpu_tlb *const *tlbs, u32 tlb_count)
{
	u64 kicked = 0;
	u32 i;

	for (i = 0; i < tlb_count; i++) {
		u32 target = inside_cpu(tlbs[i]);

		if (target == NO_CPU)
			continue;	/* E3 serves it */
		kicked |= 1ull << i;
		count(&count_kicks);
		ipi_send(target, IPI_KICK);
		/* Under ML, as in ept/, the last request is this one. */
		step_change(STEP_KICK, tlbs[i], target, tlbs[i]->requested, 0);
	}
	return kicked;
}

void handshake_flush_secondary(struct vcpu_tlb *const *tlbs, u32 tlb_count)
{
	u64 requests[MAX_CPUS];
	u64 kicked, start;
	u32 i;

	handshake_request(tlbs, tlb_count, requests);
	kicked = handshake_kick(tlbs, tlb_count);
	if (!kicked)
		return;

	start = read_tsc();
	for (i = 0; i < tlb_count; i++)
		if (kicked & 1ull << i)
			wait_secondary(tlbs[i], requests[i]);
	count_add(&count_kick_wait_ticks, read_tsc() - start);
}

static void wait_primary(const struct cpu *target, u64 request)
{
	struct wait wait = wait_start("a CPU to flush its host translations");

	/* INSIDE since it was seen OUTSIDE: X3 will serve it. */
	while ((s64)(load_acquire(&target->primary_taken) - request) < 0 &&
	       load_acquire(&target->mode) == CPU_OUTSIDE)
		wait_spin(&wait);
	wait_end(&wait);
}

/* The CPUs in a mask, one after the other. */
#define for_each_cpu(i, mask)						\
	for (u64 rest_ = (mask), i; rest_ &&				\
	     (i = (u64)__builtin_ctzll(rest_), true); rest_ &= rest_ - 1)

void handshake_flush_primary(u64 cpu_mask, hva_t hva)
{
	u64 requests[MAX_CPUS];
	u64 sent = 0;
	u32 self = cpu_id();
	u64 others = cpu_mask & ~(1ull << self);

	count(&count_primary_flush_requests);
	step_change(STEP_PFLUSH, NULL, hva.v, cpu_mask, 0);
	for_each_cpu(i, others)
		requests[i] = atomic_add(&cpus[i].primary_requested, 1);

	if (cpu_mask != others) {
		count(&count_primary_tlb_flush);
		step_change(STEP_CLEAN, NULL, self, hva.v, 0);
		if (hva.v == FLUSH_ALL)
			tlb_flush_local();
		else
			tlb_flush_page(hva);
	}

	/* Pairs with X2: see the picture at the top. */
	full_barrier();

	for_each_cpu(i, others) {
		if (READ_ONCE(cpus[i].mode) == CPU_INSIDE)
			continue;	/* X3 serves it */
		sent |= 1ull << i;
		count(&count_primary_ipis);
		ipi_send(i, IPI_PRIMARY);
	}
	for_each_cpu(i, sent)
		wait_primary(&cpus[i], requests[i]);
	step_change(STEP_PDONE, NULL, hva.v, cpu_mask, 0);
}
