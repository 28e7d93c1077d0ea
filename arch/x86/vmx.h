/*
 * VMX as the manual numbers it, for vmx.c and vmx_vmcs.c only: capability MSRs
 * (SDM vol. 3, appendix A), VMCS fields (B), exit reasons (C), control bits
 * (chapter 24), and how the fields of the current VMCS are reached.
 */
#ifndef ARCH_X86_VMX_H
#define ARCH_X86_VMX_H

#include "arch/x86/hvm.h"
#include "arch/x86/vmx_insn.h"

#define MSR_FEATURE_CONTROL	0x3a
#define   FEATURE_LOCKED	(1ull << 0)
#define   FEATURE_VMX		(1ull << 2)	/* outside SMX */
#define MSR_VMX_BASIC		0x480
#define MSR_VMX_MISC		0x485
#define   MISC_TIMER_SHIFT	0x1f
#define MSR_VMX_CR0_FIXED0	0x486
#define MSR_VMX_CR0_FIXED1	0x487
#define MSR_VMX_CR4_FIXED0	0x488
#define MSR_VMX_CR4_FIXED1	0x489
#define MSR_VMX_PROC2		0x48b
#define MSR_VMX_EPT_VPID_CAP	0x48c
#define MSR_VMX_TRUE_PIN	0x48d
#define MSR_VMX_TRUE_PROC	0x48e
#define MSR_VMX_TRUE_EXIT	0x48f
#define MSR_VMX_TRUE_ENTRY	0x490

#define BASIC_WRITE_BACK	(6ull << 50)
#define BASIC_TRUE_CONTROLS	(1ull << 55)

#define EPT_CAP_4_LEVELS	(1ull << 6)
#define EPT_CAP_WRITE_BACK	(1ull << 14)
#define EPT_CAP_INVEPT		(1ull << 20)
#define EPT_CAP_ACCESSED_DIRTY	(1ull << 21)
#define EPT_CAP_INVEPT_SINGLE	(1ull << 25)
#define EPT_CAP_INVEPT_GLOBAL	(1ull << 26)

#define EPTP_WRITE_BACK		6ull
#define EPTP_4_LEVELS		(3ull << 3)
#define EPTP_ACCESSED_DIRTY	(1ull << 6)

#define PIN_INTERRUPT_EXIT	(1u << 0)
#define PIN_NMI_EXIT		(1u << 3)
#define PIN_PREEMPTION_TIMER	(1u << 6)

#define PROC_HLT_EXIT		(1u << 7)
#define PROC_MWAIT_EXIT		(1u << 10)
#define PROC_RDPMC_EXIT		(1u << 11)
#define PROC_CR8_LOAD_EXIT	(1u << 19)
#define PROC_CR8_STORE_EXIT	(1u << 20)
#define PROC_DR_EXIT		(1u << 23)
#define PROC_IO_EXIT		(1u << 24)
#define PROC_MONITOR_EXIT	(1u << 29)
#define PROC_SECONDARY		(1u << 31)

#define PROC2_EPT		(1u << 1)
#define PROC2_VPID		(1u << 5)
#define PROC2_WBINVD_EXIT	(1u << 6)

#define EXIT_HOST_64		(1u << 9)
#define ENTRY_GUEST_64		(1u << 9)

#define SEGMENT_CODE_64		0xa09b	/* present, ring 0, L, accessed */
#define SEGMENT_DATA		0xc093	/* present, ring 0, writable */
#define SEGMENT_TSS_BUSY	0x8b
#define SEGMENT_UNUSABLE	0x10000

