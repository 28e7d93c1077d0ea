/*
 * What the code under exploration can change: the program's data, and the
 * machine's RAM. A schedule begins where the one before began: the pages that
 * were written since are put back. Pages are protected until the first write
 * finds them, so after a few schedules only those few are copied.
 */
#ifndef TEST_EXPLORE_MEMORY_H
#define TEST_EXPLORE_MEMORY_H

#include "arch/x86/paging.h"
#include "lib/types.h"

/* Memory, zeroed, that is none of that: the explorer's own. */
void *memory_own(size_t size);

/* Once, when the machine has its RAM. */
void memory_start(void);

/* From now on memory_restore() brings back what is there now. */
void memory_snapshot(void);
void memory_restore(void);

/* What is there now, kept; and brought back, before the next snapshot. Zeroed
 * at first. */
struct memory_image {
	char (*pages)[PAGE_SIZE];
	u32 count, size;
};
void memory_keep(struct memory_image *image);
void memory_bring_back(const struct memory_image *image);

/*
 * Words of what can change have numbers; MEMORY_NOWHERE is the number of all
 * others, such as those on a stack. They do not depend on where the program
 * was loaded.
 */
#define MEMORY_NOWHERE	~0u

extern struct memory_map {
	uintptr_t data_start, data_size, ram_start, ram_size;
} memory_map;

static inline u32 memory_word(const volatile void *p)
{
	uintptr_t in_ram = (uintptr_t)p - memory_map.ram_start;
	uintptr_t in_data = (uintptr_t)p - memory_map.data_start;

	if (in_ram < memory_map.ram_size)
		return in_ram / sizeof(u64);
	if (in_data < memory_map.data_size)
		return (memory_map.ram_size + in_data) / sizeof(u64);
	return MEMORY_NOWHERE;
}

volatile void *memory_at(u32 word);
u32 memory_word_count(void);

#endif
