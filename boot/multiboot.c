#include "boot/multiboot.h"

#include "arch/x86/compiler.h"
#include "arch/x86/error.h"
#include "arch/x86/string.h"

#define INFO_MEMORY		(1u << 0)
#define INFO_COMMAND_LINE	(1u << 2)
#define INFO_MAP		(1u << 6)

#define MAP_USABLE		1
#define MAP_MAX_ENTRIES		256

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

static void range_delete(struct boot_info *info, u32 i)
{
	info->range_count--;
	for (; i < info->range_count; i++)
		info->ranges[i] = info->ranges[i + 1];
}

/*
 * Put [@start, @end) at index @i; returns the index behind it. Memory for
 * which there is no room in the list is not used.
 */
static u32 range_insert(struct boot_info *info, u32 i, u64 start, u64 end)
{
	u32 j;

	if (info->range_count == BOOT_MAX_RANGES)
		return i;
	for (j = info->range_count++; j > i; j--)
		info->ranges[j] = info->ranges[j - 1];
	info->ranges[i] = (struct memory_range){ { start }, { end } };
	return i + 1;
}

/* Add [@start, @end), joined with every range that it meets. */
static void range_add(struct boot_info *info, u64 start, u64 end)
{
	u32 i = 0;

	if (start >= end)
		return;
	while (i < info->range_count) {
		const struct memory_range *r = &info->ranges[i];

		if (r->end.v < start) {
			i++;
		} else if (r->start.v > end) {
			break;
		} else {
			start = r->start.v < start ? r->start.v : start;
			end = r->end.v > end ? r->end.v : end;
			range_delete(info, i);
		}
	}
	range_insert(info, i, start, end);
}

/* Take every page that [@start, @end) touches out of the ranges. */
static void range_remove(struct boot_info *info, u64 start, u64 end)
{
	u32 i = 0;

	if (start >= end)
		return;
	start &= PAGE_MASK;
	end = page_up(end);
	while (i < info->range_count) {
		struct memory_range r = info->ranges[i];

		if (r.end.v <= start || r.start.v >= end) {
			i++;
			continue;
		}
		range_delete(info, i);
		if (r.start.v < start)
			i = range_insert(info, i, r.start.v, start);
		if (end < r.end.v)
			i = range_insert(info, i, end, r.end.v);
	}
}

/* The whole pages of [@base, @base + @length) below @limit. */
static void range_add_usable(struct boot_info *info, u64 base, u64 length,
			     u64 limit)
{
	u64 end = base + length;

	if (end < base || end > limit)
		end = limit;
	range_add(info, page_up(base), end & PAGE_MASK);
}

static u64 end_of(u64 base, u64 length)
{
	return base + length < base ? ~0ull : base + length;
}

enum map_pass { ADD_USABLE, REMOVE_RESERVED };

/*
 * Add the entries whose type is usable, or remove those whose type is not, as
 * @pass says. Returns the address behind the last entry that makes sense:
 * what follows a broken one is unknown, and not used.
 */
static u64 parse_map(const struct multiboot_info *block,
		     const struct boot_machine *machine,
		     struct boot_info *info, enum map_pass pass)
{
	u64 address = block->mmap_addr, end = address + block->mmap_length;
	u32 i;

	for (i = 0; i < MAP_MAX_ENTRIES; i++) {
		const struct map_entry *entry =
			machine->read(address, sizeof(*entry));

		if (!entry || address + sizeof(*entry) > end ||
		    entry->size < MAP_MIN_SIZE)
			break;
		if (pass == ADD_USABLE && entry->type == MAP_USABLE)
			range_add_usable(info, entry->base, entry->length,
					 machine->limit.v);
		if (pass == REMOVE_RESERVED && entry->type != MAP_USABLE)
			range_remove(info, entry->base,
				     end_of(entry->base, entry->length));
		address += sizeof(entry->size) + (u64)entry->size;
	}
	return address;
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

static void parse_memory(const struct multiboot_info *block,
			 const struct boot_machine *machine,
			 struct boot_info *info)
{
	u64 map_end;

	if (block->flags & INFO_MAP) {
		map_end = parse_map(block, machine, info, ADD_USABLE);
		/* Where entries overlap, the one that reserves is right. */
		parse_map(block, machine, info, REMOVE_RESERVED);
		range_remove(info, block->mmap_addr, map_end);
		if (map_end != block->mmap_addr)
			return;
	}
	if (block->flags & INFO_MEMORY)
		range_add_usable(info, LOW_MEMORY_END,
				 (u64)block->mem_upper << 10,
				 machine->limit.v);
}

int multiboot_parse(u64 block_address, const struct boot_machine *machine,
		    struct boot_info *info)
{
	const struct multiboot_info *source =
		machine->read(block_address, sizeof(*source));
	struct multiboot_info block;

	info->range_count = 0;
	info->command_line[0] = '\0';
	info->line_is_cut = false;
	if (!source)
		return -EINVAL;
	block = *source;

	parse_memory(&block, machine, info);
	range_remove(info, 0, LOW_MEMORY_END);
	range_remove(info, machine->kernel.start.v, machine->kernel.end.v);
	range_remove(info, block_address, block_address + sizeof(block));
	if (block.flags & INFO_COMMAND_LINE)
		range_remove(info, block.cmdline, block.cmdline +
			     copy_command_line(block.cmdline, machine, info));
	return 0;
}
