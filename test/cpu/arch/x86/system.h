/*
 * Stands in for arch/x86/system.h where the back ends of hvm.h are tested: the
 * registers are what the test says, see test/cpu/cpu.h.
 */
#ifndef ARCH_X86_SYSTEM_H
#define ARCH_X86_SYSTEM_H

#include "arch/x86/cpuid.h"

struct table_pointer {
	u16 limit;
	u64 base;
} __attribute__((packed));

u64 read_msr(u32 msr);
void write_msr(u32 msr, u64 value);
u64 read_cr0(void);
void write_cr0(u64 value);
u64 read_cr3(void);
u64 read_cr4(void);
void write_cr4(u64 value);
struct cpuid read_cpuid(u32 leaf, u32 subleaf);

#endif
