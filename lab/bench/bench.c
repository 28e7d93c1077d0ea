/*
 * The bench as a kind of experiment: each operation with an idle guest.
 */
#include "lab/bench/bench.h"

#include "lab/scenario/run.h"

static bool fits(const struct options *options)
{
	u32 i;

	for (i = 0; i < bench_count; i++) {
		if (!bench_options.asked[i] ||
		    bench_operations[i].pages <= options->pages)
			continue;
		printk("error: 'bench=%s' is not accepted: it needs pages=%u, "
		       "or more\n", bench_operations[i].name, bench_operations[i].pages);
		return false;
	}
	return true;
}

static u64 gfn_count(const struct options *options)
{
	return vm_gfn_count(options->pages, options->vcpus);
}

static u32 subject_count(void)
{
	return bench_count;
}

static bool is_asked(u32 subject)
{
	return bench_options.asked[subject];
}

static bool shows(const struct options *options, u32 subject,
		  const struct mutant *mutant)
{
	(void)options, (void)subject, (void)mutant;
	return true;
}

static enum verdict run_cell(const struct cell *cell)
{
	return scenario_run(cell, &bench_operations[cell->subject],
			    (struct scenario_way){ .faults_untimed = true });
}

const struct kind bench_kind = {
	fits, gfn_count, subject_count, is_asked, shows, run_cell,
};
