/*
 * What the boot loader reports: usable memory, command line, modules. Pure: it
 * reads only what its caller lets it read, so that host tests and fuzzers feed
 * it any bytes. It trusts nothing in the tables unchecked.
 *
 * Multiboot Specification 0.6.96, sections 3.2 to 3.4
 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "lib/scan.h"

#define MULTIBOOT_LOADER_MAGIC	0x2badb002u

#define BOOT_MAX_RANGES		256
#define BOOT_MAX_MAP		4096	/* entries; firmware has up to 300 */
#define COMMAND_LINE_SIZE	2048
#define BOOT_MAX_MODULES	16
#define BOOT_MODULE_SIZE	TEXT_FILE_SIZE	/* bytes of one */
#define BOOT_MODULE_NAME	64	/* with its zero byte */

/*
 * A file that the loader has loaded. Its memory is in none of the ranges, so
 * it is never reused.
 */
struct boot_module {
	u64 start, size;	/* size 0: nothing lies at start */
	/* Of letters, digits and . _ - +, and no two have the same. */
	char name[BOOT_MODULE_NAME];
};

struct boot_info {
	/* Usable: page aligned, sorted, disjoint, none empty. */
	struct memory_range ranges[BOOT_MAX_RANGES];
	u32 range_count;
	/* Sum of the smallest ranges, which did not fit in the list. */
	u32 left_out_count;
	u64 left_out_size;
	bool map_is_cut;	/* unreadable after some entry */
	char command_line[COMMAND_LINE_SIZE];	/* ends with a zero byte */
	bool line_is_cut;	/* too long, or without an end */
	struct boot_module modules[BOOT_MAX_MODULES];
	u32 module_count;
	char module_error[192];	/* why there are no modules, or empty */
};

/* What the parser needs to know of the machine. */
struct boot_machine {
	/* @size bytes of physical memory to read, or NULL: not there. */
	const void *(*read)(u64 address, u64 size);
	struct memory_range kernel;	/* the image, its bss included */
	hpa_t limit;			/* memory behind it cannot be used */
	struct memory_range screen;	/* the framebuffer, or empty */
};

/*
 * Fill @info from the block at physical address @block. The usable memory
 * leaves out what lies below 1 MiB, kernel, screen, modules, the loader's own
 * tables, and every page that some entry reserves, even if others offer it.
 * Returns 0, or -EINVAL if there is no block; @info is valid in any case.
 */
int multiboot_parse(u64 block, const struct boot_machine *machine,
		    struct boot_info *info);

#endif
