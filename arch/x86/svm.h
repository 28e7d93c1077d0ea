/*
 * SVM as the CPU defines it: the VMCB, its intercepts, the exit codes (AMD APM
 * vol. 2, appendices B and C); and what svm.c, svm_vmcb.c and svm_entry.S
 * share. For these files only.
 */
#ifndef ARCH_X86_SVM_H
#define ARCH_X86_SVM_H

#include "arch/x86/hvm.h"

/* APM vol. 2, 15.30 "SVM related MSRs" */
#define MSR_VM_CR		0xc0010114
#define   VM_CR_SVMDIS		(1ull << 4)
#define MSR_VM_HSAVE_PA		0xc0010117
#define EFER_SVME		(1ull << 12)

struct vmcb_segment {
	u16 selector;
	u16 rights;		/* descriptor bits 55:52 and 47:40, packed */
	u32 limit;
	u64 base;
};

/*
 * One page for each vCPU. The CPU reads and writes it at VMRUN and #VMEXIT,
 * and at VMLOAD and VMSAVE the fields that say so.
 */
struct vmcb {
	/* Control area, appendix B.1 */
	u16 cr_reads, cr_writes;	/* intercepted, one bit per register */
	u16 dr_reads, dr_writes;
	u32 exceptions;			/* a bit a vector */
	u32 intercepts1, intercepts2;
	u8 unused_014[0x2c];
	u64 io_map;			/* a bit a port: exit */
	u64 msr_map;
	u64 tsc_offset;
	u32 asid;
	u8 flush;			/* TLB_CONTROL, see svm.c */
	u8 unused_05d[3];
	u64 interrupt_control;
	u64 interrupt_shadow;
	u32 exit_code;			/* QEMU extends -1 by zeros */
	u32 exit_code_high;
	u64 exit_info1, exit_info2;
	u64 exit_event;			/* that was being delivered */
	u64 nested_control;
	u8 unused_098[0x10];
	u64 event;			/* to inject */
	u64 nested_root;		/* nCR3 */
	u64 lbr_control;
	u32 clean;			/* unchanged since the last #VMEXIT */
	u32 unused_0c4;
	u64 next_rip;
	u8 unused_0d0[0x330];

	/* State save area, appendix B.2 */
	struct vmcb_segment es, cs, ss, ds;
	struct vmcb_segment fs, gs;	/* VMLOAD, VMSAVE */
	struct vmcb_segment gdtr;
	struct vmcb_segment ldtr;	/* VMLOAD, VMSAVE */
	struct vmcb_segment idtr;
	struct vmcb_segment tr;		/* VMLOAD, VMSAVE */
	u8 unused_4a0[0x2b];
	u8 cpl;
	u8 unused_4cc[4];
	u64 efer;
	u8 unused_4d8[0x70];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 unused_580[0x58];
	u64 rsp;
	u8 unused_5e0[0x18];
	u64 rax;
	/* VMLOAD, VMSAVE */
	u64 star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 cr2;
	u8 unused_648[0x20];
	u64 pat;
	u8 unused_670[0x990];
} __aligned(4096);

