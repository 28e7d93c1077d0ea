/*
 * Usable memory, from the loader's map and from what lies in it. Pure, a part
 * of boot/multiboot.h.
 */
#ifndef BOOT_USABLE_H
#define BOOT_USABLE_H

#include "boot/multiboot.h"

/* Those of multiboot_parse(); the list of modules, and two per module. */
#define MAX_TAKEN	(5 + 1 + 2 * BOOT_MAX_MODULES)

/* What is known of the memory. */
struct memory {
	const struct boot_machine *machine;
	u64 map, map_end;	/* the valid entries; none: size */
	u64 size;		/* usable from 1 MiB on, if there is no map */
	struct memory_range taken[MAX_TAKEN];	/* whatever the map says */
	u32 taken_count;
};

/* Nobody may use the pages of @start to @end; at most MAX_TAKEN times. */
void usable_take(struct memory *memory, u64 start, u64 end);

/* Find the map's entries in @length bytes at @address. What follows a broken
 * one is unknown: @info says so. */
void usable_find_map(struct memory *memory, u64 address, u64 length,
		     struct boot_info *info);

/* Is everything from @start to @end usable, from 1 MiB on, and not taken? */
bool usable_has(const struct memory *memory, u64 start, u64 end);

/* Fill the ranges of @info. */
void usable_find_ranges(const struct memory *memory, struct boot_info *info);

#endif
