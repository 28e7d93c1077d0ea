/*
 * The files that the boot loader has loaded (multiboot modules). Pure, a part
 * of boot/multiboot.h.
 *
 * Multiboot Specification 0.6.96, section 3.3
 */
#ifndef BOOT_MODULES_H
#define BOOT_MODULES_H

#include "lib/types.h"

struct boot_info;
struct memory;

/*
 * Read the list of @count modules at @list into @info, and take the list, the
 * strings and the modules from @memory, which already has the map. If one
 * module is not accepted, @info has none and says why.
 */
void modules_read(struct memory *memory, u64 list, u32 count,
		  struct boot_info *info);

#endif
