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
	u32 gained;		/* entries that only gained a right */
};

/* Deliver what @flush owes, as the policy says; counts it either way. ML. */
void ept_flush_issue(struct ept *ept, struct ept_flush *flush);

/* Deliver and count a flush for @transition; it serves all that wait. ML. */
void ept_flush_now(struct ept *ept, enum transition transition);

#endif
