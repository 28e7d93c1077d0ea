/*
 * From the command line to the last result.
 */
#include "lab/lab.h"

#include "arch/x86/cpu.h"
#include "arch/x86/string.h"
#include "arch/x86/trap.h"
#include "lab/report.h"
#include "lab/trace.h"

static struct run run;
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

	for (i = 0; i < workload_count; i++)
		printk("list workloads %s %s\n", workloads[i].name,
		       workloads[i].what);
}

static void list_mutants(void)
{
	u32 i;

	for (i = 0; i < mutant_count; i++)
		printk("list mutants %s %s over %s: %s\n", mutants[i].name,
		       mutants[i].rule, mutants[i].base, mutants[i].what);
}

static void list(const struct lab_tests *tests)
{
	u32 i;

	if (options.list & LIST_POLICIES)
		list_policies();
	if (options.list & LIST_WORKLOADS)
		list_workloads();
	if (options.list & LIST_MUTANTS)
		list_mutants();
	if (options.list & LIST_TESTS)
		for (i = 0; tests->name(i); i++)
			printk("list tests %s boot scenario\n",
			       tests->name(i));
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

/* Run @number of the matrix, if it is asked for; true: nothing to complain. */
static bool run_number(u32 number, u32 run_count,
		       const struct workload *workload,
		       const struct policy *policy,
		       const struct mutant *mutant, bool guest_runs)
{
	enum verdict verdict;

	if (number < options.first)
		return true;
	memset(&run, 0, sizeof(run));
	run.options = &options;
	run.workload = workload;
	run.mutant = mutant;
	run.policy = mutant ? mutant_policy(mutant) : *policy;
	run.guest_runs = guest_runs;
	run.number = number;
	run.run_count = run_count;
	verdict = run_one(&run);
	/* A mutant is there to be caught. */
	return verdict == (mutant ? VERDICT_STALE : VERDICT_COHERENT);
}

static u32 count_bits(u64 mask)
{
	u32 count = 0;

	for (; mask; mask &= mask - 1)
		count++;
	return count;
}

/* Every workload, idle and running, under every policy, then the mutants. */
static bool run_matrix(void)
{
	u32 run_count = count_bits(options.workloads) *
			count_bits(options.guest) *
			(count_bits(options.policies) +
			 count_bits(options.mutants));
	u32 number = 0, w, runs, p;
	bool good = true;

	printk("plan runs=%u\n", run_count);
	for (w = 0; w < workload_count; w++) {
		if (!(options.workloads & 1ull << w))
			continue;
		for (runs = 0; runs < 2; runs++) {
			if (!(options.guest & 1u << runs))
				continue;
			for (p = 0; p < policy_count; p++)
				if (options.policies & 1ull << p)
					good &= run_number(++number, run_count,
						&workloads[w], &policies[p],
						NULL, runs);
			for (p = 0; p < mutant_count; p++)
				if (options.mutants & 1ull << p)
					good &= run_number(++number, run_count,
						&workloads[w], NULL,
						&mutants[p], runs);
		}
	}
	return good;
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

enum machine_exit_status lab_main(const char *command_line,
				  const struct lab_tests *tests)
{
	static char error[2 * OPTIONS_TEXT];

	if (options_parse(&options, command_line, error, sizeof(error))) {
		printk("error: %s\n", error);
		return EXIT_USAGE;
	}
	if (options.list) {
		list(tests);
		return EXIT_COHERENT;
	}
	if (!enough_cpus())
		return EXIT_USAGE;
	trap_set_page_fault(mm_page_fault);
	if (!enable_hvm())
		return EXIT_NO_BACKEND;
	report_machine();
	if (options.tests[0])
		return tests->run(options.tests) ? EXIT_INCOHERENT
						 : EXIT_COHERENT;
	if (options.trace && trace_init()) {
		printk("error: not enough memory for trace=on\n");
		return EXIT_USAGE;
	}
	return run_matrix() ? EXIT_COHERENT : EXIT_INCOHERENT;
}
