/*
 * The kernel's own translation: physical memory at its own address, writable,
 * supervisor, global. It fills slot 0 of the root; every process root copies
 * that slot and has slots 128 to 255 for itself.
 */
#ifndef ARCH_X86_PAGING_H
#define ARCH_X86_PAGING_H

#include "lib/types.h"

/* The root that maps nothing but the kernel. */
hpa_t kernel_root(void);

/*
 * Map what the boot code has not: memory above 4 GiB, if the CPU has 1 GiB
 * pages. Returns the end of what is mapped; memory above it stays unused.
 */
hpa_t paging_init(void);

/*
 * Map @size bytes at physical @base, wherever it is, for a screen: writes are
 * not cached, but combined where the firmware's MTRRs say so. Called once.
 * Returns where they are, or NULL: that is more than 1 GiB, or beyond the
 * CPU's physical addresses.
 */
void *paging_map_screen(hpa_t base, u64 size);

/* Make the 2 MiB around @device uncached; below 4 GiB. */
void paging_map_device(hpa_t device);

#endif
