/*
 * From the command line to the last result.
 */
#include "lab/lab.h"

#include "arch/x86/cpu.h"
#include "arch/x86/system.h"
#include "arch/x86/trap.h"
#include "lab/bench/bench.h"
#include "lab/check/check.h"
#include "lab/experiment/report.h"
#include "lab/experiment/trace.h"
#include "lab/files.h"
#include "lab/list.h"
#include "lab/litmus/options.h"
#include "lab/litmus/run.h"
#include "lab/scenario/run.h"
#include "lab/scenario/scenarios.h"
#include "lab/words.h"
#include "mm/ksm.h"

#define CPUID_1_ECX_SSE42	(1u << 20)	/* SDM vol. 2A, CPUID */

static struct options options;

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
	bench_add_built_in();
	if (!read_orders(command_line, files, file_count))
		return EXIT_USAGE;
	if (options.list) {
		list_print(options.list, tests, files, file_count);
		return EXIT_COHERENT;
	}
	kind = litmus_options.wanted ? &litmus_kind :
		bench_options.wanted ? &bench_kind : &scenario_kind;
	if (!enough_cpus() || !kind->fits(&options))
		return EXIT_USAGE;
	frame_set_poison(!options.poison_off);
	if (read_cpuid(1, 0).ecx & CPUID_1_ECX_SSE42)
		ksm_use_crc32();
	trap_set_page_fault(mm_page_fault);
	if (!enable_hvm())
		return EXIT_NO_BACKEND;
	report_machine();
	report_own_policies(&options);
	if (options.tests[0])
		return tests->run(options.tests, options.policies)
			       ? EXIT_INCOHERENT : EXIT_COHERENT;
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
