/*
 * Where a vCPU starts: 64-bit mode, rdi = its mailbox, rsp = the top of its
 * stack, interrupts on, no IDT and no need of one: whatever would use it is
 * an exit. The first byte of the image.
 */
	.section .text.start, "ax"
	.globl guest_start
guest_start:
	xorl %ebp, %ebp
	call guest_main			/* does not return */
	ud2

	.section .note.GNU-stack, "", @progbits
