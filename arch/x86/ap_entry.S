/*
 * Where all CPUs but the first start: in real mode, in a copy of the bytes
 * from ap_trampoline to ap_trampoline_end at AP_TRAMPOLINE.
 */
#include "arch/x86/machine.h"

	.text
	.code16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl AP_TRAMPOLINE + ap_gdt_pointer - ap_trampoline
	movl $CR0_PE | CR0_ET, %eax
	movl %eax, %cr0
	ljmpl $SELECTOR_CODE32, $ap_entry32

	.balign 8
ap_gdt_pointer:
	.word 6 * 8 - 1
	.long boot_gdt
ap_trampoline_end:

	.code32
ap_entry32:
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $ap_entry64, %edi
	jmp enter_long_mode

/*
 * Draw an id: the first to arrive is CPU 1. A CPU that is late, or one too
 * many, stops here for good and never touches a stack.
 */
	.code64
ap_entry64:
	movl $1, %edi
	lock xaddl %edi, ap_arrived
	cmpl ap_limit, %edi
	jae 1f
	movl %edi, %eax
	imull $CPU_STACKS_SIZE, %eax, %eax
	leaq cpu_stacks + CPU_STACKS_SIZE(%rax), %rsp
	xorl %ebp, %ebp
	call ap_main
	ud2
1:	cli
	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
