#include "lab/experiment/report.h"

#include "arch/x86/clock.h"
#include "arch/x86/processor.h"
#include "arch/x86/system.h"
#include "ept/axes.h"
#include "lab/check/check.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame.h"

static const char *hypervisor_name(char name[13])
{
	struct cpuid id = read_cpuid(1, 0);
	u32 i;

	if (!(id.ecx & 1u << 31))
		return "none";
	id = read_cpuid(0x40000000, 0);
	memcpy(name, &id.ebx, 4);
	memcpy(name + 4, &id.ecx, 4);
	memcpy(name + 8, &id.edx, 4);
	name[12] = 0;
	for (i = 0; name[i]; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '=')
			name[i] = '_';
	return name[0] ? name : "unknown";
}

void report_machine(void)
{
	const struct processor_msr msr = { read_msr, write_msr };
	struct processor processor;
	char hypervisor[13];

	processor_identify(&processor, read_cpuid, &msr);
	printk("machine backend=%s secondary=%s cpus=%u memory_mib=%llu ad=%u "
	       "ticks_per_ms=%llu hypervisor=%s family=%u model=%u "
	       "stepping=%u microcode=0x%x cpu=%s\n", hvm_info.name,
	       hvm_info.format == HVM_EPT ? "ept" : "npt", cpu_count,
	       (unsigned long long)frame_total_count() >> (20 - PAGE_SHIFT),
	       hvm_info.accessed_dirty,
	       (unsigned long long)clock_ticks_per_ms,
	       hypervisor_name(hypervisor), processor.family,
	       processor.model, processor.stepping, processor.microcode,
	       processor.name);
}

void report_own_policies(const struct options *options)
{
	u32 i, k;

	for (i = 0; i < options->own_count; i++) {
		const struct policy *policy = &options->own[i].policy;

		printk("policy %s", policy->name);
		for (k = 0; k < axis_count; k++)
			printk(" %s=%s", axes[k].name,
			       policy_choice(policy, &axes[k])->name);
		printk("\n");
	}
}

/* What the checker has heard since check_start(). */
static void report_violations(void)
{
	const struct violation *v;
	char text[400];
	u32 i;

	for (i = 0; i < RULE_COUNT; i++)
		if (check_count(i))
			printk("violation rule=%s count=%llu\n", rule_names[i],
			       (unsigned long long)check_count(i));
	for (i = 0; (v = check_report(i)); i++) {
		check_format(v, text, sizeof(text));
		printk("message broken: %s\n", text);
	}
}

void report_begin(const struct cell *cell, const char *what, const char *name)
{
	printk("run %u/%u %s=%s policy=%s mutant=%s seed=%u", cell->number,
	       cell->count, what, name, cell->policy.name,
	       cell->mutant ? cell->mutant->name : "none",
	       cell->options->seed);
}

void report_end(const struct cell *cell, const struct stage *stage,
		enum verdict verdict)
{
	if (stage->message[0])
		printk("message %s\n", stage->message);
	if (stage->violations)
		report_violations();
	if (stage->leaked_frames)
		printk("leak frames=%lld\n", (long long)stage->leaked_frames);
	printk("result %u/%u verdict=%s violations=%llu", cell->number,
	       cell->count, verdict_names[verdict],
	       (unsigned long long)stage->violations);
}
