/*
 * Where a boot loader enters: multiboot 1, 32-bit protected mode, eax = magic,
 * ebx = information block. The header is at the very start of the image and
 * carries the load addresses, so that a flat file will do.
 */
#include "arch/x86/machine.h"

#define MULTIBOOT_HEADER_MAGIC	0x1badb002
#define MULTIBOOT_FLAGS		0x00010003	/* memory map, addresses */

	.section .text.head, "ax"
	.code32
multiboot_header:
	.long MULTIBOOT_HEADER_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_FLAGS)
	.long multiboot_header
	.long image_start		/* load address */
	.long image_load_end
	.long image_end			/* end of bss */
	.long boot_entry

	.globl boot_entry
boot_entry:
	cli
	cld
	movl %eax, %ebp

	/* Memory need not be zero. */
	movl $bss_start, %edi
	movl $image_end, %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	xorl %eax, %eax
	rep stosl

	movl $cpu_stacks + CPU_STACKS_SIZE, %esp
	movl %ebx, %esi
	call features_check
	call boot_map_low_memory
	movl $boot_entry64, %edi
	jmp enter_long_mode

	.code64
boot_entry64:
	movl $cpu_stacks + CPU_STACKS_SIZE, %esp
	movl %ebp, %edi			/* magic */
	movl %esi, %esi			/* information block */
	xorl %ebp, %ebp
	call kernel_main
	ud2

	.section .note.GNU-stack, "", @progbits
