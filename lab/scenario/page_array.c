#include "lab/scenario/page_array.h"

#include "lib/error.h"
#include "lib/print.h"
#include "mm/frame.h"

int page_array_init(struct page_array *array, u32 count, u32 entry_size)
{
	u32 per_chunk = PAGE_SIZE / entry_size;
	u32 chunks = (count + per_chunk - 1) / per_chunk;

	BUG_ON(entry_size > PAGE_ARRAY_ENTRY || chunks > PAGE_ARRAY_CHUNKS);
	array->entry_size = entry_size;
	array->chunk_count = 0;
	while (array->chunk_count < chunks) {
		struct frame *frame = frame_alloc_zeroed();

		if (!frame) {
			page_array_exit(array);
			return -ENOMEM;
		}
		array->chunks[array->chunk_count++] = frame_ptr(frame);
	}
	return 0;
}

void page_array_exit(struct page_array *array)
{
	while (array->chunk_count)
		frame_put(ptr_frame(array->chunks[--array->chunk_count]));
	array->entry_size = 0;
}
