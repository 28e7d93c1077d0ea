#include "lab/experiment/run.h"

#include "lab/check/check.h"
#include "lab/experiment/hosts.h"
#include "lab/experiment/report.h"
#include "lab/experiment/trace.h"
#include "lab/scenario/perform.h"
#include "lab/scenario/scenarios.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

static const char *error_text(int err)
{
	switch (err) {
	case -ENOMEM:
		return "out of memory";
	case -EBUSY:
		return "a page was held by somebody else (pinned, or "
		       "merged) for too long";
	case -EACCES:
		return "an access was denied";
	case -EINVAL:
		return "the experiment does not fit this machine";
	case -ENODEV:
		return "the hardware refused the virtual machine";
	}
	return "an action failed";
}

/* Why the run ends early: the guest's own story comes first. */
static void note_failure(struct run *run, const char *where, int err)
{
	if (run->message[0])
		return;
	if (run->vm.failed)
		format_text(run->message, sizeof(run->message), "%s: %s",
			    where, run->vm.message);
	else
		format_text(run->message, sizeof(run->message), "%s: %s (%d)",
			    where, error_text(err), err);
}

static int run_phase(struct run *run, const struct phase *phase)
{
	int err;

	run->content.phase = phase->name;
	if (!run->quiet)
		report_phase_start(run);
	err = scenario_perform(run, phase);
	if (!run->quiet)
		report_phase_end(run);
	return err;
}

static void run_phases(struct run *run)
{
	const struct scenario *scenario = run->scenario;
	u32 i;

	for (i = 0; i < scenario->phase_count; i++) {
		int err = run_phase(run, &scenario->phases[i]);

		if (err) {
			note_failure(run, scenario->phases[i].name, err);
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

	if (!run->vm.failed && guest_halt(&run->guest))
		note_failure(run, "halt", -EBUSY);
	if (run->vm.failed)
		for (i = 0; i < run->vm.vcpu_count; i++)
			vcpu_stop(&run->vm.vcpus[i], "stopped");
}

/* The scenario itself, and what is left to see when it is over. */
static void run_scenario(struct run *run)
{
	int err;

	/* One writer only: with more vCPUs the first one speaks for all. */
	run->vm.vcpus[0].stall = &run->guest_ticks;
	if (run->options->trace)
		trace_start();
	run_phases(run);
	halt(run);
	if (run->options->trace)
		trace_stop();
	content_collect(&run->content, run->vm.vcpu_count);
	if (run->message[0])
		return;		/* it broke off: contents are half done */
	err = content_verify(&run->content);
	if (err)
		note_failure(run, "verifying", err);
}

static void run_vm(struct run *run)
{
	struct vm_config config = {
		.page_count = run->options->pages,
		.vcpu_count = run->options->vcpus,
		.policy = &run->policy,
	};
	int err = vm_create(&run->vm, &config);

	if (err) {
		note_failure(run, "creating the virtual machine", err);
		return;
	}
	if (run->mutant)
		mutant_arm(run->mutant, &run->vm.ept);
	check_start();
	check_watch(&run->vm.ept);
	err = scenario_begin(run);
	if (!err)
		err = warm_up(run);
	if (err) {
		note_failure(run, "the guest's start", err);
		halt(run);
	} else {
		run_scenario(run);
	}
	scenario_end(run);
	ept_complete(&run->vm.ept);
	check_stop();
	vm_destroy(&run->vm);
	mutant_disarm();
}

static void run_counted(struct run *run)
{
	u64 free_before = frame_free_count();
	u64 free_after;

	samples_clear(&run->host_ticks);
	samples_clear(&run->guest_ticks);
	run_vm(run);
	free_after = frame_free_count();			/* INV-FREE */
	if (free_after != free_before)
		run->leaked_frames = free_before - free_after;
}

void run_quietly(struct run *run)
{
	run->quiet = true;
	run_counted(run);
}

/* --- Scenarios as a kind. Of each one, subject 2 n is an idle guest. */

static struct run run;

static u32 subject_count(void)
{
	return 2 * scenario_count;
}

static bool guest_runs(u32 subject)
{
	return subject % 2;
}

static bool is_asked(const struct options *options, u32 subject)
{
	u32 guest = guest_runs(subject) ? GUEST_RUNNING : GUEST_IDLE;

	return options->workloads & 1ull << subject / 2 &&
	       options->guest & guest;
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

static enum verdict run_cell(const struct cell *cell)
{
	memset(&run, 0, sizeof(run));
	run.options = cell->options;
	run.scenario = scenario_load(&scenarios[cell->subject / 2]);
	run.mutant = cell->mutant;
	run.policy = cell->policy;
	run.guest.runs = guest_runs(cell->subject);
	run.number = cell->number;
	run.run_count = cell->count;
	report_run(&run);
	run_counted(&run);
	return report_result(&run);
}

const struct kind scenario_kind = {
	subject_count, is_asked, shows, run_cell,
};
