#include "boot/multiboot.h"

#include "lib/compiler.h"
#include "lib/error.h"
#include "lib/string.h"

#define INFO_MEMORY		(1u << 0)
#define INFO_COMMAND_LINE	(1u << 2)
#define INFO_MAP		(1u << 6)

#define MAP_USABLE		1
#define MAX_TAKEN		5	/* those that multiboot_parse() takes */

#define LOW_MEMORY_END		0x100000ull	/* an AP wakes up below it */

/* As loaders write them: little endian, 32-bit, packed. */
struct multiboot_info {
	u32 flags;
	u32 mem_lower, mem_upper;	/* KiB; upper from 1 MiB on */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
} __packed;

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

/* What is known of the memory. */
struct memory {
	const struct boot_machine *machine;
	u64 map, map_end;	/* the entries that make sense; none: size */
	u64 size;		/* usable from 1 MiB on, if there is no map */
	struct memory_range taken[MAX_TAKEN];	/* whatever the map says */
	u32 taken_count;
};

static void take(struct memory *memory, u64 start, u64 end)
{
	memory->taken[memory->taken_count++] =
		(struct memory_range){ { start }, { end } };
}

/* One address, what covers it, and up to where that is so. */
struct place {
	u64 at, next;
	bool usable, taken;
};

/* Is the place in [@start, @end)? In any case that is so up to its next. */
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

/* Whole pages are usable, and every page that is touched is taken. */
static bool place_is_taken(struct place *place, u64 start, u64 end)
{
	return start < end && place_is_in(place, start & PAGE_MASK,
					  page_up(end));
}

static bool place_is_usable(struct place *place, u64 start, u64 end)
{
	return place_is_in(place, page_up(start), end & PAGE_MASK);
}

/* An entry of the map at @address, or NULL: it makes no sense. */
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
 * Find out what covers @place->at. Where entries overlap, the one that
 * reserves is right. The map is read anew for each place, so that nothing
 * depends on how long it is, or sorted: with n entries there are no more than
 * 2 n places.
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

static u64 range_size(const struct memory_range *r)
{
	return r->end.v - r->start.v;
}

/* Put the range at the end of the list, if need be in place of the smallest. */
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

/* From place to place, and each run of those that are free is a range. */
static void find_ranges(const struct memory *memory, struct boot_info *info)
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

/* Find the entries that make sense; what follows a broken one is unknown. */
static void find_map(const struct multiboot_info *block,
		     struct memory *memory, struct boot_info *info)
{
	u64 address = block->mmap_addr, end = address + block->mmap_length;
	const struct map_entry *entry;
	u32 count = 0;

	while (address < end) {
		entry = read_entry(memory, address, end);
		if (!entry || ++count > BOOT_MAX_MAP) {
			info->map_is_cut = true;
			break;
		}
		address = entry_end(entry, address);
	}
	memory->map = block->mmap_addr;
	memory->map_end = address;
	take(memory, memory->map, memory->map_end);
}

/* Up to the zero byte, to what can be read, or to the room there is. */
static size_t copy_command_line(u64 address,
				const struct boot_machine *machine,
				struct boot_info *info)
{
	const char *c;
	size_t i;

	for (i = 0; ; i++) {
		c = machine->read(address + i, 1);
		if (!c || !*c || i == COMMAND_LINE_SIZE - 1)
			break;
		info->command_line[i] = *c;
	}
	info->command_line[i] = '\0';
	info->line_is_cut = !c || *c;
	return i + 1;
}

int multiboot_parse(u64 block_address, const struct boot_machine *machine,
		    struct boot_info *info)
{
	const struct multiboot_info *source =
		machine->read(block_address, sizeof(*source));
	struct memory memory = { .machine = machine };
	struct multiboot_info block;

	info->range_count = 0;
	info->left_out_count = 0;
	info->left_out_size = 0;
	info->map_is_cut = false;
	info->command_line[0] = '\0';
	info->line_is_cut = false;
	if (!source)
		return -EINVAL;
	block = *source;

	take(&memory, machine->kernel.start.v, machine->kernel.end.v);
	take(&memory, machine->screen.start.v, machine->screen.end.v);
	take(&memory, block_address, block_address + sizeof(block));
	if (block.flags & INFO_COMMAND_LINE)
		take(&memory, block.cmdline, block.cmdline +
		     copy_command_line(block.cmdline, machine, info));
	if (block.flags & INFO_MAP)
		find_map(&block, &memory, info);
	if (block.flags & INFO_MEMORY && memory.map == memory.map_end)
		memory.size = (u64)block.mem_upper << 10;
	find_ranges(&memory, info);
	return 0;
}
