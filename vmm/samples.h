/*
 * Durations in ticks, kept one by one until somebody wants the median.
 */
#ifndef VMM_SAMPLES_H
#define VMM_SAMPLES_H

#include "lib/types.h"

#define SAMPLES_MAX	(1u << 16)

struct samples {
	u64 count;		/* all */
	u64 min, max;		/* of all */
	u32 stride;		/* one of so many is kept */
	u32 kept;
	u64 ticks[SAMPLES_MAX];
};

void samples_clear(struct samples *samples);

/* One writer at a time. */
void samples_add(struct samples *samples, u64 ticks);

/* Of the kept samples, which are evenly spread over all; 0 if there is none.
 * Sorts them: nothing may be added after. */
u64 samples_median(struct samples *samples);

enum { SAMPLES_POWERS = 64 };

/* Of the kept samples, @counts[i] are 2^i or more, and less than twice that. A
 * sample of 0 counts as 1. */
void samples_powers(const struct samples *samples, u32 counts[SAMPLES_POWERS]);

#endif
