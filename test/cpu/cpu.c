#include "test/cpu/cpu.h"

#include "lib/print.h"
#include "test/cpu/arch/x86/system.h"

struct msr *test_msrs;
struct leaf *test_leaves;
u64 test_cr0, test_cr3, test_cr4;

u64 *test_msr(u32 number)
{
	struct msr *m;

	for (m = test_msrs; m->number; m++)
		if (m->number == number)
			return &m->value;
	panic("no MSR %x", number);
}

u64 read_msr(u32 number)
{
	return *test_msr(number);
}

void write_msr(u32 number, u64 value)
{
	*test_msr(number) = value;
}

struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
	struct leaf *l;

	(void)subleaf;
	for (l = test_leaves; l->number != ~0u; l++)
		if (l->number == leaf)
			return l->id;
	panic("no CPUID leaf %x", leaf);
}

u64 read_cr0(void)
{
	return test_cr0;
}

void write_cr0(u64 value)
{
	test_cr0 = value;
}

u64 read_cr3(void)
{
	return test_cr3;
}

u64 read_cr4(void)
{
	return test_cr4;
}

void write_cr4(u64 value)
{
	test_cr4 = value;
}
