/*
 * Can the kernel run on this CPU? 32 bits, before there is an IDT or a console
 * in C: this code prints what is missing, where the console would, and ends
 * the machine as machine_exit(EXIT_NO_BACKEND) does.
 */
#include "arch/x86/machine.h"
#include "boot/features.h"
#include "boot/version.h"

#define FLAG_ID			(1 << 21)	/* changes: there is CPUID */
#define EXTENDED		0x80000000	/* leaf range; its last leaf */
#define EXIT_NO_BACKEND		3		/* print.h */

#define BIOS_VIDEO_MODE		0x449		/* screen.c */
#define MODE_TEXT_80X25		3
#define SCREEN_BASE		0xb8000
#define SCREEN_ROW		160
#define SCREEN_GREY		7

#define UART_LSR		5		/* console.c */
#define LSR_FIFO_EMPTY		0x20
#define MAX_POLLS		1000000

	.text
	.code32

/*
 * void features_check(void): returns if nothing is missing. Needs a stack and
 * zeroed bss; destroys eax.
 */
	.globl features_check
features_check:
	pushal
	xorl %ebp, %ebp			/* nothing is missing yet */
	pushfl
	popl %eax
	movl %eax, %ecx
	xorl $FLAG_ID, %eax
	pushl %eax
	popfl
	pushfl
	popl %eax
	xorl %ecx, %eax
	testl $FLAG_ID, %eax
	jnz 1f
	movl $cpuid_text, %ebx
	call say_missing
	jmp end

1:	movl $rows, %edi
2:	movl (%edi), %eax
	andl $EXTENDED, %eax
	cpuid
	cmpl (%edi), %eax
	jb 3f
	movl (%edi), %eax
	xorl %ecx, %ecx
	cpuid
	movl 4(%edi), %ecx
	btl %ecx, %edx
	jc 4f
3:	leal 8(%edi), %ebx
	call say_missing
4:	addl $16, %edi
	cmpl $rows_end, %edi
	jb 2b
	testl %ebp, %ebp
	jnz end
	popal
	ret

/* Print the name at %ebx, the first time with the text before it. Sets ebp;
 * destroys eax, esi. */
say_missing:
	testl %ebp, %ebp
	jnz 1f
	call console_start
	movl $first_text, %esi
	call say
1:	movl $1, %ebp
	movb $' ', %al
	call say_character
	movl %ebx, %esi
	/* falls through */

/* Print the text at %esi. Destroys eax, esi. */
say:	lodsb
	testb %al, %al
	jz 1f
	call say_character
	jmp say
1:	ret

/* Find out where text goes. Destroys eax, edx. */
console_start:
	inb $DEBUG_PORT, %al
	cmpb $DEBUG_PORT, %al
	sete debug_port
	je 1f
	/* 115200 8N1 with FIFO, no interrupts, as serial_init() has it. */
	movw $COM1 + 3, %dx
	movb $0x80, %al
	outb %al, %dx
	movw $COM1, %dx
	movb $1, %al
	outb %al, %dx
	incl %edx
	xorl %eax, %eax
	outb %al, %dx
	movw $COM1 + 3, %dx
	movb $0x03, %al
	outb %al, %dx
	movw $COM1 + 2, %dx
	movb $0x07, %al
	outb %al, %dx
	movw $COM1 + 4, %dx
	movb $0x03, %al
	outb %al, %dx
1:	cmpb $MODE_TEXT_80X25, BIOS_VIDEO_MODE
	jne 2f
	movl $SCREEN_BASE, screen_at
2:	ret

/* Print %al. Destroys nothing. */
say_character:
	pushal
	cmpb $0, debug_port
	je 1f
	outb %al, $DEBUG_PORT
	jmp 2f
1:	cmpb $'\n', %al
	jne 3f
	movb $'\r', %al
	call serial_send
	movb $'\n', %al
3:	call serial_send

2:	movl screen_at, %edi
	testl %edi, %edi
	jz 5f
	cmpb $'\n', %al
	je 4f
	movb $SCREEN_GREY, %ah
	stosw
	jmp 6f
4:	leal -SCREEN_BASE(%edi), %eax	/* to the row's end */
	xorl %edx, %edx
	movl $SCREEN_ROW, %ecx
	divl %ecx
	subl %edx, %ecx
	addl %ecx, %edi
6:	movl %edi, screen_at
5:	popal
	ret

/* Send %al. Destroys ah, ecx, edx. */
serial_send:
	movb %al, %ah
	movw $COM1 + UART_LSR, %dx
	movl $MAX_POLLS, %ecx
1:	inb %dx, %al
	testb $LSR_FIFO_EMPTY, %al
	loopz 1b
	movb %ah, %al
	movw $COM1, %dx
	outb %al, %dx
	ret

end:	movl $last_text, %esi
	call say
	movb $QEMU_EXIT_BASE + EXIT_NO_BACKEND, %al
	movw $QEMU_EXIT_PORT, %dx
	outb %al, %dx
	movl $shutdown_text, %esi
	movl $shutdown_end - shutdown_text, %ecx
	movw $BOCHS_EXIT_PORT, %dx
	rep outsb
	movl $farewell_text, %esi
	call say
1:	cli
	hlt
	jmp 1b

	.section .rodata
/* Leaf, bit, name: 16 bytes each. */
#define ROW(name, leaf, bit)						\
	.long leaf, bit;						\
	.asciz name;							\
	.balign 16;
	.balign 16
rows:	CPU_FEATURES(ROW)
rows_end:

first_text:
	.ascii "tandem " TANDEM_VERSION "\n"
	.asciz "error: this machine's CPU lacks"
cpuid_text:
	.asciz "cpuid"
last_text:
	.asciz ", which the kernel needs: any 64-bit CPU has it\nexit status=3\n"
shutdown_text:
	.ascii "Shutdown"
shutdown_end:
farewell_text:
	.asciz "The machine can be switched off.\n"

	.bss
	.balign 4
screen_at:
	.skip 4				/* 0: no text screen */
debug_port:
	.skip 1				/* 1: text goes there */

	.section .note.GNU-stack, "", @progbits
