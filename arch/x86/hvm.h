/*
 * Hardware virtualization, whichever the CPU has: VMX (vmx.c, Intel SDM vol. 3
 * chapters 24 to 30) or SVM (svm.c, AMD APM vol. 2 chapter 15). Nothing above
 * this header asks which.
 *
 * The caller owns all memory, runs the handshake around hvm_enter(), and
 * decides what an exit means.
 */
#ifndef ARCH_X86_HVM_H
#define ARCH_X86_HVM_H

#include "lib/compiler.h"

enum hvm_format { HVM_EPT, HVM_NPT };

/* What this machine's back end is and can do; valid after hvm_probe(). */
struct hvm_info {
	const char *name;		/* "vmx" or "svm" */
	enum hvm_format format;		/* of the second-level tables */
	bool accessed_dirty;		/* hardware keeps A and D in them */
	bool vmmcall;			/* a guest calls by VMMCALL, not by
					 * VMCALL */
};
extern struct hvm_info hvm_info;

enum hvm_exit_kind {
	HVM_EXIT_FAULT,		/* second-level fault: EPT violation, #NPF */
	HVM_EXIT_HYPERCALL,	/* VMCALL, VMMCALL */
	HVM_EXIT_CPUID,
	HVM_EXIT_INTERRUPT,	/* a host interrupt (a kick, a timer) */
	HVM_EXIT_NMI,
	HVM_EXIT_EXCEPTION,	/* in the guest: detail = vector */
	HVM_EXIT_HLT,
	HVM_EXIT_IO,		/* detail = port */
	HVM_EXIT_MSR,
	HVM_EXIT_SHUTDOWN,	/* triple fault */
	HVM_EXIT_BAD_ENTRY,	/* the entry failed; detail = the error */
	HVM_EXIT_OTHER,		/* detail = the hardware's own reason */
	HVM_EXIT_COUNT,
};
extern const char *const hvm_exit_names[HVM_EXIT_COUNT];

enum hvm_access { HVM_READ = 1, HVM_WRITE = 2, HVM_FETCH = 4 };

/* In the order that vmx_entry.S and svm_entry.S save them. */
struct hvm_regs {
	u64 rax, rcx, rdx, rbx, rbp, rsi, rdi;
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
};

struct hvm_vcpu {
	struct hvm_regs regs;		/* guest registers but rsp, rip, rflags:
					 * the caller's, hvm_vcpu_init() and
					 * hvm_skip() leave them alone */
	u64 host_rsp;			/* the back end's: stack at the entry */
	bool launched;			/* the back end's: entered before */
	enum hvm_exit_kind kind;	/* why hvm_enter() returned */
	u64 detail;
	gpa_t gpa;			/* FAULT: where */
	u32 access;			/* FAULT: enum hvm_access bits */
	void *control;			/* VMCS or VMCB page */
	u32 bound_cpu;			/* CPU whose VMCS/host state it is */
};

/*
 * Look at the CPU. 0, or -ENODEV with *@why = one line that says what is
 * missing and what to do. Call once, on CPU 0.
 */
__must_check int hvm_probe(const char **why);

/* Turn it on, on the calling CPU, with a page of memory for the back end. */
__must_check int hvm_cpu_enable(void *page);

/*
 * Prepare @vcpu to start in 64-bit mode at @rip with page tables @cr3, flat
 * segments, interrupts on, and second-level tables @root. @page is a zeroed
 * page of its own. Runs on the CPU that will run the vCPU; host state, the
 * current CR3 included, is taken from there.
 */
__must_check int hvm_vcpu_init(struct hvm_vcpu *vcpu, void *page, hpa_t root,
			       u64 rip, u64 rsp, u64 cr3);

/* Release @page, on the CPU that it was initialised on. */
void hvm_vcpu_destroy(struct hvm_vcpu *vcpu);

/*
 * Run the guest until its next exit. Interrupts off before and after. Fills
 * kind, detail, gpa, access. What an exit leaves undone in the hardware is
 * done: NMIs are not blocked. Between handshake_enter() and handshake_exit().
 */
void hvm_enter(struct hvm_vcpu *vcpu);

/* Move the guest's rip past the instruction that made it exit. */
void hvm_skip(struct hvm_vcpu *vcpu);

/* The guest's rip, for messages. */
u64 hvm_rip(struct hvm_vcpu *vcpu);

/* For tlb.c only: INVEPT of one root, TLB_CONTROL of its ASID. */
void hvm_flush_root(hpa_t root);

#endif
