/*
 * Durations in ticks, kept one by one until somebody wants the median.
 */
#ifndef VMM_SAMPLES_H
#define VMM_SAMPLES_H

#include "arch/x86/types.h"

#define SAMPLES_MAX	(1u << 16)

struct samples {
	u64 count;		/* all, also those beyond SAMPLES_MAX */
	u32 kept;
	u32 min, max;
	u32 ticks[SAMPLES_MAX];	/* the first ones */
};

void samples_clear(struct samples *samples);

/* One writer at a time. */
void samples_add(struct samples *samples, u64 ticks);

/* Of the kept ones; 0 if there is none. Sorts them. */
u32 samples_median(struct samples *samples);

#endif
