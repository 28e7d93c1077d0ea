#include "arch/x86/paging.h"

#include "arch/x86/insn.h"
#include "arch/x86/system.h"
#include "arch/x86/tlb.h"
#include "lib/print.h"

/* Entries of the kernel's own tables. SDM vol. 3, 4.5, tables 4-15 to 4-18 */
#define ENTRY_PRESENT	(1ull << 0)
#define ENTRY_WRITE	(1ull << 1)
#define ENTRY_PWT	(1ull << 3)
#define ENTRY_PCD	(1ull << 4)
#define ENTRY_LARGE	(1ull << 7)
#define ENTRY_GLOBAL	(1ull << 8)

#define LARGE_SHIFT	21
#define HUGE_SHIFT	30
#define LOW_GIB		4	/* mapped by long_mode.S */
#define MAX_GIB		64

/* The last GiB of slot 0 maps the screen, wherever that is. */
#define SCREEN_GIB	511

#define CPUID_EXTENDED		0x80000001
#define CPUID_HUGE_PAGES	(1u << 26)	/* of edx */
#define CPUID_ADDRESS_SIZES	0x80000008	/* al: physical, in bits */

/* Filled in by long_mode.S; the low tables are contiguous. */
extern u64 kernel_pml4[], kernel_pdpt[], kernel_low_tables[];

static u64 screen_table[TABLE_ENTRIES] __aligned(PAGE_SIZE);

hpa_t kernel_root(void)
{
	return ptr_to_hpa(kernel_pml4);
}

hpa_t paging_init(void)
{
	u64 gib;

	if (!(read_cpuid(CPUID_EXTENDED, 0).edx & CPUID_HUGE_PAGES))
		return (hpa_t){ (u64)LOW_GIB << HUGE_SHIFT };

	/* Absent before, so never cached: nothing to flush. */
	for (gib = LOW_GIB; gib < MAX_GIB; gib++)
		kernel_pdpt[gib] = gib << HUGE_SHIFT | ENTRY_PRESENT |
				   ENTRY_WRITE | ENTRY_LARGE | ENTRY_GLOBAL;
	return (hpa_t){ (u64)MAX_GIB << HUGE_SHIFT };
}

void *paging_map_screen(hpa_t base, u64 size)
{
	u64 bits = read_cpuid(CPUID_ADDRESS_SIZES, 0).eax & 0xff;
	u64 offset = base.v & ((1ull << LARGE_SHIFT) - 1);
	u64 end = base.v + size, page = base.v - offset;
	u32 i;

	if (offset + size > 1ull << HUGE_SHIFT || end < base.v ||
	    (end - 1) >> bits)
		return NULL;

	/* Absent before, so never cached. PCD alone leaves it to the MTRRs. */
	for (i = 0; page < end; i++, page += 1ull << LARGE_SHIFT)
		screen_table[i] = page | ENTRY_PRESENT | ENTRY_WRITE |
				  ENTRY_PCD | ENTRY_LARGE | ENTRY_GLOBAL;
	kernel_pdpt[SCREEN_GIB] = ptr_to_hpa(screen_table).v | ENTRY_PRESENT |
				  ENTRY_WRITE;
	return (void *)(((u64)SCREEN_GIB << HUGE_SHIFT) + offset);
}

void paging_map_device(hpa_t device)
{
	BUG_ON(device.v >> HUGE_SHIFT >= LOW_GIB);
	kernel_low_tables[device.v >> LARGE_SHIFT] |= ENTRY_PCD | ENTRY_PWT;
	tlb_flush_page((hva_t){ device.v });
}
