/*
 * The reference that random sequences are judged by: for each address space a
 * plain array with every word that it must hold. It knows nothing of tables,
 * frames or translations; an access changes an array, and so does a fork.
 */
#ifndef TEST_HOST_MODEL_H
#define TEST_HOST_MODEL_H

#include "test/host/support.h"

#define MODEL_PAGES	64
#define MODEL_SPACES	4

struct space {
	struct mm *mm;			/* NULL: this one does not exist */
	bool writable;			/* the area is */
	u64 words[MODEL_PAGES][PAGE_WORDS];
};

extern struct space spaces[MODEL_SPACES];

/* @page of @space was never written, or is forgotten. */
void model_clear(struct space *space, u64 page);

/* @child becomes a copy of @parent, over @mm. */
void model_fork(struct space *child, const struct space *parent,
		struct mm *mm);

/*
 * The first of @page_count pages of @space that differs from its model, byte
 * by byte, through its P; NULL: none. What is not mapped must be all zero. The
 * answer says which page and word, and is overwritten by the next call.
 */
const char *model_difference(const struct space *space, u64 page_count);

/* Is a frame of @space writable although it is mapped twice (INV-WRITE)? */
bool model_breaks_inv_write(const struct space *space, u64 page_count);

#endif
