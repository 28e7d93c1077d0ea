#include "vmm/loader.h"

#include "lib/print.h"
#include "lib/string.h"

extern const char guest_image[], guest_image_end[];	/* boot/guest_image.S */

/* The guest's own tables, SDM vol. 3, 4.5: 2 MiB pages, all set up front. */
#define GUEST_PTE_TABLE	(PTE_PRESENT | PTE_WRITE)
#define GUEST_PTE_LARGE	(PTE_PRESENT | PTE_WRITE | 1ull << 7 |	\
			 PTE_ACCESSED | PTE_DIRTY)
#define GUEST_PD_COUNT	4u

void guest_load(struct vm *vm)
{
	u64 *tables = vm_control((gpa_t){ GUEST_TABLES_GPA });
	u64 *pml4 = tables, *pdpt = tables + PAGE_WORDS;
	u64 *pd = tables + 2 * PAGE_WORDS;
	u64 pd_gpa = GUEST_TABLES_GPA + 2 * PAGE_SIZE;
	u32 i;

	pml4[0] = (GUEST_TABLES_GPA + PAGE_SIZE) | GUEST_PTE_TABLE;
	for (i = 0; i < GUEST_PD_COUNT; i++)
		pdpt[i] = (pd_gpa + i * PAGE_SIZE) | GUEST_PTE_TABLE;
	for (i = 0; i < GUEST_PD_COUNT * TABLE_ENTRIES; i++)
		pd[i] = ((u64)i << 21) | GUEST_PTE_LARGE;
	BUG_ON(guest_image_end - guest_image >
	       (long)(GUEST_ORACLE_GPA - GUEST_IMAGE_GPA));
	memcpy(vm_control((gpa_t){ GUEST_IMAGE_GPA }), guest_image,
	       guest_image_end - guest_image);
	for (i = 0; i < vm->config.vcpu_count; i++) {
		struct mailbox *box = vm_mailbox(i);

		box->vcpu = i;
		box->vmmcall = hvm_info.vmmcall;
		box->pages = vm->config.page_count;
		box->data_gpa = GUEST_DATA_GPA;
		box->control_end = vm->control_end;
	}
}
