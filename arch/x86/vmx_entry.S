/*
 * Into the guest and out again, for VMX.
 */
#include "arch/x86/hvm_regs.h"

#define HOST_RSP	0x6c14		/* SDM vol. 3, appendix B.4.4 */
#define FAIL_INVALID	1		/* enum vmx_failure */
#define FAIL_VALID	2

	.text

/*
 * u64 vmx_run(struct hvm_vcpu *vcpu)
 *
 * Enters the guest with the registers in *vcpu. Comes back at vmx_exit, or
 * falls through if the entry failed; both return to the caller with the C
 * ABI kept, 0 or an enum vmx_failure in rax. Interrupts are off throughout:
 * an exit clears RFLAGS but bit 1.
 *
 * The exit takes its stack pointer from the VMCS, so it is written whenever
 * this frame has moved since the last entry.
 */
	.globl vmx_run
vmx_run:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	cmpq %rsp, HVM_HOST_RSP(%rdi)
	je 1f
	movl $HOST_RSP, %eax
	vmwrite %rsp, %rax
	movq %rsp, HVM_HOST_RSP(%rdi)
1:
	cmpb $0, HVM_LAUNCHED(%rdi)	/* moves keep the flags */
	movq HVM_RAX(%rdi), %rax
	movq HVM_RCX(%rdi), %rcx
	movq HVM_RDX(%rdi), %rdx
	movq HVM_RBX(%rdi), %rbx
	movq HVM_RBP(%rdi), %rbp
	movq HVM_RSI(%rdi), %rsi
	movq HVM_R8(%rdi), %r8
	movq HVM_R9(%rdi), %r9
	movq HVM_R10(%rdi), %r10
	movq HVM_R11(%rdi), %r11
	movq HVM_R12(%rdi), %r12
	movq HVM_R13(%rdi), %r13
	movq HVM_R14(%rdi), %r14
	movq HVM_R15(%rdi), %r15
	movq HVM_RDI(%rdi), %rdi
	je 2f
	vmresume
	jmp 3f
2:	vmlaunch
3:	movl $FAIL_VALID, %eax
	movl $FAIL_INVALID, %ecx
	cmovcl %ecx, %eax		/* CF: VMfailInvalid, ZF: VMfailValid */
	popq %rdi
	jmp 4f

	.globl vmx_exit
vmx_exit:
	pushq %rdi
	movq 8(%rsp), %rdi
	movq %rax, HVM_RAX(%rdi)
	movq %rcx, HVM_RCX(%rdi)
	movq %rdx, HVM_RDX(%rdi)
	movq %rbx, HVM_RBX(%rdi)
	movq %rbp, HVM_RBP(%rdi)
	movq %rsi, HVM_RSI(%rdi)
	movq %r8, HVM_R8(%rdi)
	movq %r9, HVM_R9(%rdi)
	movq %r10, HVM_R10(%rdi)
	movq %r11, HVM_R11(%rdi)
	movq %r12, HVM_R12(%rdi)
	movq %r13, HVM_R13(%rdi)
	movq %r14, HVM_R14(%rdi)
	movq %r15, HVM_R15(%rdi)
	popq HVM_RDI(%rdi)
	popq %rdi
	xorl %eax, %eax
4:	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

	.section .note.GNU-stack, "", @progbits
