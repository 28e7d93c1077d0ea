#include "test/explore/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "test/explore/memory.h"

/* Open addressing, at most half full; it doubles. */
static struct seen {
	struct entry {
		u64 state;	/* 0: free */
		u64 left;
	} *entries;
	u64 size, count;
} *seen;

#define FIRST_SIZE	(1ull << 14)

static struct entry *entries_of(u64 size)
{
	return memory_own(size * sizeof(struct entry));
}

void seen_start(void)
{
	seen = memory_own(sizeof(*seen));
	seen->size = FIRST_SIZE;
	seen->entries = entries_of(seen->size);
}

void seen_forget(void)
{
	munmap(seen->entries, seen->size * sizeof(struct entry));
	seen->size = FIRST_SIZE;
	seen->count = 0;
	seen->entries = entries_of(seen->size);
}

static struct entry *find(u64 state)
{
	u64 i = state & (seen->size - 1);

	while (seen->entries[i].state && seen->entries[i].state != state)
		i = (i + 1) & (seen->size - 1);
	return &seen->entries[i];
}

static void grow(void)
{
	struct entry *old = seen->entries;
	u64 size = seen->size, i;

	seen->size *= 2;
	seen->entries = entries_of(seen->size);
	for (i = 0; i < size; i++)
		if (old[i].state)
			*find(old[i].state) = old[i];
	munmap(old, size * sizeof(struct entry));
}

bool seen_add(u64 state, u32 left)
{
	struct entry *entry;

	state |= !state;
	entry = find(state);
	if (entry->state && entry->left >= left)
		return false;
	if (!entry->state && ++seen->count > seen->size / 2) {
		grow();
		entry = find(state);
	}
	entry->state = state;
	entry->left = left;
	return true;
}

u64 seen_count(void)
{
	return seen->count;
}
