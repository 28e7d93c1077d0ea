/*
 * What habits.h decides in a fault of the primary MMU: what happens before an
 * absent entry is filled, and whether a writer takes the frame over.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/mm.h"

/* T8, none to present, against a T7 that another CPU has not finished. */
struct first_touch {
	/* *@ptep of @hva is none and will be filled. Under PTL. */
	void (*before)(struct mm *mm, hva_t hva);
};

extern const struct first_touch first_touch_right;

/* A read-only P gains W: with the same frame (T2), or with a copy (T1)? */
struct takeover {
	/* May P have W with @frame? True only if frame_is_exclusive(); may be
	 * false for other reasons. A write fault on a pinned frame does not
	 * ask. Under PTL. */
	bool (*may)(struct frame *frame);
};

extern const struct takeover takeover_right;

#endif
