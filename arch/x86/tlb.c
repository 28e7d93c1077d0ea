#include "arch/x86/tlb.h"

#include "arch/x86/hvm.h"
#include "arch/x86/system.h"

/* SDM vol. 3, 4.10.4.1 "Operations that Invalidate TLBs..." */

static void write_cr3(u64 value)
{
	__asm__ volatile ("movq %0, %%cr3" :: "r" (value) : "memory");
}

void tlb_flush_page(hva_t hva)
{
	__asm__ volatile ("invlpg (%0)" :: "r" (hva.v) : "memory");
}

void tlb_flush_local(void)
{
	write_cr3(read_cr3());
}

void tlb_load_root(hpa_t root)
{
	write_cr3(root.v);
}

void tlb_flush_secondary(hpa_t root)
{
	hvm_flush_root(root);
}
