/*
 * Flushes: what an event owes is collected while entries change, and delivered
 * once, before ML is dropped or when the policy says so (pending.h).
 */
#ifndef EPT_FLUSH_H
#define EPT_FLUSH_H

#include "ept/transition.h"

struct ept;

/* What an event owes. */
struct ept_flush {
	enum transition transition;
	bool owed;		/* some CPU may use what is now forbidden */
	u32 gained;		/* entries that gained a right, and owe nothing */
};

/* Deliver what @flush owes, as the policy has it; counts it either way. ML. */
void ept_flush_issue(struct ept *ept, struct ept_flush *flush);

/* Deliver a flush for @transition, counted; it serves all that waits. ML. */
void ept_flush_now(struct ept *ept, enum transition transition);

#endif
