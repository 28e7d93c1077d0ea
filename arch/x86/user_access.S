/*
 * The one instruction of host code whose page fault may fail: user.h.
 */
	.text
	.code64

/*
 * bool user_store(u64 *address, u64 value): returns true in al. Destroys
 * nothing else.
 */
	.globl user_store, user_store_insn, user_store_failed
user_store:
user_store_insn:
	movq %rsi, (%rdi)
	movl $1, %eax
	ret
user_store_failed:
	xorl %eax, %eax
	ret

	.section .note.GNU-stack, "", @progbits
