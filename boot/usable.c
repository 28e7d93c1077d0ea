#include "boot/usable.h"

#include "lib/compiler.h"

#define MAP_USABLE		1

#define LOW_MEMORY_END		0x100000ull	/* an AP starts below it */

/* As loaders write it: little endian, packed. */
struct map_entry {
	u32 size;			/* of what follows */
	u64 base, length;
	u32 type;
} __packed;

#define MAP_MIN_SIZE	(sizeof(struct map_entry) - sizeof(u32))

static u64 page_up(u64 address)
{
	return address > PAGE_MASK ? PAGE_MASK :
				     (address + PAGE_SIZE - 1) & PAGE_MASK;
}

static u64 end_of(u64 base, u64 length)
{
	return base + length < base ? ~0ull : base + length;
}

void usable_take(struct memory *memory, u64 start, u64 end)
{
	memory->taken[memory->taken_count++] =
		(struct memory_range){ { start }, { end } };
}

/* One address, what covers it, and where that next changes. */
struct place {
	u64 at, next;
	bool usable, taken;
};

/* Is the place in [@start, @end)? The answer holds up to its next. */
static bool place_is_in(struct place *place, u64 start, u64 end)
{
	u64 next;

	if (start >= end || end <= place->at)
		return false;
	next = start > place->at ? start : end;
	if (next < place->next)
		place->next = next;
	return start <= place->at;
}

/* Only whole pages are usable, but a page touched in part is taken. */
static bool place_is_taken(struct place *place, u64 start, u64 end)
{
	return start < end && place_is_in(place, start & PAGE_MASK,
					  page_up(end));
}

static bool place_is_usable(struct place *place, u64 start, u64 end)
{
	return place_is_in(place, page_up(start), end & PAGE_MASK);
}

/* An entry of the map at @address, or NULL: it is invalid. */
static const struct map_entry *read_entry(const struct memory *memory,
					  u64 address, u64 end)
{
	const struct map_entry *entry =
		memory->machine->read(address, sizeof(*entry));

	if (!entry || address + sizeof(*entry) > end ||
	    entry->size < MAP_MIN_SIZE)
		return NULL;
	return entry;
}

static u64 entry_end(const struct map_entry *entry, u64 address)
{
	return address + sizeof(entry->size) + (u64)entry->size;
}

/*
 * Find out what covers @place->at. Where entries overlap, the reserved one
 * wins. The map is read again for each place, so its length and order do not
 * matter: with n entries there are no more than 2 n places.
 */
static void look_at(const struct memory *memory, struct place *place)
{
	const struct map_entry *entry;
	u64 address, end;
	u32 i;

	place->usable = place_is_usable(place, LOW_MEMORY_END,
					end_of(LOW_MEMORY_END, memory->size));
	place->taken = false;
	for (i = 0; i < memory->taken_count; i++)
		place->taken |= place_is_taken(place,
					       memory->taken[i].start.v,
					       memory->taken[i].end.v);
	for (address = memory->map; address < memory->map_end;
	     address = entry_end(entry, address)) {
		entry = read_entry(memory, address, memory->map_end);
		if (!entry)
			break;
		end = end_of(entry->base, entry->length);
		if (entry->type == MAP_USABLE)
			place->usable |= place_is_usable(place, entry->base,
							 end);
		else
			place->taken |= place_is_taken(place, entry->base,
						       end);
	}
}

bool usable_has(const struct memory *memory, u64 start, u64 end)
{
	struct place place = { .next = start };

	if (start < LOW_MEMORY_END || end > memory->machine->limit.v)
		return false;
	do {
		place = (struct place){ .at = place.next, .next = end };
		look_at(memory, &place);
	} while (place.usable && !place.taken && place.next < end);
	return place.usable && !place.taken;
}

static u64 range_size(const struct memory_range *r)
{
	return r->end.v - r->start.v;
}

/* Append the range to the list; if it is full, replace the smallest. */
static void keep_range(struct boot_info *info, struct memory_range range)
{
	struct memory_range *ranges = info->ranges;
	u32 i, smallest = 0;

	if (info->range_count == BOOT_MAX_RANGES) {
		for (i = 1; i < BOOT_MAX_RANGES; i++)
			if (range_size(&ranges[i]) <
			    range_size(&ranges[smallest]))
				smallest = i;
		info->left_out_count++;
		if (range_size(&ranges[smallest]) >= range_size(&range)) {
			info->left_out_size += range_size(&range);
			return;
		}
		info->left_out_size += range_size(&ranges[smallest]);
		info->range_count--;
		for (i = smallest; i < info->range_count; i++)
			ranges[i] = ranges[i + 1];
	}
	ranges[info->range_count++] = range;
}

/* Go from place to place; each run of free ones is a range. */
void usable_find_ranges(const struct memory *memory, struct boot_info *info)
{
	u64 at, start = 0, limit = memory->machine->limit.v;
	bool free = false, was_free;
	struct place place;

	for (at = LOW_MEMORY_END; at < limit; at = place.next) {
		place = (struct place){ .at = at, .next = limit };
		look_at(memory, &place);
		was_free = free;
		free = place.usable && !place.taken;
		if (free && !was_free)
			start = at;
		if (!free && was_free)
			keep_range(info, (struct memory_range){ { start },
								{ at } });
	}
	if (free)
		keep_range(info, (struct memory_range){ { start }, { limit } });
}

void usable_find_map(struct memory *memory, u64 address, u64 length,
		     struct boot_info *info)
{
	u64 end = address + length;
	const struct map_entry *entry;
	u32 count = 0;

	memory->map = address;
	while (address < end) {
		entry = read_entry(memory, address, end);
		if (!entry || ++count > BOOT_MAX_MAP) {
			info->map_is_cut = true;
			break;
		}
		address = entry_end(entry, address);
	}
	memory->map_end = address;
	usable_take(memory, memory->map, memory->map_end);
}
