#include "boot/multiboot.h"

#include "boot/modules.h"
#include "boot/usable.h"
#include "lib/compiler.h"
#include "lib/error.h"
#include "lib/string.h"

#define INFO_MEMORY		(1u << 0)
#define INFO_COMMAND_LINE	(1u << 2)
#define INFO_MODULES		(1u << 3)
#define INFO_MAP		(1u << 6)

/* As loaders write it: little endian, 32-bit, packed. */
struct multiboot_info {
	u32 flags;
	u32 mem_lower, mem_upper;	/* KiB; upper from 1 MiB on */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
} __packed;

/* Up to the zero byte, the end of readable memory, or of the buffer. */
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
	info->module_count = 0;
	info->module_error[0] = '\0';
	if (!source)
		return -EINVAL;
	block = *source;

	usable_take(&memory, machine->kernel.start.v, machine->kernel.end.v);
	usable_take(&memory, machine->screen.start.v, machine->screen.end.v);
	usable_take(&memory, block_address, block_address + sizeof(block));
	if (block.flags & INFO_COMMAND_LINE)
		usable_take(&memory, block.cmdline, block.cmdline +
			    copy_command_line(block.cmdline, machine, info));
	if (block.flags & INFO_MAP)
		usable_find_map(&memory, block.mmap_addr, block.mmap_length,
				info);
	if (block.flags & INFO_MEMORY && memory.map == memory.map_end)
		memory.size = (u64)block.mem_upper << 10;
	if (block.flags & INFO_MODULES && block.mods_count)
		modules_read(&memory, block.mods_addr, block.mods_count, info);
	usable_find_ranges(&memory, info);
	return 0;
}
