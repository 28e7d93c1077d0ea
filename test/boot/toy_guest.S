/*
 * What toy VMs run: pieces of position-independent code, copied to TOY_CODE.
 * They end in loops.
 */
#define TOY_SHARED	0x5000		/* as in toy_vm.h */
#define TOY_COUNT	TOY_SHARED
#define TOY_FOUND	TOY_SHARED + 8
#define TOY_DATA	0x6000

	.macro PIECE name
	.globl \name, \name\()_end
	.balign 16
\name:
	.endm

	.section .rodata

/* One exit of each kind that has an instruction. */
PIECE toy_exits
	movl $7, %eax
	cpuid
	movl $42, %eax
	vmcall
	outb %al, $0x80
	movl $0x1b, %ecx
	rdmsr
	hlt
	movq %cr4, %rax
	xorl $4, %eax			/* TSD */
	movq %rax, %cr4
	ud2
toy_exits_end:

/* Add one to every register between two hypercalls. */
PIECE toy_registers
1:	vmcall
	incq %rax
	incq %rcx
	incq %rdx
	incq %rbx
	incq %rbp
	incq %rsi
	incq %rdi
	incq %r8
	incq %r9
	incq %r10
	incq %r11
	incq %r12
	incq %r13
	incq %r14
	incq %r15
	jmp 1b
toy_registers_end:

/* Do to TOY_DATA what rdi says: 0 read into rax, 1 write rax, 2 call. */
PIECE toy_access
1:	vmcall
	cmpl $1, %edi
	je 2f
	ja 3f
	movq TOY_DATA, %rax
	jmp 1b
2:	movq %rax, TOY_DATA
	jmp 1b
3:	movl $TOY_DATA, %ecx
	call *%rcx
	jmp 1b
toy_access_end:

/* Copy the first word of TOY_DATA to the host, for ever. */
PIECE toy_reader
1:	movq TOY_DATA, %rax
	movq %rax, TOY_FOUND
	incq TOY_COUNT
	pause
	jmp 1b
toy_reader_end:

/* Count for ever. */
PIECE toy_count
1:	incq TOY_COUNT
	pause
	jmp 1b
toy_count_end:

/* Count with interrupts off. */
PIECE toy_count_deaf
	cli
1:	incq TOY_COUNT
	pause
	jmp 1b
toy_count_deaf_end:

	.section .note.GNU-stack, "", @progbits
