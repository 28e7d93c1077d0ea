#include "arch/x86/processor.h"

#include "lib/string.h"

#define LEAF_BRAND	0x80000002u	/* and the two behind it */
#define LEAF_EXTENDED	0x80000000u
#define MSR_MICROCODE	0x8bu	/* IA32_BIOS_SIGN_ID; AMD: PATCH_LEVEL */
#define VENDOR_INTEL_EBX 0x756e6547u	/* "Genu" */

/* A record's value has no blanks, and no '='. */
static void to_word(char *name)
{
	char *to = name;
	const char *at;

	for (at = name; *at; at++) {
		bool blank = *at <= ' ' || *at > '~' || *at == '=';

		if (!blank)
			*to++ = *at;
		else if (to > name && to[-1] != '_')
			*to++ = '_';
	}
	while (to > name && to[-1] == '_')
		to--;
	*to = '\0';
}

static void read_brand(char name[49], cpuid_fn cpuid)
{
	u32 i;

	for (i = 0; i < 3; i++) {
		struct cpuid part = cpuid(LEAF_BRAND + i, 0);

		memcpy(name + 16 * i, &part, 16);
	}
}

static void read_vendor(char name[49], cpuid_fn cpuid)
{
	struct cpuid id = cpuid(0, 0);

	memcpy(name, &id.ebx, 4);
	memcpy(name + 4, &id.edx, 4);
	memcpy(name + 8, &id.ecx, 4);
}

static void read_name(char name[49], cpuid_fn cpuid)
{
	memset(name, 0, 49);
	if (cpuid(LEAF_EXTENDED, 0).eax >= LEAF_BRAND + 2)
		read_brand(name, cpuid);
	to_word(name);
	if (name[0])
		return;
	read_vendor(name, cpuid);
	to_word(name);
}

/* SDM vol. 3, "Determining the Signature": 0 is written, CPUID 1 loads it. AMD
 * has it in the low half, and nothing is to be written. */
static u32 read_microcode(cpuid_fn cpuid, const struct processor_msr *msr)
{
	if (cpuid(0, 0).ebx != VENDOR_INTEL_EBX)
		return (u32)msr->read(MSR_MICROCODE);
	msr->write(MSR_MICROCODE, 0);
	(void)cpuid(1, 0);
	return (u32)(msr->read(MSR_MICROCODE) >> 32);
}

void processor_identify(struct processor *processor, cpuid_fn cpuid,
			const struct processor_msr *msr)
{
	u32 id = cpuid(1, 0).eax, family = id >> 8 & 0xf;

	*processor = (struct processor){
		.family = family == 0xf ? family + (id >> 20 & 0xff) : family,
		.model = id >> 4 & 0xf, .stepping = id & 0xf,
	};
	if (family == 6 || family == 0xf)
		processor->model |= id >> 12 & 0xf0;
	processor->microcode = read_microcode(cpuid, msr);
	read_name(processor->name, cpuid);
}
