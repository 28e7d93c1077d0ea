/*
 * Into the guest and out again, for SVM.
 */
#include "arch/x86/hvm_regs.h"

	.text

/*
 * void svm_run(struct hvm_vcpu *vcpu, hpa_t vmcb, hpa_t host)
 *
 * Enters the guest of *vmcb with the registers in *vcpu (rax and rsp are in
 * the VMCB), returns after its next exit with the C ABI kept.
 *
 * VMRUN and #VMEXIT switch what is in the VMCB, and for the host rax, rsp,
 * rflags and the control registers. FS, GS, TR, LDTR and the MSRs of system
 * calls are switched by hand, by VMLOAD and VMSAVE (APM vol. 2, 15.5).
 *
 * Between CLGI and STGI nothing interrupts the host, NMIs included: they stay
 * pending, for the guest, which exits at once, or for the STGI (15.17). That
 * is a few instructions and no loop (O14); in the guest GIF is 1. With
 * V_INTR_MASKING it is the host's IF, as VMRUN finds it, that lets a physical
 * interrupt end the guest, whatever the guest's own IF is (15.21): so IF is 1
 * there, and 0 again before the interrupt could be taken here.
 */
	.globl svm_run
svm_run:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq %rdi
	pushq %rdx
	movq %rsi, %rax
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
	clgi
	sti
	vmload %rax
	vmrun %rax
	vmsave %rax
	popq %rax
	vmload %rax
	cli
	stgi

	pushq %rdi
	movq 8(%rsp), %rdi
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
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

/*
 * void svm_save_host(hpa_t host): destroys rax.
 */
	.globl svm_save_host
svm_save_host:
	movq %rdi, %rax
	vmsave %rax
	ret

	.section .note.GNU-stack, "", @progbits
