/*
 * A second level made by hand, that maps one page: for tests of the handshake,
 * which knows nothing of ept/.
 */
#ifndef TEST_FAKE_SECOND_LEVEL_H
#define TEST_FAKE_SECOND_LEVEL_H

#include "arch/x86/paging.h"
#include "mm/frame.h"

struct second_level {
	hpa_t root;
	u64 *leaf;
	struct frame *tables[ROOT_LEVEL];
	struct frame *ones, *twos;	/* word 0 is 1, or 2 */
};

/* An entry with all rights. */
u64 second_level_entry(const struct frame *frame);

/* @gpa is mapped to ones. */
void second_level_make(struct second_level *level, gpa_t gpa);
void second_level_free(struct second_level *level);

#endif
