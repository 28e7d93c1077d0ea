/*
 * Each page has one writer, so that the oracle's protocol holds: where a
 * running guest keeps writing, the last quarter of the pages is its own; the
 * rest is the host's, or the guest's while the host waits for it.
 */
#include "lab/scenario/perform.h"

#include "lab/scenario/do.h"
#include "lab/scenario/report.h"
#include "lib/random.h"

#define SIGN_OF_LIFE	4096u	/* operations */

static int perform_list(struct run *run, u32 begin, u32 end, enum place place);

static const struct statement *statement_at(const struct run *run, u32 i)
{
	return &run->scenario->statements[i];
}

/* --- A mix. */

/* One of the statements @begin to @end, by their weights. */
static u32 draw(struct run *run, u32 begin, u32 end)
{
	u32 total = 0, at, i;

	for (i = begin; i < end; i = statement_at(run, i)->end)
		total += statement_at(run, i)->weight;
	at = random_below(&run->random, total);
	for (i = begin; at >= statement_at(run, i)->weight;
	     i = statement_at(run, i)->end)
		at -= statement_at(run, i)->weight;
	return i;
}

/* A mix while it is performed. Those beside it do theirs once for each of its
 * operations. */
struct mix {
	struct run *run;
	u32 index, beside;	/* of the statements */
	u32 operation;
	bool over;
};

static int perform_mix(struct mix *mix)
{
	struct run *run = mix->run;
	const struct statement *statement = statement_at(run, mix->index);
	u32 times = statement->times, i;
	int err = 0;

	if (!times)
		times = run->operations;
	if (!times)
		times = run->cell->options->pages;
	while (mix->operation < times && !err) {
		if (mix->operation && mix->operation % SIGN_OF_LIFE == 0)
			report_progress(run->cell, run->content.phase);
		cpu_progress();
		i = draw(run, mix->index + 1, statement->end);
		err = perform_list(run, i, statement_at(run, i)->end, IN_MIX);
		WRITE_ONCE(mix->operation, mix->operation + 1);
	}
	return err;
}

/* A host thread beside CPU 0. Without an end to what it does for each
 * operation a guest's fault would be refused for ever (F4). */
struct beside {
	const struct mix *mix;
	u64 random;
};

static void beside_thread(void *arg)
{
	struct beside *beside = arg;
	const struct mix *mix = beside->mix;
	struct run *run = mix->run;
	u32 seen = 0, operation, i;

	mm_switch(run->stage.vm.mm);
	while (!READ_ONCE(mix->over)) {
		operation = READ_ONCE(mix->operation);
		if (operation == seen) {
			cpu_pause();
			continue;
		}
		seen = operation;
		cpu_progress();		/* to wait for CPU 0 is none */
		for (i = mix->beside + 1;
		     i < statement_at(run, mix->beside)->end; i++)
			do_beside(run, statement_at(run, i), &beside->random);
	}
	mm_switch(NULL);
}

static int mix(struct run *run, u32 index)
{
	static struct beside besides[MAX_CPUS];
	u32 next = statement_at(run, index)->end, cpu, first = cpu_count;
	struct mix mix = { .run = run, .index = index, .beside = next };
	int err;

	if (next < run->scenario->statement_count &&
	    statement_at(run, next)->kind == BESIDE)
		first = 1 + run->stage.vm.vcpu_count;
	least_lose(&run->least);
	for (cpu = first; cpu < cpu_count; cpu++) {
		besides[cpu] = (struct beside){
			&mix, run->cell->options->seed + cpu,
		};
		cpu_start(cpu, beside_thread, &besides[cpu]);
	}
	run->vcpus_write = run->scenario->keeps_writing && run->guest.runs;
	err = perform_mix(&mix);
	if (!err && run->vcpus_write)
		err = guest_do(&run->guest, GUEST_NOP, 0);
	run->vcpus_write = false;
	WRITE_ONCE(mix.over, true);
	for (cpu = first; cpu < cpu_count; cpu++)
		cpu_join(cpu, "a host thread");
	return err;
}

/* --- Statements. */

/* A running vCPU writes to some of its share of the guest's pages from now on:
 * few, because whoever waits for it waits until it has written to all. */
static int keep_writing(struct run *run, const struct statement *statement)
{
	u32 vcpus = run->stage.vm.vcpu_count;
	u32 i = random_below(&run->random, vcpus);
	u32 own = host_pages(run), theirs = run->cell->options->pages - own;
	u32 first = (u64)theirs * i / vcpus;
	u32 count = (u64)theirs * (i + 1) / vcpus - first;
	u32 most = statement->pages.count;

	if (!count)
		return 0;
	if (count > most) {
		first += random_below(&run->random, count - most);
		count = most;
	}
	run->guest.oldest = run->content.oldest_generation;
	return guest_keep_writing(&run->guest, i, own + first, count);
}

static int block(struct run *run, const struct statement *statement, u32 index,
		 enum place place)
{
	u32 i;
	int err = 0;

	for (i = 0; i < statement->times && !err; i++) {
		cpu_progress();
		err = perform_list(run, index + 1, statement->end, place);
	}
	return err;
}

static int perform_untimed(struct run *run, u32 index, enum place place)
{
	const struct statement *statement = statement_at(run, index);

	switch (statement->kind) {
	case DO:
		return do_statement(run, statement, place);
	case BLOCK:
		return block(run, statement, index, place);
	case MIX:
		return mix(run, index);
	case PACE:
		return guest_pace(&run->guest);
	case ANYTHING:
		return do_anything(run);
	case KEEP_WRITING:
		return keep_writing(run, statement);
	case BESIDE:		/* with the mix before it */
		break;
	}
	return 0;
}

/* What is timed as a whole takes what its verbs take. */
static int perform(struct run *run, u32 index, enum place place)
{
	const struct statement *statement = statement_at(run, index);
	u64 before = run->worked;
	int err = perform_untimed(run, index, place);

	if (statement->per_page && !err)
		samples_add(&run->ticks, (run->worked - before) /
			    run->cell->options->pages);
	return err;
}

static int perform_list(struct run *run, u32 begin, u32 end, enum place place)
{
	u32 i;
	int err = 0;

	for (i = begin; i < end && !err; i = statement_at(run, i)->end)
		err = perform(run, i, place);
	return err;
}

int scenario_perform(struct run *run, const struct phase *phase)
{
	least_begin(&run->least);
	return perform_list(run, phase->begin, phase->end, IN_TURN);
}

/* --- Beginning and end. */

int scenario_begin(struct run *run)
{
	int err;

	run->guest.vm = &run->stage.vm;
	run->random = run->cell->options->seed;
	err = least_init(&run->least, run->cell->options->pages);
	if (!err)
		err = content_init(&run->content, &run->stage.party,
				   run->cell->options->pages);
	return err;
}

void scenario_end(struct run *run)
{
	content_exit(&run->content);
	least_exit(&run->least);
}