#define VMCB_AT(field, offset) \
	_Static_assert(offsetof(struct vmcb, field) == (offset), #field)
VMCB_AT(io_map, 0x040);
VMCB_AT(asid, 0x058);
VMCB_AT(interrupt_control, 0x060);
VMCB_AT(exit_code, 0x070);
VMCB_AT(nested_control, 0x090);
VMCB_AT(event, 0x0a8);
VMCB_AT(nested_root, 0x0b0);
VMCB_AT(clean, 0x0c0);
VMCB_AT(next_rip, 0x0c8);
VMCB_AT(es, 0x400);
VMCB_AT(tr, 0x490);
VMCB_AT(cpl, 0x4cb);
VMCB_AT(efer, 0x4d0);
VMCB_AT(cr4, 0x548);
VMCB_AT(rip, 0x578);
VMCB_AT(rsp, 0x5d8);
VMCB_AT(rax, 0x5f8);
VMCB_AT(kernel_gs_base, 0x620);
VMCB_AT(cr2, 0x640);
VMCB_AT(pat, 0x668);
_Static_assert(sizeof(struct vmcb) == 4096, "a VMCB is one page");

/* Bit numbers in struct vmcb's fields, appendix B.1 */
#define INTERCEPT1_INTR		(1u << 0)
#define INTERCEPT1_NMI		(1u << 1)
#define INTERCEPT1_INIT		(1u << 3)
#define INTERCEPT1_RDPMC	(1u << 15)
#define INTERCEPT1_CPUID	(1u << 18)
#define INTERCEPT1_INVD		(1u << 22)
#define INTERCEPT1_HLT		(1u << 24)
#define INTERCEPT1_INVLPGA	(1u << 26)
#define INTERCEPT1_IO		(1u << 27)
#define INTERCEPT1_MSR		(1u << 28)
#define INTERCEPT1_TASK_SWITCH	(1u << 29)
#define INTERCEPT1_FERR		(1u << 30)
#define INTERCEPT1_SHUTDOWN	(1u << 31)
#define INTERCEPT2_VMRUN	(1u << 0)	/* VMRUN fails without it */
#define INTERCEPT2_VMMCALL	(1u << 1)
#define INTERCEPT2_VMLOAD	(1u << 2)
#define INTERCEPT2_VMSAVE	(1u << 3)
#define INTERCEPT2_STGI		(1u << 4)
#define INTERCEPT2_CLGI		(1u << 5)
#define INTERCEPT2_SKINIT	(1u << 6)
#define INTERCEPT2_ICEBP	(1u << 8)
#define INTERCEPT2_WBINVD	(1u << 9)
#define INTERCEPT2_MONITOR	(1u << 10)
#define INTERCEPT2_MWAIT	(1u << 11)
#define INTERCEPT2_MWAIT_ARMED	(1u << 12)
#define INTERCEPT2_XSETBV	(1u << 13)

#define V_INTR_MASKING		(1ull << 24)
#define NESTED_PAGING		(1ull << 0)

#define SEGMENT_CODE_64		0xa9b	/* present, ring 0, L, accessed */
#define SEGMENT_DATA		0xc93	/* present, ring 0, writable */
#define SEGMENT_TSS_BUSY	0x08b
#define SEGMENT_UNUSABLE	0

/* Appendix C */
#define EXIT_CR0_WRITE		0x010u
#define EXIT_CR4_WRITE		0x014u
#define EXIT_EXCEPTION		0x040u		/* + vector */
#define EXIT_EXCEPTION_LAST	0x05fu
#define EXIT_INTR		0x060u
#define EXIT_NMI		0x061u
#define EXIT_CPUID		0x072u
#define EXIT_HLT		0x078u
#define EXIT_IO			0x07bu
#define EXIT_MSR		0x07cu
#define EXIT_SHUTDOWN		0x07fu
#define EXIT_VMMCALL		0x081u
#define EXIT_NPF		0x400u
#define EXIT_INVALID		0xffffffffu	/* VMRUN refused the VMCB */

/* EXITINFO1 of #NPF: 15.25.6 */
#define NPF_WRITE		(1ull << 1)
#define NPF_RESERVED		(1ull << 3)
#define NPF_FETCH		(1ull << 4)

/*
 * Run the guest of @vmcb, with @vcpu's registers except rax, until its next
 * exit; save them there. @host is a VMCB with what VMLOAD is to restore.
 * Interrupts off before and after.
 */
void svm_run(struct hvm_vcpu *vcpu, hpa_t vmcb, hpa_t host);

/* Save in @host this CPU's current values of what VMLOAD restores. */
void svm_save_host(hpa_t host);

/* Once, before the first svm_fill_vmcb(). */
void svm_fill_maps(void);

/* Fill @vmcb for a vCPU as hvm_vcpu_init() describes it. */
void svm_fill_vmcb(struct vmcb *vmcb, u32 asid, hpa_t root, u64 rip, u64 rsp,
		   u64 cr3);

#endif
