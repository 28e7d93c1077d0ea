/*
 * What CPUID answers. Pure: system.h executes it.
 */
#ifndef ARCH_X86_CPUID_H
#define ARCH_X86_CPUID_H

#include "lib/types.h"

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

/* SDM vol. 2A, CPUID: no CPU sets it, hypervisors do. */
#define CPUID_1_ECX_HYPERVISOR	(1u << 31)

typedef struct cpuid (*cpuid_fn)(u32 leaf, u32 subleaf);

#endif
