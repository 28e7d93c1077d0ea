/*
 * Which processor it is, as it says itself. Pure: system.h executes what it
 * asks for.
 */
#ifndef ARCH_X86_PROCESSOR_H
#define ARCH_X86_PROCESSOR_H

#include "arch/x86/cpuid.h"

struct processor {
	u32 family, model, stepping;	/* as the manuals number them */
	u32 microcode;		/* revision of the update that is loaded */
	char name[49];		/* the brand, else the vendor; without blanks */
};

/* The MSR of the microcode's revision; on Intel it is loaded by CPUID 1. */
struct processor_msr {
	u64 (*read)(u32 number);
	void (*write)(u32 number, u64 value);
};

/* Ask the CPU that runs this. */
void processor_identify(struct processor *processor, cpuid_fn cpuid,
			const struct processor_msr *msr);

#endif
