/*
 * SVM, behind hvm.h: is it there, turn it on, enter, understand the exit,
 * flush.
 *
 * A flush is a byte of the VMCB, TLB_CONTROL, that the next VMRUN obeys (APM
 * vol. 2, 15.16.2): hvm_flush_root() only notes which ASIDs of its CPU are
 * stale, and the entry that follows sets the byte. Nobody reads through the
 * old translations in between.
 */
#include "arch/x86/svm.h"

#include "arch/x86/counter.h"
#include "arch/x86/hvm_backend.h"
#include "arch/x86/machine.h"
#include "arch/x86/system.h"
#include "lib/error.h"
#include "lib/print.h"

/* CPUID 8000_000A, APM vol. 3, appendix E: ebx counts ASIDs, edx: */
#define CPUID_EXTENDED		0x80000000
#define CPUID_SVM		0x8000000a
#define CPUID_NESTED_PAGING	(1u << 0)
#define CPUID_NEXT_RIP		(1u << 3)
#define CPUID_VMCB_CLEAN	(1u << 5)
#define CPUID_FLUSH_BY_ASID	(1u << 6)

enum {
	TLB_CONTROL_NONE = 0,
	TLB_CONTROL_ALL = 1,
	TLB_CONTROL_ASID = 3,
};

#define CLEAN_NONE	0
#define CLEAN_ALL	0xfffu		/* appendix B.1, offset 0c0h */

/* ASID 0 is the host. More than these are not needed, so not used. */
#define ASID_LIMIT	16u
#define ALL_ASIDS	((1u << ASID_LIMIT) - 1)

COUNTER(tlb_control_single);	/* VMRUNs that flushed one ASID */
COUNTER(tlb_control_all);	/* ... and everything of their CPU */

/* What this machine's SVM can do; the same on all CPUs. */
static struct {
	u32 asid_limit;
	u32 clean;		/* what an exit leaves clean */
	bool next_rip;
	bool flush_by_asid;
} svm;

/*
 * One CPU's own. An ASID belongs to the vCPU that ran under it last: another
 * one that takes it over starts with a flush, so vCPUs may outnumber ASIDs,
 * and it does not matter when the last owner went (O13).
 */
struct svm_cpu {
	hpa_t host;		/* VMCB with the host's VMLOAD state */
	u32 stale;		/* bit n: flush before ASID n runs again */
	u32 asids_given;
	struct {
		const struct hvm_vcpu *owner;
		hpa_t root;
	} asids[ASID_LIMIT];
};

static struct svm_cpu svm_cpus[MAX_CPUS];
static struct vmcb host_vmcbs[MAX_CPUS];

static bool firmware_allows(void)
{
	return !(read_msr(MSR_VM_CR) & VM_CR_SVMDIS);
}

int svm_probe(struct hvm_info *info, const char **why)
{
	struct cpuid id;

	if (!firmware_allows()) {
		*why = "SVM is there, but the firmware has locked it off: turn "
		       "on 'SVM Mode' (AMD-V) in its setup";
		return -ENODEV;
	}
	if (read_cpuid(CPUID_EXTENDED, 0).eax < CPUID_SVM) {
		*why = "SVM does not say what it can do (CPUID 8000000a): use "
		       "another CPU or hypervisor";
		return -ENODEV;
	}
	id = read_cpuid(CPUID_SVM, 0);
	if (!(id.edx & CPUID_NESTED_PAGING)) {
		*why = "SVM has no nested paging: use a CPU that has it, and "
		       "under KVM load kvm_amd with npt=1";
		return -ENODEV;
	}
	if (id.ebx < 2) {
		*why = "SVM has no ASID for a guest: use another CPU or "
		       "hypervisor";
		return -ENODEV;
	}
	svm.asid_limit = id.ebx < ASID_LIMIT ? id.ebx : ASID_LIMIT;
	svm.clean = id.edx & CPUID_VMCB_CLEAN ? CLEAN_ALL : CLEAN_NONE;
	svm.next_rip = id.edx & CPUID_NEXT_RIP;
	svm.flush_by_asid = id.edx & CPUID_FLUSH_BY_ASID;
	svm_fill_maps();
	*info = (struct hvm_info){
		.name = "svm",
		.format = HVM_NPT,
		.accessed_dirty = true,		/* APM vol. 2, 15.25.5 */
		.vmmcall = true,
	};
	return 0;
}

