/*
 * VMX, behind hvm.h: detect it, turn it on, enter, decode the exit, flush.
 *
 * The path of an exit reads only what its reason needs: one VMREAD for the
 * reason, up to two more for a fault. No loop and no allocation.
 */
#include "arch/x86/vmx.h"

#include "arch/x86/counter.h"
#include "arch/x86/hvm_backend.h"
#include "arch/x86/machine.h"
#include "arch/x86/system.h"
#include "lib/error.h"
#include "lib/print.h"

#define CR4_VMXE	(1ull << 13)

COUNTER(invept_single);

/* The vCPU whose VMCS is current on each CPU; by that CPU only. */
static struct hvm_vcpu *current_vcpu[MAX_CPUS];

/*
 * What we need, in an order in which each capability MSR exists once the lines
 * before it have passed. The controls' MSRs carry what may be 1 in their upper
 * half (SDM vol. 3, A.3).
 */
#define MAY(bits)	((u64)(bits) << 32)

static const struct requirement {
	u32 msr;
	u64 bits;
	const char *why;
} requirements[] = {
	{ MSR_VMX_BASIC, BASIC_TRUE_CONTROLS,
	  "VMX has no TRUE control MSRs: a newer CPU is needed" },
	{ MSR_VMX_BASIC, BASIC_WRITE_BACK,
	  "VMX does not keep its VMCS in write-back memory: a newer CPU is "
	  "needed" },
	{ MSR_VMX_TRUE_PIN, MAY(PIN_INTERRUPT_EXIT | PIN_NMI_EXIT),
	  "VMX cannot exit on interrupts and NMIs: guests could not be kicked; "
	  "use another CPU or hypervisor" },
	{ MSR_VMX_TRUE_PROC, MAY(PROC_HLT_EXIT | PROC_IO_EXIT | PROC_SECONDARY),
	  "VMX has no HLT or I/O exits or no secondary controls: a newer CPU "
	  "is needed" },
	{ MSR_VMX_TRUE_EXIT, MAY(EXIT_HOST_64),
	  "VMX has no 64-bit host: run on a 64-bit CPU model" },
	{ MSR_VMX_TRUE_ENTRY, MAY(ENTRY_GUEST_64),
	  "VMX has no 64-bit guests: run on a 64-bit CPU model" },
	{ MSR_VMX_PROC2, MAY(PROC2_EPT),
	  "VMX has no EPT: use a CPU that has it, and under KVM load kvm_intel "
	  "with ept=1" },
	{ MSR_VMX_EPT_VPID_CAP, EPT_CAP_4_LEVELS,
	  "EPT has no 4-level tables: use another CPU or hypervisor" },
	{ MSR_VMX_EPT_VPID_CAP, EPT_CAP_WRITE_BACK,
	  "EPT has no write-back tables: use another CPU or hypervisor" },
	{ MSR_VMX_EPT_VPID_CAP,
	  EPT_CAP_INVEPT | EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_GLOBAL,
	  "VMX has no INVEPT of both types, single and global: use another CPU "
	  "or hypervisor" },
};

/* Can VMX be turned on at all? The firmware may have locked it off. */
static bool feature_control_allows(void)
{
	u64 feature = read_msr(MSR_FEATURE_CONTROL);

	return !(feature & FEATURE_LOCKED) || (feature & FEATURE_VMX);
}

int vmx_probe(struct hvm_info *info, const char **why)
{
	size_t i;

	if (!feature_control_allows()) {
		*why = "VMX is there, but the firmware has locked it off: turn "
		       "on 'Intel Virtualization Technology' in its setup";
		return -ENODEV;
	}
	for (i = 0; i < array_count(requirements); i++) {
		const struct requirement *r = &requirements[i];

		if ((read_msr(r->msr) & r->bits) != r->bits) {
			*why = r->why;
			return -ENODEV;
		}
	}
	*info = (struct hvm_info){
		.name = "vmx",
		.format = HVM_EPT,
		.accessed_dirty = read_msr(MSR_VMX_EPT_VPID_CAP) &
				  EPT_CAP_ACCESSED_DIRTY,
	};
	return 0;
}

