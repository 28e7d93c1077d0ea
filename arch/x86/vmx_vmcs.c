/*
 * What a VMCS holds before the first entry. A VMCS has no defaults: every
 * field that the controls below make the CPU look at is written once here
 * (SDM vol. 3, 24.11.3 "Initializing a VMCS").
 *
 * Control fields that a hypervisor below us may lack are not touched: PAUSE
 * loops, #VE, XSAVES, CR3 targets, EPTP switching.
 */
#include "arch/x86/vmx.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/machine.h"
#include "arch/x86/system.h"
#include "lib/print.h"

#define ALL_BITS	(~0ull)
#define FLAT_LIMIT	0xffffffffull
#define RFLAGS_FIXED	(1ull << 1)
#define DR7_RESET	0x400ull
#define SELECTOR_MASK	0xfff8u
#define GUEST_LIMIT_MS	1000

#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176

void vmcs_no_field(enum vmcs_field field)
{
	panic("VMX: no VMCS field 0x%x to write", field);
}

struct field_value {
	enum vmcs_field field;
	u64 value;
};

/*
 * The guest at its start, and controls that are the same on every CPU. The
 * guest has neither GDT nor IDT: loading a segment or taking an exception is
 * an exit.
 */
static const struct field_value fixed_fields[] = {
	{ GUEST_CS, SELECTOR_CODE64 },
	{ GUEST_CS_LIMIT, FLAT_LIMIT },
	{ GUEST_CS_RIGHTS, SEGMENT_CODE_64 },
	{ GUEST_CS_BASE, 0 },
	{ GUEST_SS, SELECTOR_DATA },
	{ GUEST_SS_LIMIT, FLAT_LIMIT },
	{ GUEST_SS_RIGHTS, SEGMENT_DATA },
	{ GUEST_SS_BASE, 0 },
	{ GUEST_DS, SELECTOR_DATA },
	{ GUEST_DS_LIMIT, FLAT_LIMIT },
	{ GUEST_DS_RIGHTS, SEGMENT_DATA },
	{ GUEST_DS_BASE, 0 },
	{ GUEST_ES, SELECTOR_DATA },
	{ GUEST_ES_LIMIT, FLAT_LIMIT },
	{ GUEST_ES_RIGHTS, SEGMENT_DATA },
	{ GUEST_ES_BASE, 0 },
	{ GUEST_FS, 0 },
	{ GUEST_FS_LIMIT, 0 },
	{ GUEST_FS_RIGHTS, SEGMENT_UNUSABLE },
	{ GUEST_FS_BASE, 0 },
	{ GUEST_GS, 0 },
	{ GUEST_GS_LIMIT, 0 },
	{ GUEST_GS_RIGHTS, SEGMENT_UNUSABLE },
	{ GUEST_GS_BASE, 0 },
	{ GUEST_LDTR, 0 },
	{ GUEST_LDTR_LIMIT, 0 },
	{ GUEST_LDTR_RIGHTS, SEGMENT_UNUSABLE },
	{ GUEST_LDTR_BASE, 0 },
	/* A task register must be present and busy (26.3.1.2). */
	{ GUEST_TR, SELECTOR_TSS },
	{ GUEST_TR_LIMIT, 0x67 },
	{ GUEST_TR_RIGHTS, SEGMENT_TSS_BUSY },
	{ GUEST_TR_BASE, 0 },
	{ GUEST_GDTR_LIMIT, 0 },
	{ GUEST_GDTR_BASE, 0 },
	{ GUEST_IDTR_LIMIT, 0 },
	{ GUEST_IDTR_BASE, 0 },
	{ GUEST_DR7, DR7_RESET },
	{ GUEST_DEBUGCTL, 0 },
	{ GUEST_PENDING_DEBUG, 0 },
	{ GUEST_INTERRUPTIBILITY, 0 },
	{ GUEST_ACTIVITY, 0 },
	{ GUEST_SYSENTER_CS, 0 },
	{ GUEST_SYSENTER_ESP, 0 },
	{ GUEST_SYSENTER_EIP, 0 },
	{ GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF },
	{ LINK_POINTER, ALL_BITS },

	/* Page faults too: mask and match 0 select all error codes. */
	{ EXCEPTION_BITMAP, 0xffffffff },
	{ PF_ERROR_MASK, 0 },
	{ PF_ERROR_MATCH, 0 },
	/* The host owns all of CR0 and CR4: a change of them is an exit. */
	{ CR0_MASK, ALL_BITS },
	{ CR4_MASK, ALL_BITS },
	{ CR3_TARGET_COUNT, 0 },
	{ EXIT_MSR_STORE_COUNT, 0 },
	{ EXIT_MSR_LOAD_COUNT, 0 },
	{ ENTRY_MSR_LOAD_COUNT, 0 },
	{ ENTRY_EVENT, 0 },
};

/* The bits of @wanted that the CPU allows, and those that it requires. */
static u32 controls(u32 capability_msr, u32 wanted)
{
	u64 capability = read_msr(capability_msr);
	u32 must = capability, may = capability >> 32;

	return (wanted | must) & may;
}

/* Never 0, which is the host. Reused only after 65535 vCPUs. */
static u16 new_vpid(void)
{
	static u32 used_count;

	return 1 + (atomic_add(&used_count, 1) - 1) % 0xffff;
}

/*
 * A guest that has interrupts off and never exits must not keep its CPU, and
 * not every machine lets an interrupt or NMI end it. The timer restarts at
 * each entry, so a guest that exits now and then never triggers it.
 */
