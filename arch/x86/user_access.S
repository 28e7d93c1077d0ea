/*
 * The instructions of host code whose page fault may fail: user.h.
 */
	.text
	.code64

/*
 * bool user_store(u64 *address, u64 value): returns true in al. Destroys
 * nothing else.
 */
	.globl user_store, user_store_insn, user_failed
user_store:
user_store_insn:
	movq %rsi, (%rdi)
	movl $1, %eax
	ret
user_failed:
	xorl %eax, %eax
	ret

/*
 * bool user_fill(u64 *address, u64 value, u64 count): returns true in al.
 * Destroys rcx and rdi.
 */
	.globl user_fill, user_fill_insn
user_fill:
	movq %rsi, %rax
	movq %rdx, %rcx
user_fill_insn:
	rep stosq
	movl $1, %eax
	ret

	.section .note.GNU-stack, "", @progbits
