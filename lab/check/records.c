#include "lab/check/records.h"

#include "arch/x86/cpu.h"
#include "arch/x86/page.h"
#include "lib/error.h"

static u64 page_count(const struct records *records)
{
	u64 a_page = PAGE_SIZE / records->size;

	return (records->count + a_page - 1) / a_page;
}

static void *page_alloc(void)
{
	struct frame *frame = frame_alloc_zeroed();

	return frame ? frame_ptr(frame) : NULL;
}

int records_init(struct records *records, u32 size, u64 count)
{
	u64 i;

	*records = (struct records){ .size = size, .count = count };
	records->pages = page_alloc();
	if (!records->pages)
		return -ENOMEM;
	for (i = 0; i < page_count(records); i++) {
		void ***middle = &records->pages[i >> TABLE_BITS];

		if (!*middle)
			*middle = page_alloc();
		if (!*middle)
			return -ENOMEM;
		(*middle)[i & (TABLE_ENTRIES - 1)] = page_alloc();
		if (!(*middle)[i & (TABLE_ENTRIES - 1)])
			return -ENOMEM;
	}
	return 0;
}

void records_clear(struct records *records)
{
	u64 i;

	for (i = 0; i < page_count(records); i++, cpu_progress())
		page_fill(records->pages[i >> TABLE_BITS]
					[i & (TABLE_ENTRIES - 1)], 0);
}
