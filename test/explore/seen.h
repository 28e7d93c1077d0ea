/*
 * The states that were met, with the most preemptions that were left then.
 */
#ifndef TEST_EXPLORE_SEEN_H
#define TEST_EXPLORE_SEEN_H

#include "arch/x86/types.h"

void seen_start(void);
void seen_forget(void);

/* True unless @state was met with at least @left preemptions left. */
bool seen_add(u64 state, u32 left);

u64 seen_count(void);

#endif
