/*
 * Between the files of test/fake/.
 */
#ifndef TEST_FAKE_INTERNAL_H
#define TEST_FAKE_INTERNAL_H

#include "lib/types.h"

void fake_tlb_reset(void);

/* What the calling CPU did, by executed.c's count. */
enum fake_deed {
	FAKE_SECONDARY_FLUSH, FAKE_PRIMARY_FLUSH, FAKE_KICK, FAKE_PRIMARY_IPI,
	FAKE_REQUEST, FAKE_PRIMARY_REQUEST,
	FAKE_MAP, FAKE_ZAP, FAKE_CHANGE, FAKE_WRPROTECT, FAKE_UPGRADE,
	FAKE_DEED_COUNT,
};
void fake_did(enum fake_deed deed);

/*
 * Who plays a CPU: whoever calls fake_cpu(), and interrupts are served as soon
 * as they are sent; a thread; or an actor of test/explore/.
 */
enum fake_player { FAKE_SCRIPTED, FAKE_THREAD, FAKE_ACTOR };
void fake_play(u32 id, enum fake_player player);

/* Would fake_interrupts() serve one? Not in the middle of an instruction: from
 * the use of a translation to the access that it is for. */
bool fake_interrupt_is_due(void);
bool fake_interrupt_is_pending(u32 id);
/* Is @p where they are noted? */
bool fake_interrupt_is_at(const volatile void *p);
void fake_access_begins(void);
void fake_access_ends(void);

/*
 * Asked by the machine: stepper.c answers, or in the explorer turn.c. Is the
 * pending interrupt on its way still? One was sent to CPU @id. The calling CPU
 * waits for another one.
 */
bool fake_interrupt_is_late(void);
void fake_interrupt_is_sent(u32 id);
void fake_waits(void);

#endif