/* The host's VMLOAD state is the same from here on: segments, MSRs. */
static int svm_cpu_enable(void *page)
{
	struct svm_cpu *cpu = &svm_cpus[cpu_id()];

	if (!firmware_allows())
		return -ENODEV;
	write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SVME);
	write_msr(MSR_VM_HSAVE_PA, ptr_to_hpa(page).v);
	cpu->host = ptr_to_hpa(&host_vmcbs[cpu_id()]);
	svm_save_host(cpu->host);
	/* Whoever used the CPU before us may have used ASIDs too. */
	cpu->stale = ALL_ASIDS;
	this_cpu()->hvm = cpu;
	return 0;
}

static int svm_vcpu_init(struct hvm_vcpu *vcpu, void *page, hpa_t root,
			 u64 rip, u64 rsp, u64 cr3)
{
	struct svm_cpu *cpu = this_cpu()->hvm;
	u32 asid = 1 + cpu->asids_given++ % (svm.asid_limit - 1);

	vcpu->control = page;
	vcpu->bound_cpu = cpu_id();
	svm_fill_vmcb(page, asid, root, rip, rsp, cr3);
	return 0;
}

static void svm_vcpu_destroy(struct hvm_vcpu *vcpu)
{
	struct svm_cpu *cpu = this_cpu()->hvm;
	u32 asid = ((struct vmcb *)vcpu->control)->asid;

	BUG_ON(vcpu->bound_cpu != cpu_id());
	/* A new vCPU may have the same address. */
	if (cpu->asids[asid].owner == vcpu)
		cpu->asids[asid].owner = NULL;
	vcpu->control = NULL;
}

static void svm_flush_root(hpa_t root)
{
	struct svm_cpu *cpu = this_cpu()->hvm;
	u32 asid, end = svm.asid_limit;

	if (cpu->asids_given < end)		/* from 1 on, in turn */
		end = cpu->asids_given + 1;
	for (asid = 1; asid < end; asid++)
		if (cpu->asids[asid].root.v == root.v)
			cpu->stale |= 1u << asid;
}

static __attribute__((noinline)) void take_asid(struct svm_cpu *cpu,
						const struct hvm_vcpu *vcpu,
						const struct vmcb *vmcb)
{
	BUG_ON(vcpu->bound_cpu != cpu_id());
	cpu->asids[vmcb->asid].owner = vcpu;
	cpu->asids[vmcb->asid].root.v = vmcb->nested_root;
	cpu->stale |= 1u << vmcb->asid;
}

/* What the next VMRUN has to flush. */
static u8 take_flush(struct svm_cpu *cpu, u32 asid)
{
	if (likely(!(cpu->stale & 1u << asid)))
		return TLB_CONTROL_NONE;
	if (svm.flush_by_asid) {
		count(&count_tlb_control_single);
		cpu->stale &= ~(1u << asid);
		return TLB_CONTROL_ASID;
	}
	count(&count_tlb_control_all);
	cpu->stale = 0;
	return TLB_CONTROL_ALL;
}

/* A reserved bit set in a nested table is a bug of ours, not a fault. */
static void decode_fault(struct hvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	u64 info = vmcb->exit_info1;

	vcpu->kind = HVM_EXIT_FAULT;
	vcpu->gpa.v = vmcb->exit_info2;
	vcpu->access = info & NPF_FETCH ? HVM_FETCH :
		       info & NPF_WRITE ? HVM_WRITE : HVM_READ;
	if (unlikely(info & NPF_RESERVED)) {
		vcpu->kind = HVM_EXIT_OTHER;
		vcpu->detail = EXIT_NPF;
	}
}

