/*
 * The choice of the back end. It is copied into one structure at a fixed
 * address, so that an entry costs one indirect jump more than a direct call.
 */
#include "arch/x86/hvm.h"
#include "lib/error.h"
#include "arch/x86/hvm_backend.h"
#include "arch/x86/hvm_regs.h"
#include "arch/x86/system.h"

/* SDM vol. 2A, CPUID; APM vol. 3, appendix E */
#define CPUID_1_ECX_VMX		(1u << 5)
#define CPUID_EXTENDED_ECX_SVM	(1u << 2)

/* The entry routines use the numbers of hvm_regs.h. */
#define AT(field, offset) \
	_Static_assert(offsetof(struct hvm_vcpu, field) == (offset), #field)
AT(regs.rax, HVM_RAX);
AT(regs.rcx, HVM_RCX);
AT(regs.rdx, HVM_RDX);
AT(regs.rbx, HVM_RBX);
AT(regs.rbp, HVM_RBP);
AT(regs.rsi, HVM_RSI);
AT(regs.rdi, HVM_RDI);
AT(regs.r8, HVM_R8);
AT(regs.r9, HVM_R9);
AT(regs.r10, HVM_R10);
AT(regs.r11, HVM_R11);
AT(regs.r12, HVM_R12);
AT(regs.r13, HVM_R13);
AT(regs.r14, HVM_R14);
AT(regs.r15, HVM_R15);
AT(host_rsp, HVM_HOST_RSP);
AT(launched, HVM_LAUNCHED);

struct hvm_info hvm_info;
static struct hvm_backend backend;

const char *const hvm_exit_names[HVM_EXIT_COUNT] = {
	[HVM_EXIT_FAULT] = "fault",
	[HVM_EXIT_HYPERCALL] = "hypercall",
	[HVM_EXIT_CPUID] = "cpuid",
	[HVM_EXIT_INTERRUPT] = "interrupt",
	[HVM_EXIT_NMI] = "nmi",
	[HVM_EXIT_EXCEPTION] = "exception",
	[HVM_EXIT_HLT] = "hlt",
	[HVM_EXIT_IO] = "io",
	[HVM_EXIT_MSR] = "msr",
	[HVM_EXIT_SHUTDOWN] = "shutdown",
	[HVM_EXIT_BAD_ENTRY] = "bad_entry",
	[HVM_EXIT_OTHER] = "other",
};

int hvm_probe(const char **why)
{
	if (read_cpuid(1, 0).ecx & CPUID_1_ECX_VMX) {
		backend = vmx_backend;
		return vmx_probe(&hvm_info, why);
	}
	if (read_cpuid(0x80000001, 0).ecx & CPUID_EXTENDED_ECX_SVM) {
		backend = svm_backend;
		return svm_probe(&hvm_info, why);
	}
	*why = "this CPU offers neither VMX nor SVM: use QEMU with -cpu max, "
	       "Bochs, or QEMU with -accel kvm -cpu host on a host where "
	       "kvm_intel or kvm_amd has nested=1";
	return -ENODEV;
}

int hvm_cpu_enable(void *page)
{
	return backend.cpu_enable(page);
}

int hvm_vcpu_init(struct hvm_vcpu *vcpu, void *page, hpa_t root, u64 rip,
		  u64 rsp, u64 cr3)
{
	return backend.vcpu_init(vcpu, page, root, rip, rsp, cr3);
}

void hvm_vcpu_destroy(struct hvm_vcpu *vcpu)
{
	backend.vcpu_destroy(vcpu);
}

void hvm_enter(struct hvm_vcpu *vcpu)
{
	backend.enter(vcpu);
}

void hvm_skip(struct hvm_vcpu *vcpu)
{
	backend.skip(vcpu);
}

u64 hvm_rip(struct hvm_vcpu *vcpu)
{
	return backend.rip(vcpu);
}

void hvm_flush_root(hpa_t root)
{
	backend.flush_root(root);
}
