/*
 * What a back end of hvm.h provides. hvm_probe() picks one; every other
 * function of hvm.h is the back end's function of that name.
 */
#ifndef ARCH_X86_HVM_BACKEND_H
#define ARCH_X86_HVM_BACKEND_H

#include "arch/x86/hvm.h"

struct hvm_backend {
	int (*cpu_enable)(void *page);
	int (*vcpu_init)(struct hvm_vcpu *vcpu, void *page, hpa_t root,
			 u64 rip, u64 rsp, u64 cr3);
	void (*vcpu_destroy)(struct hvm_vcpu *vcpu);
	void (*enter)(struct hvm_vcpu *vcpu);
	void (*skip)(struct hvm_vcpu *vcpu);
	u64 (*rip)(struct hvm_vcpu *vcpu);
	void (*flush_root)(hpa_t root);
};

extern const struct hvm_backend vmx_backend, svm_backend;

/*
 * The calling CPU has VMX, or SVM: does that have all that we need? As
 * hvm_probe(), and fills in *@info.
 */
__must_check int vmx_probe(struct hvm_info *info, const char **why);
__must_check int svm_probe(struct hvm_info *info, const char **why);

#endif
