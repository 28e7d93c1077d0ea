/*
 * A big table of equal records, in single frames: what the checker keeps for
 * each frame and each gfn. Reached in constant time.
 */
#ifndef LAB_CHECK_RECORDS_H
#define LAB_CHECK_RECORDS_H

#include "mm/frame.h"

struct records {
	u32 size;		/* of a record; at most a page */
	u64 count;
	void ***pages;		/* a page of pages of pointers to pages */
};

/* @count zeroed records of @size bytes; they stay. -ENOMEM. */
__must_check int records_init(struct records *records, u32 size, u64 count);

/* Record @i, which is less than the count. */
static inline void *records_at(const struct records *records, u64 i)
{
	u64 a_page = PAGE_SIZE / records->size, page = i / a_page;
	char *base = records->pages[page >> TABLE_BITS]
				   [page & (TABLE_ENTRIES - 1)];

	return base + i % a_page * records->size;
}

/* Zero them all. */
void records_clear(struct records *records);

#endif
