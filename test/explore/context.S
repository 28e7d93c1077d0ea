/*
 * void context_switch(void **from, void *to)
 *
 * Saves what a function call preserves on the stack, stores the stack pointer
 * in *from, and returns on the stack @to, which an earlier call left like that.
 */
	.globl	context_switch
	.type	context_switch, @function
context_switch:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size	context_switch, . - context_switch

	.section .note.GNU-stack, "", @progbits
