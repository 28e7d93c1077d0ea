/*
 * An entry for each data page of a VM: in frames, because there may be many.
 */
#ifndef LAB_SCENARIO_PAGE_ARRAY_H
#define LAB_SCENARIO_PAGE_ARRAY_H

#include "arch/x86/page.h"
#include "lib/compiler.h"
#include "vmm/hypercall_abi.h"

#define PAGE_ARRAY_ENTRY	16	/* the biggest entry, in bytes */
#define PAGE_ARRAY_CHUNKS	(GUEST_MAX_PAGES / (PAGE_SIZE / PAGE_ARRAY_ENTRY))

struct page_array {
	u32 entry_size;		/* a power of two; 0: nothing is there */
	u32 chunk_count;
	void *chunks[PAGE_ARRAY_CHUNKS];
};

/* @count entries of @entry_size bytes, all zero. -ENOMEM: none. */
__must_check int page_array_init(struct page_array *array, u32 count,
				 u32 entry_size);

/* Give the frames back, if there are any. */
void page_array_exit(struct page_array *array);

/* The entry of page @page. */
static inline void *page_array_at(const struct page_array *array, u32 page)
{
	u32 per_chunk = PAGE_SIZE / array->entry_size;

	return (char *)array->chunks[page / per_chunk] +
	       page % per_chunk * array->entry_size;
}

#endif
