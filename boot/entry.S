/*
 * Where a boot loader enters: multiboot 1, 32-bit protected mode, eax = magic,
 * ebx = information block. The header stands at the very start of the image
 * and carries the load addresses, so that a flat file will do.
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

	/* Nobody has promised that memory is zero. */
	movl $bss_start, %edi
	movl $image_end, %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	xorl %eax, %eax
	rep stosl

	movl $cpu_stacks + CPU_STACKS_SIZE, %esp
	movl %ebx, %esi
	call cpu_has_long_mode
	jz no_long_mode
	call boot_map_low_memory
	movl $boot_entry64, %edi
	jmp enter_long_mode

/*
 * bool cpu_has_long_mode(void): the answer is in the zero flag, set for no.
 * Destroys eax, ebx, ecx, edx.
 */
cpu_has_long_mode:
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb 1f
	movl $0x80000001, %eax
	cpuid
	testl $1 << 29, %edx
	ret
1:	xorl %eax, %eax
	ret

/* The console is C and 64 bits: say it to whoever listens, and stop. */
no_long_mode:
	movl $no_long_mode_text, %esi
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, $0xe9
	movw $0x3f8, %dx
	outb %al, %dx
	jmp 1b
2:	cli
	hlt
	jmp 2b

	.code64
boot_entry64:
	movl $cpu_stacks + CPU_STACKS_SIZE, %esp
	movl %ebp, %edi			/* magic */
	movl %esi, %esi			/* information block */
	xorl %ebp, %ebp
	call kernel_main
	ud2

	.section .rodata
no_long_mode_text:
	.asciz "panic: no 64-bit CPU\n"

	.section .note.GNU-stack, "", @progbits
