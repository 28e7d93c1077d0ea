/*
 * T8, none to present, as far as another one's T7 concerns it: what comes
 * before an absent entry is filled. A choice (habits.h), so that a mutant can
 * leave it out.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include "mm/mm.h"

struct first_touch {
	/* *@ptep of @hva is none and will be filled. Under PTL. */
	void (*before)(struct mm *mm, hva_t hva);
};

extern const struct first_touch first_touch_right;

#endif
