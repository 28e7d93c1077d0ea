/*
 * The choice of the back end. It is copied into one structure at a fixed
 * address, so that an entry costs one indirect jump more than a direct call.
 */
#include "arch/x86/hvm.h"
#include "arch/x86/error.h"
#include "arch/x86/hvm_backend.h"
#include "arch/x86/system.h"

/* SDM vol. 2A, CPUID; APM vol. 3, appendix E */
#define CPUID_1_ECX_VMX		(1u << 5)
#define CPUID_EXTENDED_ECX_SVM	(1u << 2)

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
	int err;

	if (read_cpuid(1, 0).ecx & CPUID_1_ECX_VMX) {
		err = vmx_probe(&hvm_info, why);
		if (!err)
			backend = vmx_backend;
		return err;
	}
	if (read_cpuid(0x80000001, 0).ecx & CPUID_EXTENDED_ECX_SVM)
		*why = "this CPU has SVM (AMD) and no VMX: this version has "
		       "no SVM back end, run it on Intel or on Bochs";
	else
		*why = "this CPU offers neither VMX nor SVM: use Bochs, or "
		       "QEMU with -accel kvm -cpu host on a host where "
		       "kvm_intel has nested=1";
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

void hvm_nmi_done(struct hvm_vcpu *vcpu)
{
	backend.nmi_done(vcpu);
}

void hvm_flush_root(hpa_t root)
{
	backend.flush_root(root);
}
