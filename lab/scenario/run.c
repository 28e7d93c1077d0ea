#include "lab/scenario/run.h"

#include "lab/experiment/trace.h"
#include "lab/scenario/options.h"
#include "lab/scenario/perform.h"
#include "lab/scenario/report.h"
#include "lib/error.h"
#include "lib/string.h"

static bool is_traced(const struct phase *phase)
{
	const char *phases = scenario_options.phases;

	return !phases[0] || has_word(phases, phase->name);
}

static int run_phase(struct run *run, const struct phase *phase)
{
	int err;

	run->content.phase = phase->name;
	if (!run->quiet)
		report_phase_start(run->cell, phase->name);
	if (run->cell->options->trace)
		trace_phase(phase->name, is_traced(phase));
	err = scenario_perform(run, phase);
	if (!run->quiet)
		report_phase_end(phase->name, &run->least);
	return err;
}

static void run_phases(struct run *run)
{
	const struct scenario *scenario = run->scenario;
	u32 i;

	for (i = 0; i < scenario->phase_count; i++) {
		int err = run_phase(run, &scenario->phases[i]);

		if (err) {
			stage_fail(&run->stage, scenario->phases[i].name, err);
			return;
		}
	}
}

/* The guest's first steps: its control pages, so that no fault on them is
 * counted later. Always with an idle guest. */
static int warm_up(struct run *run)
{
	bool runs = run->guest.runs;
	int err;

	run->guest.runs = false;
	err = guest_do(&run->guest, GUEST_TOUCH, 0);
	run->guest.runs = runs;
	return err;
}

/* Whatever happened: no vCPU is inside after this. */
static void halt(struct run *run)
{
	u32 i;

	if (!run->stage.vm.failed && guest_halt(&run->guest))
		stage_fail(&run->stage, "halt", -EBUSY);
	if (run->stage.vm.failed)
		for (i = 0; i < run->stage.vm.vcpu_count; i++)
			vcpu_stop(&run->stage.vm.vcpus[i], "stopped");
}

/* The scenario itself, and what is left to see when it is over. */
static void run_scenario(struct run *run)
{
	int err;

	/* One writer only: with more vCPUs the first one speaks for all. */
	if (!run->faults_untimed)
		run->stage.vm.vcpus[0].stall = &run->guest_ticks;
	if (run->cell->options->trace)
		trace_start();
	run_phases(run);
	halt(run);
	if (run->cell->options->trace)
		trace_stop();
	content_collect(&run->content, run->stage.vm.vcpu_count);
	if (run->stage.message[0])
		return;		/* it broke off: contents are half done */
	err = content_verify(&run->content);
	if (err)
		stage_fail(&run->stage, "verifying", err);
}

static void run_on_stage(struct run *run)
{
	int err = scenario_begin(run);

	if (!err)
		err = warm_up(run);
	if (err) {
		stage_fail(&run->stage, "the guest's start", err);
		halt(run);
	} else {
		run_scenario(run);
	}
	scenario_end(run);
}

static void run_counted(struct run *run)
{
	const struct options *options = run->cell->options;
	struct vm_config config = {
		.page_count = options->pages, .vcpu_count = options->vcpus,
	};

	samples_clear(&run->ticks);
	samples_clear(&run->guest_ticks);
	if (!stage_open(&run->stage, run->cell, config))
		return;
	run_on_stage(run);
	stage_close(&run->stage);
}

void run_quietly(struct run *run)
{
	run->quiet = true;
	run_counted(run);
}

/* --- Scenarios as a kind. Of each one, subject 2 n is an idle guest. */

static struct run run;

/* The phases of what is asked for; is @name one of them? NULL: print all. */
static bool has_phase(const char *name)
{
	bool found = false;
	u32 i, k;

	for (i = 0; i < scenario_count; i++) {
		const struct scenario *scenario;

		if (!scenario_options.asked[i])
			continue;
		scenario = scenario_load(&scenarios[i]);
		for (k = 0; k < scenario->phase_count; k++) {
			if (!name)
				printk(" %s", scenario->phases[k].name);
			else
				found |= !strcmp(name,
						 scenario->phases[k].name);
		}
	}
	return found;
}

static bool phases_are_known(void)
{
	const char *phases = scenario_options.phases;
	struct scan scan = { .at = phases, .end = phases + strlen(phases) };
	char name[SCENARIO_NAME] = "";

	while (scan_word(&scan, name, sizeof(name)) && has_phase(name))
		;
	if (!phases[0] || (!scan_more(&scan) && has_phase(name)))
		return true;
	printk("error: 'phases=%s' is not accepted: there are", phases);
	(void)has_phase(NULL);
	printk("\n");
	return false;
}

static bool fits(const struct options *options)
{
	u32 i;

	for (i = 0; i < scenario_count; i++) {
		const struct scenario_file *scenario = &scenarios[i];

		if (!scenario_options.asked[i] ||
		    (scenario->vcpus <= options->vcpus &&
		     scenario->pages <= options->pages))
			continue;
		printk("error: 'workload=%s' is not accepted: %s needs "
		       "vcpus=%u and pages=%u, or more\n", scenario->name,
		       scenario->file.name, scenario->vcpus,
		       scenario->pages ? scenario->pages : 1);
		return false;
	}
	return phases_are_known();
}

static u64 gfn_count(const struct options *options)
{
	return vm_gfn_count(options->pages, options->vcpus);
}

static u32 subject_count(void)
{
	return 2 * scenario_count;
}

static bool guest_runs(u32 subject)
{
	return subject % 2;
}

static bool is_asked(u32 subject)
{
	u32 guest = guest_runs(subject) ? GUEST_RUNNING : GUEST_IDLE;

	return scenario_options.asked[subject / 2] &&
	       scenario_options.guest & guest;
}

/* "all" are all that it can show; a name is a name. */
static bool shows(const struct options *options, u32 subject,
		  const struct mutant *mutant)
{
	if (options->mutants != (1ull << mutant_count) - 1)
		return true;
	return mutant_shows(mutant, scenarios[subject / 2].name,
			    guest_runs(subject) && cpu_count > 1,
			    options->pages);
}

enum verdict scenario_run(const struct cell *cell,
			  const struct scenario_file *scenario,
			  struct scenario_way way)
{
	memset(&run, 0, sizeof(run));
	run.cell = cell;
	run.scenario = scenario_load(scenario);
	run.operations = way.operations;
	run.guest.pace_free = way.pace_free;
	run.guest.runs = way.guest_runs;
	run.faults_untimed = way.faults_untimed;
	report_run(&run);
	run_counted(&run);
	return report_result(&run);
}

static enum verdict run_cell(const struct cell *cell)
{
	return scenario_run(cell, &scenarios[cell->subject / 2],
			    (struct scenario_way){
		.guest_runs = guest_runs(cell->subject),
		.operations = scenario_options.operations,
		.pace_free = scenario_options.pace_free,
	});
}

const struct kind scenario_kind = {
	fits, gfn_count, subject_count, is_asked, shows, run_cell,
};