/* Both the VMXON region and a VMCS begin with it. */
static u32 revision(void)
{
	return read_msr(MSR_VMX_BASIC) & 0x7fffffff;
}

static int vmx_cpu_enable(void *page)
{
	if (!feature_control_allows())
		return -ENODEV;
	if (!(read_msr(MSR_FEATURE_CONTROL) & FEATURE_LOCKED))
		write_msr(MSR_FEATURE_CONTROL, FEATURE_LOCKED | FEATURE_VMX);
	write_cr0(read_cr0() | read_msr(MSR_VMX_CR0_FIXED0));
	write_cr4(read_cr4() | CR4_VMXE);
	*(u32 *)page = revision();
	if (!vmxon(page)) {
		write_cr4(read_cr4() & ~CR4_VMXE);
		return -ENODEV;
	}
	this_cpu()->hvm = page;
	return 0;
}

u64 vmx_eptp(hpa_t root)
{
	return root.v | EPTP_WRITE_BACK | EPTP_4_LEVELS |
	       (hvm_info.accessed_dirty ? EPTP_ACCESSED_DIRTY : 0);
}

static bool __must_check invept_single(u64 eptp)
{
	count(&count_invept_single);
	return invept(INVEPT_SINGLE, eptp);
}

static void vmx_flush_root(hpa_t root)
{
	if (unlikely(!invept_single(vmx_eptp(root))))
		panic("O12: INVEPT of root %lx failed", root.v);
}

static __attribute__((noinline)) void load_vmcs(struct hvm_vcpu *vcpu)
{
	BUG_ON(vcpu->bound_cpu != cpu_id());
	BUG_ON(!vmptrld(vcpu->control));
	current_vcpu[cpu_id()] = vcpu;
}

static inline void make_current(struct hvm_vcpu *vcpu)
{
	if (unlikely(current_vcpu[cpu_id()] != vcpu))
		load_vmcs(vcpu);
}

static int vmx_vcpu_init(struct hvm_vcpu *vcpu, void *page, hpa_t root,
			 u64 rip, u64 rsp, u64 cr3)
{
	/*
	 * Another VM may have run on this CPU with tables at the same root, or
	 * another vCPU with this VPID: drop their translations first.
	 */
	if (!invept_single(vmx_eptp(root)))
		return -EINVAL;
	*(u32 *)page = revision();
	if (!vmclear(page))
		return -EINVAL;
	vcpu->control = page;
	vcpu->launched = false;
	vcpu->host_rsp = 0;
	vcpu->bound_cpu = cpu_id();
	make_current(vcpu);
	vmx_fill_vmcs(vmx_eptp(root), rip, rsp, cr3);
	return 0;
}

static void vmx_vcpu_destroy(struct hvm_vcpu *vcpu)
{
	u32 cpu = cpu_id();

	BUG_ON(vcpu->bound_cpu != cpu);
	/* The CPU may cache a VMCS, and write it back at VMCLEAR. */
	BUG_ON(!vmclear(vcpu->control));
	if (current_vcpu[cpu] == vcpu)
		current_vcpu[cpu] = NULL;
	vcpu->control = NULL;
}

/*
 * Bits 2:0 of the qualification are read, write, fetch, as in enum hvm_access
 * (SDM vol. 3, table 27-7). A read-modify-write sets the first two.
 */
static void decode_fault(struct hvm_vcpu *vcpu)
{
	vcpu->kind = HVM_EXIT_FAULT;
	vcpu->access = vmcs_read(QUALIFICATION) &
		       (HVM_READ | HVM_WRITE | HVM_FETCH);
	vcpu->gpa.v = vmcs_read(GUEST_PHYSICAL);
}

/*
 * An NMI exit leaves NMIs blocked until an IRET: take a vector 2 and return
 * from it (SDM vol. 3, 27.1). A CPU may also have saved the blocking as the
 * guest's, and the guest has no NMI handler that would ever end it. Done here,
 * where no caller can forget it: a panic stops the other CPUs by NMI.
 */
static void end_nmi(void)
{
	u64 interruptibility;

	unblock_nmis();
	interruptibility = vmcs_read(GUEST_INTERRUPTIBILITY);
	if (interruptibility & BLOCKED_BY_NMI)
		vmcs_write(GUEST_INTERRUPTIBILITY,
			   interruptibility & ~(u64)BLOCKED_BY_NMI);
}

