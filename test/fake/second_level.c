#include "test/fake/second_level.h"

u64 second_level_entry(const struct frame *frame)
{
	return pfn_to_hpa(frame_pfn(frame)).v | 7;
}

static u64 *entry_at(struct frame *table, gpa_t gpa, u32 level)
{
	return (u64 *)frame_ptr(table) + table_index(gpa.v, level);
}

void second_level_make(struct second_level *level, gpa_t gpa)
{
	u32 i;

	for (i = 0; i < ROOT_LEVEL; i++)
		level->tables[i] = frame_alloc_zeroed();
	level->ones = frame_alloc();
	level->twos = frame_alloc();
	for (i = 0; i + 1 < ROOT_LEVEL; i++)
		*entry_at(level->tables[i], gpa, ROOT_LEVEL - i) =
			second_level_entry(level->tables[i + 1]);
	level->root = pfn_to_hpa(frame_pfn(level->tables[0]));
	level->leaf = entry_at(level->tables[ROOT_LEVEL - 1], gpa, 1);
	*level->leaf = second_level_entry(level->ones);
	*(u64 *)frame_ptr(level->ones) = 1;
	*(u64 *)frame_ptr(level->twos) = 2;
}

void second_level_free(struct second_level *level)
{
	u32 i;

	for (i = 0; i < ROOT_LEVEL; i++)
		frame_put(level->tables[i]);
	frame_put(level->ones);
	frame_put(level->twos);
}
