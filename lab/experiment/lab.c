/*
 * From the command line to the last result.
 */
#include "lab/experiment/lab.h"

#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "ept/axes.h"
#include "lab/check/check.h"
#include "lab/experiment/files.h"
#include "lab/experiment/report.h"
#include "lab/experiment/trace.h"
#include "lab/litmus/options.h"
#include "lab/litmus/run.h"
#include "lab/scenario/run.h"
#include "lab/scenario/scenarios.h"
#include "lab/words.h"

static struct options options;

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

static void list(const struct lab_tests *tests, const struct text_file *files,
		 u32 file_count)
{
	if (options.list & LIST_POLICIES)
		list_policies();
	if (options.list & LIST_WORKLOADS)
		list_workloads();
	if (options.list & LIST_MUTANTS)
		list_mutants();
	if (options.list & LIST_TESTS)
		list_tests();
	if (options.list & LIST_SCENARIOS)
		list_scenarios(tests);
	if (options.list & LIST_AXES)
		list_axes();
	if (options.list & LIST_EXCLUSIONS)
		list_exclusions();
	if (options.list & LIST_VERBS)
		list_verbs();
	if (options.list & LIST_MODULES)
		list_modules(files, file_count);
}

struct enabling {
	void *page;
	int err;
};

static void enable_here(void *arg)
{
	struct enabling *enabling = arg;

	enabling->err = hvm_cpu_enable(enabling->page);
}

/* Turn virtualization on everywhere; the pages are never given back. */
static bool enable_hvm(void)
{
	const char *why = "it did not turn on";
	u32 i;

	if (hvm_probe(&why)) {
		printk("error: %s\n", why);
		return false;
	}
	for (i = 0; i < cpu_count; i++) {
		struct frame *frame = frame_alloc_zeroed();
		struct enabling enabling = { NULL, -1 };

		if (frame) {
			enabling.page = frame_ptr(frame);
			cpu_call(i, enable_here, &enabling);
		}
		if (enabling.err) {
			printk("error: virtualization did not turn on on CPU "
			       "%u\n", i);
			return false;
		}
	}
	return true;
}

static bool enough_cpus(void)
{
	if (options.cpus > cpu_count) {
		printk("error: 'cpus=%u' is not accepted: this machine has %u\n",
		       options.cpus, cpu_count);
		return false;
	}
	if (cpu_count > 1 && options.vcpus > cpu_count - 1) {
		printk("error: 'vcpus=%u' is not accepted: with %u CPUs vcpus= "
		       "takes a number from 1 to %u; or use cpus=1\n",
		       options.vcpus, cpu_count, cpu_count - 1);
		return false;
	}
	return true;
}

/*
 * The command line, and before it the files, because it may name what is in
 * them. What files there are can be asked whatever they hold.
 */
static bool read_orders(const char *command_line,
			const struct text_file *files, u32 file_count)
{
	static char error[OPTIONS_ERROR], files_error[FILES_ERROR];
	bool files_wrong = files_add(files, file_count, files_error);
	bool wrong = options_parse(&options, lab_words, command_line,
				   error, sizeof(error));

	if (!wrong && options.list == LIST_MODULES)
		return true;
	if (files_wrong || wrong)
		printk("error: %s\n", files_wrong ? files_error : error);
	return !files_wrong && !wrong;
}

enum machine_exit_status lab_main(const char *command_line,
				  const struct lab_tests *tests,
				  const struct text_file *files,
				  u32 file_count)
{
	const struct kind *kind;

	litmus_add_built_in();
	scenarios_add_built_in();
	if (!read_orders(command_line, files, file_count))
		return EXIT_USAGE;
	if (options.list) {
		list(tests, files, file_count);
		return EXIT_COHERENT;
	}
	kind = litmus_options.wanted ? &litmus_kind : &scenario_kind;
	if (!enough_cpus() || !kind->fits(&options))
		return EXIT_USAGE;
	trap_set_page_fault(mm_page_fault);
	if (!enable_hvm())
		return EXIT_NO_BACKEND;
	report_machine();
	report_own_policies(&options);
	if (options.tests[0])
		return tests->run(options.tests) ? EXIT_INCOHERENT
						 : EXIT_COHERENT;
	if (options.trace && trace_init()) {
		printk("error: not enough memory for trace=on\n");
		return EXIT_USAGE;
	}
	if (!options.check_off && check_init(1, kind->gfn_count(&options))) {
		printk("error: not enough memory for check=on\n");
		return EXIT_USAGE;
	}
	return matrix_run(&options, kind);
}
