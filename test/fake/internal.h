/*
 * Between the files of test/fake/.
 */
#ifndef TEST_FAKE_INTERNAL_H
#define TEST_FAKE_INTERNAL_H

#include "arch/x86/types.h"

void fake_tlb_reset(void);

/* Is CPU @id's store buffer in use? Make its store visible. */
bool fake_store_pending(u32 id);
void fake_store_drain(u32 id);

/* Is the calling CPU the column whose turn it is? */
bool fake_explore_has_turn(void);

#endif