static void decode_event(struct hvm_vcpu *vcpu)
{
	u64 event = vmcs_read(EXIT_EVENT);

	vcpu->detail = event & EVENT_VECTOR;
	if ((event & EVENT_TYPE) == EVENT_TYPE_NMI) {
		vcpu->kind = HVM_EXIT_NMI;
		end_nmi();
	} else {
		vcpu->kind = HVM_EXIT_EXCEPTION;
	}
}

/* The exits that end a run, or happen once in one. */
static void decode_rare(struct hvm_vcpu *vcpu, u64 reason)
{
	vcpu->detail = reason;
	switch (reason) {
	case REASON_EVENT:
		decode_event(vcpu);
		break;
	case REASON_PREEMPTION_TIMER:
		vcpu->kind = HVM_EXIT_INTERRUPT;
		break;
	case REASON_TRIPLE_FAULT:
		vcpu->kind = HVM_EXIT_SHUTDOWN;
		break;
	case REASON_HLT:
		vcpu->kind = HVM_EXIT_HLT;
		break;
	case REASON_IO:
		vcpu->kind = HVM_EXIT_IO;
		vcpu->detail = vmcs_read(QUALIFICATION) >> 16 & 0xffff;
		break;
	case REASON_RDMSR:
	case REASON_WRMSR:
		vcpu->kind = HVM_EXIT_MSR;
		vcpu->detail = (u32)vcpu->regs.rcx;
		break;
	case REASON_EPT_MISCONFIG:
		vcpu->kind = HVM_EXIT_OTHER;
		vcpu->gpa.v = vmcs_read(GUEST_PHYSICAL);
		break;
	default:
		vcpu->kind = HVM_EXIT_OTHER;
	}
}

/* VMLAUNCH or VMRESUME itself failed: the VMCS is as it was. */
static void decode_failure(struct hvm_vcpu *vcpu, u64 failure)
{
	vcpu->kind = HVM_EXIT_BAD_ENTRY;
	vcpu->detail = failure == VMX_FAIL_VALID ?
		       vmcs_read(INSTRUCTION_ERROR) : 0;
}

static void vmx_enter(struct hvm_vcpu *vcpu)
{
	u64 failure, reason;

	make_current(vcpu);
	failure = vmx_run(vcpu);
	if (unlikely(failure)) {
		decode_failure(vcpu, failure);
		return;
	}

	reason = vmcs_read(EXIT_REASON);
	if (unlikely(reason & REASON_ENTRY_FAILED)) {
		vcpu->kind = HVM_EXIT_BAD_ENTRY;
		vcpu->detail = reason;
		return;
	}
	vcpu->launched = true;
	switch (reason) {
	case REASON_CPUID:
		vcpu->kind = HVM_EXIT_CPUID;
		break;
	case REASON_EPT_VIOLATION:
		decode_fault(vcpu);
		break;
	case REASON_VMCALL:
		vcpu->kind = HVM_EXIT_HYPERCALL;
		break;
	case REASON_INTERRUPT:
		vcpu->kind = HVM_EXIT_INTERRUPT;
		break;
	default:
		decode_rare(vcpu, reason);
	}
}

/*
 * Blocking by STI is not cleared: it would delay an interrupt by one
 * instruction of the guest, no more.
 */
static void vmx_skip(struct hvm_vcpu *vcpu)
{
	make_current(vcpu);
	vmcs_write(GUEST_RIP,
		   vmcs_read(GUEST_RIP) + vmcs_read(INSTRUCTION_LENGTH));
}

static u64 vmx_rip(struct hvm_vcpu *vcpu)
{
	make_current(vcpu);
	return vmcs_read(GUEST_RIP);
}

const struct hvm_backend vmx_backend = {
	.cpu_enable = vmx_cpu_enable,
	.vcpu_init = vmx_vcpu_init,
	.vcpu_destroy = vmx_vcpu_destroy,
	.enter = vmx_enter,
	.skip = vmx_skip,
	.rip = vmx_rip,
	.flush_root = vmx_flush_root,
};
