/*
 * A firmware of 64 KiB for Bochs, which has no multiboot loader: it enters
 * 32-bit protected mode and jumps to the kernel that `optramimage1` has loaded
 * at 1 MiB, with the registers of a multiboot loader. It carries the
 * information block, because no one else here knows the memory size and
 * command line.
 *
 * tools/backends/bochs_rom.py writes into a copy of this file, little endian:
 *
 *	offset	size
 *	0x0000	4	flags, of which bit 3 says that there are modules
 *	0x0008	4	memory above 1 MiB in KiB (mem_upper)
 *	0x0014	8	how many modules there are, and 0xf0200
 *	0x00f0	4	end of the last module; 0: there is none
 *	0x0124	8	memory above 1 MiB in bytes (second map entry, length)
 *	0x0200	16 * 16	for each module: start, end, its name's address, 0
 *	0x0300	16 * 64	their names, each ended by a zero byte
 *	0x0800	2048	command line, ended by a zero byte
 *
 * The CPU sees offset 0 at 0xf0000, and at 0xffff0000 too.
 */
#include "arch/x86/machine.h"

#define ROM_BASE		0xf0000
#define KERNEL_BASE		0x100000
#define HEADER_MAGIC		0x1badb002
#define HEADER_LOAD_END		20		/* offset of load_end_addr */
#define HEADER_ENTRY		28		/* of entry_addr */
#define LOADER_MAGIC		0x2badb002
#define PAGE_SIZE		0x1000

#define INFO_MEMORY		(1 << 0)
#define INFO_COMMAND_LINE	(1 << 2)
#define INFO_MAP		(1 << 6)

#define LOADED_END_OFFSET	0xf0
#define MAP_OFFSET		0x100
#define COMMAND_LINE_OFFSET	0x800
#define CODE_OFFSET		0x1000
#define DEFAULT_MIB		64

	.text
	.code16
rom:
	/* 0x0000: struct multiboot_info */
	.long INFO_MEMORY | INFO_COMMAND_LINE | INFO_MAP
	.long 640				/* mem_lower, KiB */
	.long (DEFAULT_MIB - 1) * 1024		/* mem_upper, KiB */
	.long 0					/* boot_device */
	.long ROM_BASE + COMMAND_LINE_OFFSET	/* cmdline */
	.long 0, 0				/* modules */
	.long 0, 0, 0, 0			/* symbols */
	.long map_end - map			/* mmap_length */
	.long ROM_BASE + MAP_OFFSET		/* mmap_addr */

	.org LOADED_END_OFFSET
	.long 0

	.org MAP_OFFSET
map:	/* size of the rest, base, length, type (1 = usable) */
	.long 20
	.quad 0, 640 * 1024
	.long 1
	.long 20
	.quad KERNEL_BASE
	.quad (DEFAULT_MIB - 1) * 1024 * 1024	/* at 0x124 */
	.long 1
map_end:

	.org COMMAND_LINE_OFFSET
	.asciz ""

	.org CODE_OFFSET
start:
	cli
	cld
	inb $0x92, %al			/* A20 */
	orb $2, %al
	outb %al, $0x92
	lgdtl %cs:(gdt_pointer - rom)
	movl $CR0_PE | CR0_ET, %eax	/* caches on: CD and NW clear */
	movl %eax, %cr0
	ljmpl $8, $ROM_BASE + protected - rom

	.code32
protected:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl %eax, %ss
	cmpl $HEADER_MAGIC, KERNEL_BASE
	jne no_kernel

	/*
	 * Touch each page of the file, which modules may make longer. Bochs
	 * allocates memory in blocks of 128 KiB, one after the other, each
	 * when it is first touched, but has read the whole file contiguously
	 * from its first block on: so the blocks that follow must be touched
	 * next.
	 */
	movl KERNEL_BASE + HEADER_LOAD_END, %edi
	cmpl ROM_BASE + LOADED_END_OFFSET, %edi
	jae 1f
	movl ROM_BASE + LOADED_END_OFFSET, %edi
1:	movl $KERNEL_BASE, %esi
2:	movb (%esi), %al
	addl $PAGE_SIZE, %esi
	cmpl %edi, %esi
	jb 2b

	movl $LOADER_MAGIC, %eax
	movl $ROM_BASE, %ebx
	jmp *KERNEL_BASE + HEADER_ENTRY

/* Nothing at 1 MiB: print that on the debug console and end Bochs. */
no_kernel:
	movl $ROM_BASE + no_kernel_text - rom, %esi
	movl $no_kernel_end - no_kernel_text, %ecx
	movl $0xe9, %edx
	rep outsb
	movl $ROM_BASE + shutdown_text - rom, %esi
	movl $shutdown_end - shutdown_text, %ecx
	movl $0x8900, %edx
	rep outsb
1:	hlt
	jmp 1b

no_kernel_text:
	.ascii "panic: no kernel at 1 MiB (optramimage1)\n"
no_kernel_end:
shutdown_text:
	.ascii "Shutdown"
shutdown_end:

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff
	.quad 0x00cf93000000ffff
gdt_end:
gdt_pointer:
	.word gdt_end - gdt - 1
	.long ROM_BASE + gdt - rom

	.code16
	.org 0xfff0			/* where a CPU wakes up */
	ljmp $ROM_BASE >> 4, $start - rom
	.org 0x10000

	.section .note.GNU-stack, "", @progbits
