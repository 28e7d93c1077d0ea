/*
 * The states that were met, each with the most preemptions that were left then,
 * and with the fewest actors that slept.
 */
#ifndef TEST_EXPLORE_SEEN_H
#define TEST_EXPLORE_SEEN_H

#include "lib/types.h"

struct seen;
struct seen *seen_make(void);
void seen_forget(struct seen *seen);

/* True unless @state was met with at least @left preemptions left, and no actor
 * asleep that is not in @asleep (a bit each, 4 at most). */
bool seen_add(struct seen *seen, u64 state, u32 left, u32 asleep);

u64 seen_count(const struct seen *seen);

#endif
