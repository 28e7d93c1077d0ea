/*
 * The choices of a kernel, those that the contract allows and those that it
 * forbids: the order of its steps, when a frame is taken over, what the
 * scanner shares. One row per address space, inherited by its children; each
 * choice is a pointer to its own table.
 */
#ifndef MM_HABITS_H
#define MM_HABITS_H

#include "mm/change.h"
#include "mm/fault.h"
#include "mm/ksm.h"
#include "mm/merge.h"

struct habits {
	const struct change_order *change;	/* N1 to N5 */
	const struct merge_order *merge;	/* T4, compare, T3a */
	const struct first_touch *touch;	/* before T8 */
	const struct takeover *takeover;	/* T1 or T2 */
	const struct sharing *sharing;		/* what the scanner merges */
};

/* Those of a new address space. Only a mutant (lab/mutant/mutant.h) sets
 * others. */
extern const struct habits habits_right;

#endif
