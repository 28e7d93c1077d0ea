/*
 * From 32 bits to 64, for the boot CPU and the others; and the page tables
 * that all of them run on.
 */
#include "arch/x86/machine.h"

#define PAGE_TABLE	3		/* present, writable */
#define PAGE_LARGE	0x183		/* ... 2 MiB, global */
#define LOW_TABLES	4		/* page directories: 4 GiB */

	.text
	.code32

/*
 * void boot_map_low_memory(void): map the first 4 GiB at their own addresses.
 * The tables are zeroed. Destroys eax, ecx, edi.
 */
	.globl boot_map_low_memory
boot_map_low_memory:
	movl $kernel_low_tables + PAGE_TABLE, %eax
	movl $kernel_pdpt, %edi
	movl $LOW_TABLES, %ecx
1:	movl %eax, (%edi)
	addl $0x1000, %eax
	addl $8, %edi
	loop 1b

	movl $PAGE_LARGE, %eax
	movl $kernel_low_tables, %edi
	movl $LOW_TABLES * 512, %ecx
2:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 2b

	movl $kernel_pdpt + PAGE_TABLE, kernel_pml4
	ret

/*
 * Switch to 64-bit mode and jump to %edi. Needs flat 32-bit protected mode and
 * no stack. Destroys eax, ecx, edx; keeps ebx, ebp, esi.
 */
	.globl enter_long_mode
enter_long_mode:
	movl $KERNEL_CR4, %eax
	movl %eax, %cr4
	movl $kernel_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $EFER_LME | EFER_NXE, %eax
	xorl %edx, %edx
	wrmsr
	movl $KERNEL_CR0, %eax
	movl %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $SELECTOR_CODE64, $1f

	.code64
1:	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl %edi, %edi			/* the upper half is undefined */
	jmp *%rdi

	.section .rodata
	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SELECTOR_CODE64 */
	.quad 0x00cf93000000ffff	/* SELECTOR_DATA */
	.quad 0				/* SELECTOR_TSS, not before C */
	.quad 0
	.quad 0x00cf9b000000ffff	/* SELECTOR_CODE32 */
boot_gdt_end:
	.globl boot_gdt_pointer
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.bss
	.balign 4096
	.globl kernel_pml4, kernel_pdpt, kernel_low_tables
kernel_pml4:
	.skip 4096
kernel_pdpt:
	.skip 4096
kernel_low_tables:
	.skip LOW_TABLES * 4096

	.section .note.GNU-stack, "", @progbits
