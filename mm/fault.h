/*
 * What a fault of the primary MMU leaves to habits.h: what comes before an absent
 * entry is filled, and whether a writer takes the frame over.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/mm.h"

/* T8, none to present, as far as another one's T7 concerns it. */
struct first_touch {
	/* *@ptep of @hva is none and will be filled. Under PTL. */
	void (*before)(struct mm *mm, hva_t hva);
};

extern const struct first_touch first_touch_right;

/* A read-only P gains W: with the same frame (T2), or with a copy (T1)? */
struct takeover {
	/* May P have W with @frame? It may be false for reasons of its own, and
	 * true only if frame_is_exclusive(). Under PTL. */
	bool (*may)(struct frame *frame);
};

extern const struct takeover takeover_right;

#endif
