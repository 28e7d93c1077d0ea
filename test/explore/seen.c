#define _GNU_SOURCE
#include "test/explore/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "test/explore/memory.h"

#define ACTORS		4
#define MASKS		(1u << ACTORS)
#define LEFTS		(64 / MASKS)

/* Open addressing, at most half full; it doubles. */
struct seen {
	struct entry {
		u64 state;	/* 0: free */
		u64 met;	/* a bit for each mask of those asleep, for
				 * each number of preemptions left */
	} *entries;
	u64 size, count;
};

/* A bit for each mask that is a part of this one. */
static u64 parts[MASKS];

#define FIRST_SIZE	(1ull << 14)

static struct entry *entries_of(u64 size)
{
	void *entries = memory_own(size * sizeof(struct entry));

	(void)madvise(entries, size * sizeof(struct entry), MADV_HUGEPAGE);
	return entries;
}

struct seen *seen_make(void)
{
	struct seen *seen = memory_own(sizeof(*seen));
	u32 i;

	for (i = 0; i < MASKS * MASKS; i++)
		if (!(i % MASKS & ~(i / MASKS)))
			parts[i / MASKS] |= 1ull << i % MASKS;
	seen->size = FIRST_SIZE;
	seen->entries = entries_of(seen->size);
	return seen;
}

void seen_forget(struct seen *seen)
{
	munmap(seen->entries, seen->size * sizeof(struct entry));
	seen->size = FIRST_SIZE;
	seen->count = 0;
	seen->entries = entries_of(seen->size);
}

static struct entry *find(const struct seen *seen, u64 state)
{
	u64 i = state & (seen->size - 1);

	while (seen->entries[i].state && seen->entries[i].state != state)
		i = (i + 1) & (seen->size - 1);
	return &seen->entries[i];
}

static void grow(struct seen *seen)
{
	struct entry *old = seen->entries;
	u64 size = seen->size, i;

	seen->size *= 2;
	seen->entries = entries_of(seen->size);
	for (i = 0; i < size; i++)
		if (old[i].state)
			*find(seen, old[i].state) = old[i];
	munmap(old, size * sizeof(struct entry));
}

/* So many preemptions make a state of their own. */
static u64 key_of(u64 state, u32 left)
{
	state += left / LEFTS * 0x9e3779b97f4a7c15ull;
	return state | !state;
}

/* How it may have been met so that this is nothing new. */
static u64 enough_of(u32 left, u32 asleep)
{
	u64 enough = 0;
	u32 i;

	for (i = left % LEFTS; i < LEFTS; i++)
		enough |= parts[asleep] << i * MASKS;
	return enough;
}

bool seen_add(struct seen *seen, u64 state, u32 left, u32 asleep)
{
	struct entry *entry;

	state = key_of(state, left);
	entry = find(seen, state);
	if (entry->met & enough_of(left, asleep))
		return false;
	if (!entry->state && ++seen->count > seen->size / 2) {
		grow(seen);
		entry = find(seen, state);
	}
	entry->state = state;
	entry->met |= 1ull << (left % LEFTS * MASKS + asleep);
	return true;
}

u64 seen_count(const struct seen *seen)
{
	return seen->count;
}