/* The exits that end a run, or happen once in one. */
static void decode_rare(struct hvm_vcpu *vcpu, const struct vmcb *vmcb)
{
	vcpu->detail = vmcb->exit_code;
	switch (vmcb->exit_code) {
	case EXIT_EXCEPTION ... EXIT_EXCEPTION_LAST:
		vcpu->kind = HVM_EXIT_EXCEPTION;
		vcpu->detail = vmcb->exit_code - EXIT_EXCEPTION;
		break;
	case EXIT_NMI:
		/* It stayed pending, and was taken at the STGI (APM vol. 2,
		 * 15.13.2): nothing is blocked. */
		vcpu->kind = HVM_EXIT_NMI;
		break;
	case EXIT_SHUTDOWN:
		vcpu->kind = HVM_EXIT_SHUTDOWN;
		break;
	case EXIT_HLT:
		vcpu->kind = HVM_EXIT_HLT;
		break;
	case EXIT_IO:
		vcpu->kind = HVM_EXIT_IO;
		vcpu->detail = vmcb->exit_info1 >> 16 & 0xffff;
		break;
	case EXIT_MSR:
		vcpu->kind = HVM_EXIT_MSR;
		vcpu->detail = (u32)vcpu->regs.rcx;
		break;
	default:
		vcpu->kind = HVM_EXIT_OTHER;
	}
}

/* VMRUN refused: it may have flushed or not, and nothing is known clean. */
static void decode_failure(struct hvm_vcpu *vcpu, struct svm_cpu *cpu,
			   struct vmcb *vmcb)
{
	cpu->stale = ALL_ASIDS;
	vmcb->clean = CLEAN_NONE;
	vcpu->kind = HVM_EXIT_BAD_ENTRY;
	vcpu->detail = vmcb->exit_code;
}

static void svm_enter(struct hvm_vcpu *vcpu)
{
	struct svm_cpu *cpu = this_cpu()->hvm;
	struct vmcb *vmcb = vcpu->control;

	if (unlikely(cpu->asids[vmcb->asid].owner != vcpu))
		take_asid(cpu, vcpu, vmcb);
	vmcb->flush = take_flush(cpu, vmcb->asid);
	vmcb->rax = vcpu->regs.rax;
	svm_run(vcpu, ptr_to_hpa(vmcb), cpu->host);
	vcpu->regs.rax = vmcb->rax;
	/* Nothing that the CPU may cache of the VMCB changes from now on. */
	vmcb->clean = svm.clean;

	switch (vmcb->exit_code) {
	case EXIT_CPUID:
		vcpu->kind = HVM_EXIT_CPUID;
		break;
	case EXIT_NPF:
		decode_fault(vcpu, vmcb);
		break;
	case EXIT_VMMCALL:
		vcpu->kind = HVM_EXIT_HYPERCALL;
		break;
	case EXIT_INTR:
		vcpu->kind = HVM_EXIT_INTERRUPT;
		break;
	case EXIT_INVALID:
		decode_failure(vcpu, cpu, vmcb);
		break;
	default:
		decode_rare(vcpu, vmcb);
	}
}

/*
 * The end of the instruction that made the guest exit. If the CPU does not
 * report it, we count, assuming no needless prefixes.
 */
static u64 next_rip(const struct vmcb *vmcb)
{
	if (svm.next_rip)
		return vmcb->next_rip;
	switch (vmcb->exit_code) {
	case EXIT_VMMCALL:
	case EXIT_CR0_WRITE:
	case EXIT_CR4_WRITE:
		return vmcb->rip + 3;
	case EXIT_CPUID:
	case EXIT_MSR:
		return vmcb->rip + 2;
	case EXIT_HLT:
		return vmcb->rip + 1;
	case EXIT_IO:
		return vmcb->exit_info2;
	}
	panic("SVM: no length known for exit code %x", vmcb->exit_code);
}

/* An interrupt shadow is not ended: there is no virtual interrupt to wait. */
static void svm_skip(struct hvm_vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->control;

	vmcb->rip = next_rip(vmcb);
}

static u64 svm_rip(struct hvm_vcpu *vcpu)
{
	return ((struct vmcb *)vcpu->control)->rip;
}

const struct hvm_backend svm_backend = {
	.cpu_enable = svm_cpu_enable,
	.vcpu_init = svm_vcpu_init,
	.vcpu_destroy = svm_vcpu_destroy,
	.enter = svm_enter,
	.skip = svm_skip,
	.rip = svm_rip,
	.flush_root = svm_flush_root,
};
