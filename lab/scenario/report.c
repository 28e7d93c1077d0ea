#include "lab/scenario/report.h"

#include "arch/x86/counter.h"
#include "lab/experiment/report.h"
#include "lib/print.h"
#include "lib/string.h"

#define COUNTERS_MAX	128
#define PREDICTED	"predicted."

/* All counters as a phase began. */
static u64 before[COUNTERS_MAX];

/* Spurious guest faults in the phases of a run so far: the most that there may
 * be (ept/notifier.c), and as the checker's model has them. */
static struct {
	u64 max, accessed;
} predicted;

/* These are printed even when they are 0. */
static const char *const always[] = {
	"remote_tlb_flush_requests", "pf_taken", "pf_refault",
};

void report_run(const struct run *run)
{
	const struct options *options = run->cell->options;

	report_begin(run->cell, "workload", run->scenario->name);
	printk(" guest=%s pages=%u vcpus=%u\n", run->guest.runs ? "running" :
	       "idle", options->pages, options->vcpus);
	memset(&predicted, 0, sizeof(predicted));
}

#define for_each_counter(c) \
	for (struct counter *c = __start_counters; c < __stop_counters; c++)

void report_progress(const struct cell *cell, const char *phase)
{
	printk("progress %u/%u phase=%s\n", cell->number, cell->count, phase);
}

void report_phase_start(const struct cell *cell, const char *phase)
{
	u32 i = 0;

	report_progress(cell, phase);
	BUG_ON(__stop_counters - __start_counters > COUNTERS_MAX);
	for_each_counter(c)
		before[i++] = counter_sum(c);
}

static bool is_predicted(const struct counter *counter)
{
	return !strncmp(counter->name, PREDICTED, strlen(PREDICTED));
}

static u64 *predicted_field(const struct counter *counter)
{
	return strcmp(counter->name, PREDICTED "pf_spurious_max")
		? &predicted.accessed : &predicted.max;
}

static bool is_always_shown(const struct counter *counter)
{
	u32 i;

	for (i = 0; i < array_count(always); i++)
		if (!strcmp(counter->name, always[i]))
			return true;
	return false;
}

/* What a model that is lost does not know is not said to be 0. */
static void report_least(const char *phase, const struct least_model *model)
{
	const struct least *least = &model->least;

	printk("ideal %s pf_refault=0 pf_spurious=0 pf_retry=0", phase);
	if (!model->lost)
		printk(" remote_tlb_flush_requests=%llu "
		       "primary_flush_requests=%llu pf_taken=%llu",
		       (unsigned long long)least->requests,
		       (unsigned long long)least->primary,
		       (unsigned long long)least->faults);
	printk("\n");
}

void report_phase_end(const char *phase, const struct least_model *least)
{
	u32 i = 0;

	printk("phase %s", phase);
	for_each_counter(c) {
		u64 n = counter_sum(c) - before[i++];

		if (is_predicted(c))
			*predicted_field(c) += n;
		else if (n || is_always_shown(c))
			printk(" %s=%llu", c->name, (unsigned long long)n);
	}
	printk("\n");
	report_least(phase, least);
}

static void report_ticks(const char *name, struct samples *samples)
{
	u32 counts[SAMPLES_POWERS], power;

	if (!samples->count)
		return;
	printk("ticks %s count=%llu min=%llu median=%llu max=%llu", name,
	       (unsigned long long)samples->count,
	       (unsigned long long)samples->min,
	       (unsigned long long)samples_median(samples),
	       (unsigned long long)samples->max);
	samples_powers(samples, counts);
	for (power = 0; power < SAMPLES_POWERS; power++)
		if (counts[power])
			printk(" log2_%u=%u", power, counts[power]);
	printk("\n");
}

enum verdict report_result(struct run *run)
{
	u64 stale_reads = run->content.stale_reads;
	enum verdict verdict = stage_verdict(&run->stage, stale_reads ?
				VERDICT_STALE : VERDICT_COHERENT);

	report_ticks(run->scenario->timed, &run->ticks);
	report_ticks("guest_fault", &run->guest_ticks);
	printk("predicted pf_spurious_max=%llu pf_spurious_accessed=%llu\n",
	       (unsigned long long)predicted.max,
	       (unsigned long long)predicted.accessed);
	report_end(run->cell, &run->stage, verdict);
	printk(" stale_reads=%llu\n", (unsigned long long)stale_reads);
	return verdict;
}
