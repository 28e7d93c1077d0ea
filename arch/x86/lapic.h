/*
 * The local APIC: this CPU's id, IPIs, end of interrupt, timer.
 */
#ifndef ARCH_X86_LAPIC_H
#define ARCH_X86_LAPIC_H

#include "lib/types.h"

enum ipi {
	IPI_WAKE,	/* there is work, leave HLT */
	IPI_KICK,	/* leave the guest; the handler does nothing else */
	IPI_PRIMARY,	/* handshake_primary_ipi() */
	IPI_COUNT,
};

/* Send @ipi to CPU @id. */
void ipi_send(u32 id, enum ipi ipi);

/* Kick a CPU whose guest runs with interrupts off. */
void ipi_send_nmi(u32 id);

/* Turn on the calling CPU's APIC; the boot CPU first. Masks the PICs too. */
void lapic_init(void);

/* The calling CPU's APIC id. */
u32 lapic_id(void);

void lapic_end_of_interrupt(void);

/* Start all CPUs but this one in the trampoline: INIT, SIPI, SIPI. */
void lapic_start_others(void);

/*
 * Interrupt the calling CPU after @period_ms with VECTOR_TIMER, whose handler
 * requests the next one. Prints a line if that is not possible.
 */
void lapic_timer_start(u32 period_ms);
void lapic_timer_again(void);

/* Does the calling CPU's timer run, even in a HLT? */
bool lapic_timer_ends_naps(void);

/*
 * Sleep until the next interrupt, at latest the timer's after @ticks of the
 * clock. Interrupts on. False: no timer would end it, and it has not slept.
 */
bool lapic_timer_nap(u64 ticks);

#endif
