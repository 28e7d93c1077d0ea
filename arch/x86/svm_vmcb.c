/*
 * What a VMCB holds before the first entry, and the permission maps that all
 * of them share.
 */
#include "arch/x86/svm.h"

#include "arch/x86/insn.h"
#include "arch/x86/machine.h"
#include "arch/x86/system.h"
#include "lib/string.h"

#define FLAT_LIMIT	0xffffffffu
#define RFLAGS_FIXED	(1ull << 1)
#define DR6_RESET	0xffff0ff0ull
#define DR7_RESET	0x400ull
#define PAT_RESET	0x0007040600070406ull

#define CR(n)		(1u << (n))
#define ALL_REGISTERS	0xffffu
#define ALL_VECTORS	0xffffffffu

/* APM vol. 2, 15.10 and 15.11: 12 KiB and 8 KiB, a 1 is an exit. */
static u8 io_map[3 * PAGE_SIZE] __aligned(4096);
static u8 msr_map[2 * PAGE_SIZE] __aligned(4096);

void svm_fill_maps(void)
{
	memset(io_map, 0xff, sizeof(io_map));
	memset(msr_map, 0xff, sizeof(msr_map));
}

/* Intercept all that the guest could do to the host's CPU. */
static void fill_intercepts(struct vmcb *vmcb)
{
	/* CR8 would be V_TPR: a guest has no business there. */
	vmcb->cr_reads = CR(8);
	vmcb->cr_writes = CR(0) | CR(4) | CR(8);
	vmcb->dr_reads = ALL_REGISTERS;
	vmcb->dr_writes = ALL_REGISTERS;
	vmcb->exceptions = ALL_VECTORS;
	vmcb->intercepts1 =
		INTERCEPT1_INTR | INTERCEPT1_NMI | INTERCEPT1_INIT |
		INTERCEPT1_RDPMC | INTERCEPT1_CPUID | INTERCEPT1_INVD |
		INTERCEPT1_HLT | INTERCEPT1_INVLPGA | INTERCEPT1_IO |
		INTERCEPT1_MSR | INTERCEPT1_TASK_SWITCH | INTERCEPT1_FERR |
		INTERCEPT1_SHUTDOWN;
	vmcb->intercepts2 =
		INTERCEPT2_VMRUN | INTERCEPT2_VMMCALL | INTERCEPT2_VMLOAD |
		INTERCEPT2_VMSAVE | INTERCEPT2_STGI | INTERCEPT2_CLGI |
		INTERCEPT2_SKINIT | INTERCEPT2_ICEBP | INTERCEPT2_WBINVD |
		INTERCEPT2_MONITOR | INTERCEPT2_MWAIT |
		INTERCEPT2_MWAIT_ARMED | INTERCEPT2_XSETBV;
	vmcb->io_map = ptr_to_hpa(io_map).v;
	vmcb->msr_map = ptr_to_hpa(msr_map).v;
}

static struct vmcb_segment segment(u16 selector, u16 rights, u32 limit)
{
	return (struct vmcb_segment){ selector, rights, limit, 0 };
}

/*
 * The guest has neither GDT nor IDT: loading a segment or taking an exception
 * is an exit.
 */
static void fill_segments(struct vmcb *vmcb)
{
	vmcb->cs = segment(SELECTOR_CODE64, SEGMENT_CODE_64, FLAT_LIMIT);
	vmcb->ss = segment(SELECTOR_DATA, SEGMENT_DATA, FLAT_LIMIT);
	vmcb->ds = vmcb->ss;
	vmcb->es = vmcb->ss;
	vmcb->fs = segment(0, SEGMENT_UNUSABLE, 0);
	vmcb->gs = vmcb->fs;
	vmcb->ldtr = vmcb->fs;
	vmcb->tr = segment(SELECTOR_TSS, SEGMENT_TSS_BUSY, 0x67);
}

void svm_fill_vmcb(struct vmcb *vmcb, u32 asid, hpa_t root, u64 rip, u64 rsp,
		   u64 cr3)
{
	memset(vmcb, 0, sizeof(*vmcb));		/* nothing is clean either */
	fill_intercepts(vmcb);
	vmcb->asid = asid;
	vmcb->interrupt_control = V_INTR_MASKING;
	vmcb->nested_control = NESTED_PAGING;
	vmcb->nested_root = root.v;

	fill_segments(vmcb);
	/* The host's, with LMA and SVME, without which VMRUN fails (15.5.1) */
	vmcb->efer = read_msr(MSR_EFER);
	vmcb->cr0 = (u32)KERNEL_CR0;
	vmcb->cr3 = cr3;
	vmcb->cr4 = CR4_PAE;
	vmcb->dr6 = DR6_RESET;
	vmcb->dr7 = DR7_RESET;
	/* With nested paging the guest's PAT is its own (15.25.2) */
	vmcb->pat = PAT_RESET;
	vmcb->rflags = RFLAGS_FIXED | RFLAGS_IF;
	vmcb->rip = rip;
	vmcb->rsp = rsp;
}
