#include "lab/list.h"

#include "ept/axes.h"
#include "lab/bench/bench.h"
#include "lab/experiment/options.h"
#include "lab/litmus/tests.h"
#include "lab/mutant/mutant.h"
#include "lab/scenario/scenarios.h"

static void list_policies(void)
{
	u32 i;

	for (i = 0; i < policy_count; i++)
		printk("list policies %s %s\n", policies[i].name,
		       policies[i].models);
}

static void list_workloads(void)
{
	u32 i;

	for (i = 0; i < scenario_count; i++)
		printk("list workloads %s %s\n", scenarios[i].name,
		       scenarios[i].what);
}

static void list_mutants(void)
{
	u32 i;

	for (i = 0; i < mutant_count; i++)
		printk("list mutants %s %s over %s: %s\n", mutants[i].name,
		       mutants[i].rule, mutants[i].base, mutants[i].what);
}

static void list_tests(void)
{
	u32 i;

	for (i = 0; i < litmus_test_count; i++)
		printk("list tests %s litmus: %s\n", litmus_tests[i].name,
		       litmus_tests[i].what);
}

static void list_scenarios(const struct lab_tests *tests)
{
	u32 i;

	for (i = 0; tests->name(i); i++)
		printk("list scenarios %s boot scenario\n", tests->name(i));
}

static void list_axes(void)
{
	const struct choice *choice;
	u32 i, k;

	for (i = 0; i < axis_count; i++)
		for (k = 0; (choice = axis_choice(&axes[i], k)); k++)
			printk("list axes %s=%s %s: %s\n", axes[i].name,
			       choice->name, axes[i].about, choice->about);
}

static void list_exclusions(void)
{
	u32 i;

	for (i = 0; i < exclusion_count; i++)
		printk("list exclusions %s %s\n", exclusions[i].choices,
		       exclusions[i].why);
}

/* RFC 1950, section 8. */
static u32 adler32(const struct text_file *file)
{
	u32 a = 1, b = 0;
	size_t i;

	for (i = 0; i < file->size; i++) {
		a = (a + (u8)file->text[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void list_modules(const struct text_file *files, u32 file_count)
{
	u32 i;

	for (i = 0; i < file_count; i++)
		printk("list modules %s %lu bytes, adler32 %08x\n",
		       files[i].name, files[i].size, adler32(&files[i]));
}

/* How a verb is said, and who can do it. */
static void list_verbs(void)
{
	static const char *const arguments[] = {
		[ARGUMENT_PLACE] = "p0.1", [ARGUMENT_PAGE] = "p0",
		[ARGUMENT_PAGES] = "p0..p7", [ARGUMENT_INTO] = "p1",
		[ARGUMENT_VALUE] = "7", [ARGUMENT_OTHER] = "8",
		[ARGUMENT_FLAG] = "f0", [ARGUMENT_STEPS] = "16",
	};
	static const char *const who[] = {
		[BY_ANYBODY] = "host and guest", [BY_HOST] = "host",
		[BY_VCPU] = "a vCPU's CPU, outside of the guest",
	};
	enum verb_id verb;
	u32 i;

	for (verb = VERB_END + 1; verb < VERB_COUNT; verb++) {
		printk("list verbs %s %s%s:", verbs[verb].name,
		       who[verbs[verb].by], verb_sets_register(verb) ?
		       ", sets a register" : "");
		for (i = 0; verbs[verb].arguments[i]; i++)
			printk(" %s", arguments[verbs[verb].arguments[i]]);
		printk("\n");
	}
}

static void list_operations(void)
{
	u32 i;

	for (i = 0; i < bench_count; i++)
		printk("list operations %s %s\n", bench_operations[i].name,
		       bench_operations[i].what);
}

void list_print(u32 what, const struct lab_tests *tests,
		const struct text_file *files, u32 file_count)
{
	if (what & LIST_OPERATIONS)
		list_operations();
	if (what & LIST_POLICIES)
		list_policies();
	if (what & LIST_WORKLOADS)
		list_workloads();
	if (what & LIST_MUTANTS)
		list_mutants();
	if (what & LIST_TESTS)
		list_tests();
	if (what & LIST_SCENARIOS)
		list_scenarios(tests);
	if (what & LIST_AXES)
		list_axes();
	if (what & LIST_EXCLUSIONS)
		list_exclusions();
	if (what & LIST_VERBS)
		list_verbs();
	if (what & LIST_MODULES)
		list_modules(files, file_count);
}
