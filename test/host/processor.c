/* Which processor is it? What CPUs of both vendors answer. */
#include "test/host/support.h"

#include <string.h>
#include "arch/x86/processor.h"

struct machine {
	const char *vendor;	/* as in ebx, edx, ecx */
	u32 signature;
	const char *brand;	/* NULL: that leaf is not there */
	u64 microcode;		/* the MSR, once it is loaded */
	bool loads;		/* only behind a 0 and CPUID 1 */
};

static const struct machine *machine;
static u64 msr;
static u32 writes;

static struct cpuid vendor_leaf(void)
{
	struct cpuid id = { 0 };

	memcpy(&id.ebx, machine->vendor, 4);
	memcpy(&id.edx, machine->vendor + 4, 4);
	memcpy(&id.ecx, machine->vendor + 8, 4);
	return id;
}

static struct cpuid answer(u32 leaf, u32 subleaf)
{
	struct cpuid id = { 0 };
	char brand[49] = "";

	(void)subleaf;
	if (leaf == 0)
		return vendor_leaf();
	if (leaf == 1) {
		id.eax = machine->signature;
		if (machine->loads && writes)
			msr = machine->microcode;
	}
	if (leaf == 0x80000000)
		id.eax = machine->brand ? 0x80000004 : 0x80000001;
	if (leaf >= 0x80000002 && machine->brand) {
		strncpy(brand, machine->brand, 48);
		memcpy(&id, brand + 16 * (leaf - 0x80000002), 16);
	}
	return id;
}

static u64 read(u32 number)
{
	assert_int_equal(number, 0x8b);
	return msr;
}

static void write(u32 number, u64 value)
{
	assert_int_equal(number, 0x8b);
	assert_true(machine->loads);
	msr = value;
	writes++;
}

static void test_identify(void **state)
{
	static const struct {
		struct machine machine;
		struct processor expected;
	} rows[] = {
		{ { "GenuineIntel", 0x50654,
		    "      Intel(R) Core(TM) i7-7800X CPU @ 3.50GHz",
		    0x0200006500000000, true },
		  { 6, 85, 4, 0x2000065,
		    "Intel(R)_Core(TM)_i7-7800X_CPU_@_3.50GHz" } },
		{ { "AuthenticAMD", 0xa20f12, "AMD Ryzen 9 5900X = 12\t",
		    0x0a20120a, false },
		  { 25, 33, 2, 0xa20120a, "AMD_Ryzen_9_5900X_12" } },
		{ { "GenuineIntel", 0xf43, NULL, 0x500000000, true },
		  { 15, 4, 3, 5, "GenuineIntel" } },
		/* The extended model is of families 6 and 15 only. */
		{ { "AuthenticAMD", 0x10580, "", 7, false },
		  { 5, 8, 0, 7, "AuthenticAMD" } },
		/* 48 bytes, and no zero byte behind them. */
		{ { "GenuineIntel", 0x106a5,
		    "123456789012345678901234567890123456789012345678", 0,
		    true },
		  { 6, 26, 5, 0,
		    "123456789012345678901234567890123456789012345678" } },
	};
	const struct processor_msr access = { read, write };
	struct processor got;
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		machine = &rows[i].machine;
		msr = machine->loads ? ~0ull : machine->microcode;
		writes = 0;
		processor_identify(&got, answer, &access);
		assert_int_equal(got.family, rows[i].expected.family);
		assert_int_equal(got.model, rows[i].expected.model);
		assert_int_equal(got.stepping, rows[i].expected.stepping);
		assert_int_equal(got.microcode, rows[i].expected.microcode);
		assert_string_equal(got.name, rows[i].expected.name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_identify),
	};

	return RUN(tests);
}
