/*
 * A CPU's registers, for tests of the back ends of hvm.h. Each CPU of the fake
 * machine has its own control registers; MSRs that are in no list of the
 * test's are a failure.
 */
#ifndef TEST_CPU_CPU_H
#define TEST_CPU_CPU_H

#include "arch/x86/cpuid.h"

struct msr {
	u32 number;
	u64 value;
};

/* Of the machine, ended by number 0; of all CPUs alike. */
extern struct msr *test_msrs;
u64 *test_msr(u32 number);

struct leaf {
	u32 number;
	struct cpuid id;
};
extern struct leaf *test_leaves;	/* ended by number ~0 */

extern u64 test_cr0, test_cr3, test_cr4;

#endif