enum vmcs_field {
	VPID			= 0x0000,
	GUEST_ES		= 0x0800,	/* ES CS SS DS FS GS LDTR TR */
	GUEST_CS		= 0x0802,
	GUEST_SS		= 0x0804,
	GUEST_DS		= 0x0806,
	GUEST_FS		= 0x0808,
	GUEST_GS		= 0x080a,
	GUEST_LDTR		= 0x080c,
	GUEST_TR		= 0x080e,
	HOST_ES			= 0x0c00,
	HOST_CS			= 0x0c02,
	HOST_SS			= 0x0c04,
	HOST_DS			= 0x0c06,
	HOST_FS			= 0x0c08,
	HOST_GS			= 0x0c0a,
	HOST_TR			= 0x0c0c,
	EPTP			= 0x201a,
	GUEST_PHYSICAL		= 0x2400,
	LINK_POINTER		= 0x2800,
	GUEST_DEBUGCTL		= 0x2802,
	PIN_CONTROLS		= 0x4000,
	PROC_CONTROLS		= 0x4002,
	EXCEPTION_BITMAP	= 0x4004,
	PF_ERROR_MASK		= 0x4006,
	PF_ERROR_MATCH		= 0x4008,
	CR3_TARGET_COUNT	= 0x400a,
	EXIT_CONTROLS		= 0x400c,
	EXIT_MSR_STORE_COUNT	= 0x400e,
	EXIT_MSR_LOAD_COUNT	= 0x4010,
	ENTRY_CONTROLS		= 0x4012,
	ENTRY_MSR_LOAD_COUNT	= 0x4014,
	ENTRY_EVENT		= 0x4016,
	PROC2_CONTROLS		= 0x401e,
	INSTRUCTION_ERROR	= 0x4400,
	EXIT_REASON		= 0x4402,
	EXIT_EVENT		= 0x4404,
	INSTRUCTION_LENGTH	= 0x440c,
	GUEST_ES_LIMIT		= 0x4800,
	GUEST_CS_LIMIT		= 0x4802,
	GUEST_SS_LIMIT		= 0x4804,
	GUEST_DS_LIMIT		= 0x4806,
	GUEST_FS_LIMIT		= 0x4808,
	GUEST_GS_LIMIT		= 0x480a,
	GUEST_LDTR_LIMIT	= 0x480c,
	GUEST_TR_LIMIT		= 0x480e,
	GUEST_GDTR_LIMIT	= 0x4810,
	GUEST_IDTR_LIMIT	= 0x4812,
	GUEST_ES_RIGHTS		= 0x4814,
	GUEST_CS_RIGHTS		= 0x4816,
	GUEST_SS_RIGHTS		= 0x4818,
	GUEST_DS_RIGHTS		= 0x481a,
	GUEST_FS_RIGHTS		= 0x481c,
	GUEST_GS_RIGHTS		= 0x481e,
	GUEST_LDTR_RIGHTS	= 0x4820,
	GUEST_TR_RIGHTS		= 0x4822,
	GUEST_INTERRUPTIBILITY	= 0x4824,
	GUEST_ACTIVITY		= 0x4826,
	GUEST_SYSENTER_CS	= 0x482a,
	GUEST_PREEMPTION_TIMER	= 0x482e,
	HOST_SYSENTER_CS	= 0x4c00,
	CR0_MASK		= 0x6000,
	CR4_MASK		= 0x6002,
	CR0_SHADOW		= 0x6004,
	CR4_SHADOW		= 0x6006,
	QUALIFICATION		= 0x6400,
	GUEST_CR0		= 0x6800,
	GUEST_CR3		= 0x6802,
	GUEST_CR4		= 0x6804,
	GUEST_ES_BASE		= 0x6806,
	GUEST_CS_BASE		= 0x6808,
	GUEST_SS_BASE		= 0x680a,
	GUEST_DS_BASE		= 0x680c,
	GUEST_FS_BASE		= 0x680e,
	GUEST_GS_BASE		= 0x6810,
	GUEST_LDTR_BASE		= 0x6812,
	GUEST_TR_BASE		= 0x6814,
	GUEST_GDTR_BASE		= 0x6816,
	GUEST_IDTR_BASE		= 0x6818,
	GUEST_DR7		= 0x681a,
	GUEST_RSP		= 0x681c,
	GUEST_RIP		= 0x681e,
	GUEST_RFLAGS		= 0x6820,
	GUEST_PENDING_DEBUG	= 0x6822,
	GUEST_SYSENTER_ESP	= 0x6824,
	GUEST_SYSENTER_EIP	= 0x6826,
	HOST_CR0		= 0x6c00,
	HOST_CR3		= 0x6c02,
	HOST_CR4		= 0x6c04,
	HOST_FS_BASE		= 0x6c06,
	HOST_GS_BASE		= 0x6c08,
	HOST_TR_BASE		= 0x6c0a,
	HOST_GDTR_BASE		= 0x6c0c,
	HOST_IDTR_BASE		= 0x6c0e,
	HOST_SYSENTER_ESP	= 0x6c10,
	HOST_SYSENTER_EIP	= 0x6c12,
	HOST_RIP		= 0x6c16,	/* 6c14, RSP: vmx_entry.S */
};

enum vmx_reason {
	REASON_EVENT		= 0,	/* exception or NMI */
	REASON_INTERRUPT	= 1,
	REASON_TRIPLE_FAULT	= 2,
	REASON_CPUID		= 10,
	REASON_HLT		= 12,
	REASON_VMCALL		= 18,
	REASON_IO		= 30,
	REASON_RDMSR		= 31,
	REASON_WRMSR		= 32,
	REASON_EPT_VIOLATION	= 48,
	REASON_EPT_MISCONFIG	= 49,
	REASON_PREEMPTION_TIMER	= 52,
};
#define REASON_BASIC		0xffffu
#define REASON_ENTRY_FAILED	(1u << 31)

#define EVENT_VECTOR		0xffu
#define EVENT_TYPE		(7u << 8)
#define EVENT_TYPE_NMI		(2u << 8)

#define BLOCKED_BY_NMI		(1u << 3)

/* A missing field is a bug of ours: vmx_probe() has checked. */
__noreturn void vmcs_no_field(enum vmcs_field field);

static inline void vmcs_write(enum vmcs_field field, u64 value)
{
	if (unlikely(!vmwrite(field, value)))
		vmcs_no_field(field);
}

static inline u64 vmcs_read(enum vmcs_field field)
{
	return vmread(field);
}

/* vmx_entry.S: where the CPU continues after an exit; vmx_run() returns. */
extern const char vmx_exit[];

/* What vmx_run() returns: 0 after an exit, else how the entry failed. */
enum vmx_failure {
	VMX_FAIL_INVALID = 1,	/* no current VMCS */
	VMX_FAIL_VALID = 2,	/* INSTRUCTION_ERROR says why */
};

/*
 * Run the guest of the current VMCS, with @vcpu's registers, until its next
 * exit; save them there. Interrupts off before and after.
 */
u64 vmx_run(struct hvm_vcpu *vcpu);

/* The EPTP of second-level root @root. */
u64 vmx_eptp(hpa_t root);

/* Fill the current VMCS for a vCPU as hvm_vcpu_init() describes it. */
void vmx_fill_vmcs(u64 eptp, u64 rip, u64 rsp, u64 cr3);

#endif
