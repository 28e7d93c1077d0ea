/*
 * Postponed flushes (docs/contract.md, sections 6 and 7): which ones may wait
 * under each policy, and the frames that are kept until they are complete. One
 * flush of the whole root serves all that wait.
 */
#ifndef EPT_PENDING_H
#define EPT_PENDING_H

#include "ept/policy.h"
#include "ept/transition.h"
#include "mm/quarantine.h"

struct ept;
struct ept_flush;

/* What waits. Under ML. */
struct pending {
	u64 events;			/* changes whose flush waits */
	enum transition first;		/* what the first of them was */
	bool rights;			/* some CPU may still write through a
					 * right that was removed (T4) */
	struct quarantine quarantine;	/* of T3a */
};

/*
 * Postpone what @flush owes for a change of P from @old to @new. False:
 * nothing is owed, or it cannot wait. Under ML.
 */
__must_check bool ept_postpone(struct ept *ept, const struct ept_flush *flush,
			       pte_t old, pte_t new);

/* A flush that something else owes serves what waits, too. Under ML. */
void ept_pending_join(struct ept *ept);

/* A flush of this root is complete: nothing waits any more. Under ML. */
void ept_pending_served(struct ept *ept);

/* Issue the flush that waits, if @need asks for it; true: it did. ML. */
bool ept_pending_complete(struct ept *ept, enum mmu_need need);

/* Does the scanner have to work in stages for @when? */
bool when_wants_stages(const struct when_choice *when);

#endif