static u32 fill_preemption_timer(void)
{
	u32 pin = controls(MSR_VMX_TRUE_PIN, PIN_PREEMPTION_TIMER);
	u64 ticks = GUEST_LIMIT_MS * clock_ticks_per_ms;

	if (!(pin & PIN_PREEMPTION_TIMER))
		return 0;
	ticks >>= read_msr(MSR_VMX_MISC) & MISC_TIMER_SHIFT;
	vmcs_write(GUEST_PREEMPTION_TIMER,
		   ticks < 0xffffffff ? ticks : 0xffffffff);
	return PIN_PREEMPTION_TIMER;
}

static void fill_controls(u64 eptp)
{
	u32 proc2 = controls(MSR_VMX_PROC2, PROC2_EPT | PROC2_VPID |
						    PROC2_WBINVD_EXIT);

	vmcs_write(PIN_CONTROLS,
		   controls(MSR_VMX_TRUE_PIN,
			    PIN_INTERRUPT_EXIT | PIN_NMI_EXIT |
			    fill_preemption_timer()));
	/* All that the guest could do to the host's CPU is an exit. */
	vmcs_write(PROC_CONTROLS,
		   controls(MSR_VMX_TRUE_PROC,
			    PROC_HLT_EXIT | PROC_MWAIT_EXIT | PROC_RDPMC_EXIT |
			    PROC_CR8_LOAD_EXIT | PROC_CR8_STORE_EXIT |
			    PROC_DR_EXIT | PROC_IO_EXIT | PROC_MONITOR_EXIT |
			    PROC_SECONDARY));
	vmcs_write(PROC2_CONTROLS, proc2);
	/*
	 * EFER and PAT are not switched: the guest cannot write them (every
	 * MSR access exits), and LMA and LME follow these two bits.
	 */
	vmcs_write(EXIT_CONTROLS, controls(MSR_VMX_TRUE_EXIT, EXIT_HOST_64));
	vmcs_write(ENTRY_CONTROLS,
		   controls(MSR_VMX_TRUE_ENTRY, ENTRY_GUEST_64));
	vmcs_write(EPTP, eptp);

	/*
	 * With a VPID of its own the guest does not cost the host its TLB:
	 * the host's translations live through entries and exits, and X3 is
	 * what drops them.
	 */
	if (proc2 & PROC2_VPID)
		vmcs_write(VPID, new_vpid());
}

/* CR0 and CR4 within what VMX operation allows (appendix A.7, A.8). */
static void fill_guest_cr(u64 cr3)
{
	u64 cr0 = (u32)KERNEL_CR0 | read_msr(MSR_VMX_CR0_FIXED0);
	u64 cr4 = CR4_PAE | read_msr(MSR_VMX_CR4_FIXED0);

	vmcs_write(GUEST_CR0, cr0);
	vmcs_write(CR0_SHADOW, cr0);
	vmcs_write(GUEST_CR3, cr3);
	vmcs_write(GUEST_CR4, cr4);
	vmcs_write(CR4_SHADOW, cr4);
}

/* Base of the TSS: a 16-byte descriptor in the GDT (SDM vol. 3, 7.2.3). */
static u64 tss_base(const struct table_pointer *gdt, u16 selector)
{
	const u32 *d = (const u32 *)(gdt->base + (selector & SELECTOR_MASK));

	return d[0] >> 16 | (d[1] & 0xff) << 16 | (d[1] & 0xff000000) |
	       (u64)d[2] << 32;
}

/*
 * The host as it is now. An exit sets the limits of GDTR and IDTR to 0xffff;
 * they stay so, because only selectors and vectors that exist are used.
 */
static void fill_host(void)
{
	struct table_pointer gdt, idt;
	u16 tr;

	store_tables(&gdt, &idt, &tr);
	vmcs_write(HOST_CR0, read_cr0());
	vmcs_write(HOST_CR3, read_cr3());
	vmcs_write(HOST_CR4, read_cr4());
	vmcs_write(HOST_CS, SELECTOR_CODE64);
	vmcs_write(HOST_SS, SELECTOR_DATA);
	vmcs_write(HOST_DS, SELECTOR_DATA);
	vmcs_write(HOST_ES, SELECTOR_DATA);
	vmcs_write(HOST_FS, 0);
	vmcs_write(HOST_GS, 0);
	vmcs_write(HOST_TR, tr & SELECTOR_MASK);
	vmcs_write(HOST_FS_BASE, read_msr(MSR_FS_BASE));
	vmcs_write(HOST_GS_BASE, read_msr(MSR_GS_BASE));
	vmcs_write(HOST_TR_BASE, tss_base(&gdt, tr));
	vmcs_write(HOST_GDTR_BASE, gdt.base);
	vmcs_write(HOST_IDTR_BASE, idt.base);
	vmcs_write(HOST_SYSENTER_CS, read_msr(MSR_SYSENTER_CS));
	vmcs_write(HOST_SYSENTER_ESP, read_msr(MSR_SYSENTER_ESP));
	vmcs_write(HOST_SYSENTER_EIP, read_msr(MSR_SYSENTER_EIP));
	vmcs_write(HOST_RIP, (u64)vmx_exit);
}

void vmx_fill_vmcs(u64 eptp, u64 rip, u64 rsp, u64 cr3)
{
	size_t i;

	for (i = 0; i < array_count(fixed_fields); i++)
		vmcs_write(fixed_fields[i].field, fixed_fields[i].value);
	fill_controls(eptp);
	fill_guest_cr(cr3);
	fill_host();
	vmcs_write(GUEST_RIP, rip);
	vmcs_write(GUEST_RSP, rsp);
}
