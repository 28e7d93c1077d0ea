/*
 * Each page has one writer, so that the oracle's protocol holds: the last
 * quarter is a running guest's, which writes there again and again when it is
 * its turn; the rest is CPU 0's, or the guest's while CPU 0 waits.
 *
 * Generations that CPU 0 gives grow with the operations. So a page that begins
 * anew after a discard never repeats one, and a vCPU that remembers a newer one
 * has really seen it.
 */
#include "lab/scenario/churn.h"

#include "arch/x86/user.h"
#include "lab/experiment/content.h"
#include "lab/experiment/driver.h"
#include "lab/experiment/report.h"
#include "lib/error.h"
#include "mm/gup.h"
#include "mm/ksm.h"

#define MAX_RANGE	8u
#define SCAN_STEPS	16u
#define CLASSES		2u	/* contents that pages have in common */
#define PINS		2u
#define SAMPLES		64u
#define SIGN_OF_LIFE	4096u	/* operations */

/* What a page of the child must be: a tag, or one of two and between. */
struct sample {
	u32 page;
	u64 oldest, newest;
};

struct churn {
	struct run *run;
	u64 random;
	u32 operation;
	u32 own;			/* pages from here on are the guest's */
	struct frame *pins[PINS];	/* references that stay for a while */
	struct sample samples[SAMPLES];	/* of the child */
	bool stop;			/* the other host threads */
};

/* --- Chance (splitmix64). */

static u64 random_word(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static u32 below(struct churn *c, u32 n)
{
	return (u32)(random_word(&c->random) >> 32) % n;
}

static u32 any_page(struct churn *c)
{
	return below(c, c->run->options->pages);
}

/* Some of CPU 0's pages. */
static u32 own_range(struct churn *c, u32 *first)
{
	u32 rest;

	*first = below(c, c->own);
	rest = c->own - *first;
	return 1 + below(c, rest < MAX_RANGE ? rest : MAX_RANGE);
}

/* The guest adds 1 when it writes: still below the next operation's. */
static u32 generation(const struct churn *c)
{
	return 2 * c->operation + 2;
}

/* --- Writing and reading. */

static int host_write(struct churn *c)
{
	u32 page = below(c, c->own);

	return content_host_store(c->run, page, TAG_PAGE(page, generation(c)));
}

/* Equal pages, for the scanner to find. */
static int host_write_class(struct churn *c)
{
	u64 tag = TAG_OF_CLASS(1 + below(c, CLASSES), generation(c));
	u32 first, count = own_range(c, &first), i;
	int err = 0;

	for (i = 0; i < count && !err; i++)
		err = content_host_store(c->run, first + i, tag);
	return err;
}

/* The guest counts generations up from what is published: not from 0. */
static int guest_write(struct churn *c)
{
	u32 first, count = own_range(c, &first), i;
	int err = 0;

	for (i = first; i < first + count && !err; i++)
		if (!vm_oracle(i)->published)
			err = content_host_store(c->run, i,
						 TAG_PAGE(i, generation(c)));
	return err ? err : guest_do_range(c->run, GUEST_WRITE, 0, first,
					  count);
}

static int guest_read(struct churn *c)
{
	u32 first, count = own_range(c, &first);

	return guest_do_range(c->run, GUEST_READ, 0, first, count);
}

/* A running vCPU writes to some of its share of the guest's pages from now on:
 * few, because whoever waits for it waits until it has written to all. */
static int guest_turn(struct churn *c)
{
	struct run *run = c->run;
	u32 vcpus = run->vm.vcpu_count, i = below(c, vcpus);
	u32 theirs = run->options->pages - c->own;
	u32 first = (u64)theirs * i / vcpus;
	u32 count = (u64)theirs * (i + 1) / vcpus - first;

	if (!count)
		return 0;
	if (count > MAX_RANGE) {
		first += below(c, count - MAX_RANGE);
		count = MAX_RANGE;
	}
	return guest_keep_writing(run, i, c->own + first, count);
}

/* --- What a host does. */

static int discard(struct churn *c)
{
	u32 first, count = own_range(c, &first);

	content_begin_zero(first, count);
	mm_discard(c->run->vm.mm, (struct hva_range){
		{ (u64)vm_page(first) }, { (u64)vm_page(first + count) } });
	content_end_zero(first, count);
	return 0;
}

/* Somebody else may hold the frame: so be it. */
static int migrate_page(struct run *run, u32 page)
{
	hva_t hva = { (u64)vm_page(page) };
	struct gup gup;
	int err;

	if (gup_fast(run->vm.mm, hva, MM_READ, &gup))
		return 0;
	err = mm_migrate(gup.frame);
	frame_put(gup.frame);
	return err == -ENOMEM ? err : 0;
}

static int migrate(struct churn *c)
{
	return migrate_page(c->run, any_page(c));
}

static int merge(struct churn *c)
{
	u32 steps = 1 + below(c, SCAN_STEPS);

	while (steps--)
		if (!ksm_scan_next())
			ksm_begin_pass();
	return 0;
}

/* Nobody writes meanwhile: a guest that does would be denied. */
static int protect(struct churn *c)
{
	struct hva_range all = vm_data_range(&c->run->vm);
	int err = guest_read(c);

	if (!err)
		err = mm_protect_ro(c->run->vm.mm, all);
	if (!err)
		err = guest_pace(c->run);
	if (!err)
		err = guest_read(c);
	return err ? err : mm_protect_rw(c->run->vm.mm, all);
}

static void unpin(struct churn *c, u32 i)
{
	if (c->pins[i])
		frame_put(c->pins[i]);
	c->pins[i] = NULL;
}

static int pin(struct churn *c)
{
	hva_t hva = { (u64)vm_page(any_page(c)) };
	u32 i = below(c, PINS);
	struct gup gup;

	unpin(c, i);
	if (!gup_fast(c->run->vm.mm, hva, MM_READ, &gup))
		c->pins[i] = gup.frame;
	return 0;
}

/* --- The child. What it must hold is noted for some of its pages. */

static int fork(struct churn *c)
{
	struct run *run = c->run;
	u32 i;

	if (run->child)
		return 0;
	for (i = 0; i < SAMPLES; i++) {
		c->samples[i].page = any_page(c);
		c->samples[i].oldest =
			load_acquire(&vm_oracle(c->samples[i].page)->published);
	}
	run->child = mm_fork(run->vm.mm);
	if (!run->child)
		return -ENOMEM;
	for (i = 0; i < SAMPLES; i++)
		c->samples[i].newest =
			load_acquire(&vm_oracle(c->samples[i].page)->begun);
	return 0;
}

/* All samples of that page: chance may have taken it twice. */
static int child_write(struct churn *c)
{
	u32 page = c->samples[below(c, SAMPLES)].page, i;
	u64 tag = TAG_PAGE(page, generation(c));
	bool stored;

	if (!c->run->child)
		return 0;
	mm_switch(c->run->child);
	stored = user_fill(vm_page(page), tag, PAGE_WORDS);
	mm_switch(c->run->vm.mm);
	for (i = 0; i < SAMPLES; i++)
		if (c->samples[i].page == page)
			c->samples[i].oldest = c->samples[i].newest = tag;
	return stored ? 0 : -ENOMEM;
}

static int child_exit(struct churn *c)
{
	struct run *run = c->run;
	int err = 0;
	u32 i;

	if (!run->child)
		return 0;
	mm_switch(run->child);
	for (i = 0; i < SAMPLES && !err; i++)
		err = content_verify_page(run, c->samples[i].page,
					  c->samples[i].oldest,
					  c->samples[i].newest, "child");
	mm_switch(run->vm.mm);
	mm_put(run->child);
	run->child = NULL;
	return err;
}

/* --- All of it. */

enum effect { NO_EFFECT, NEW_CONTENT };		/* for a guest that reads */

static const struct {
	u32 weight;
	int (*perform)(struct churn *c);
	enum effect effect;
} operations[] = {
	{ 30, host_write, NEW_CONTENT },
	{ 6, host_write_class, NEW_CONTENT },
	{ 10, guest_write, NEW_CONTENT },
	{ 4, discard, NEW_CONTENT },
	{ 10, guest_read, NO_EFFECT },
	{ 4, guest_turn, NO_EFFECT },
	{ 10, migrate, NO_EFFECT },
	{ 12, merge, NO_EFFECT },
	{ 1, protect, NO_EFFECT },
	{ 3, pin, NO_EFFECT },
	{ 1, fork, NO_EFFECT },
	{ 6, child_write, NO_EFFECT },
	{ 1, child_exit, NO_EFFECT },
};

/*
 * A page may change its identity with each write, and the oracle knows two at
 * a time: nobody still reads through the last but one.
 */
static int perform_any(struct churn *c)
{
	u32 total = 0, at, i;
	int err = 0;

	for (i = 0; i < array_count(operations); i++)
		total += operations[i].weight;
	at = below(c, total);
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	if (operations[i].effect == NEW_CONTENT)
		err = guest_settle(c->run);
	return err ? err : operations[i].perform(c);
}

/*
 * Merges and migrates: no content changes. Once for each operation of CPU 0:
 * without an end to it a guest's fault would be refused for ever (F4).
 */
static void host_thread(void *arg)
{
	struct churn *c = arg;
	u64 random = c->run->options->seed + cpu_id();
	u32 seen = 0, operation;

	while (!READ_ONCE(c->stop)) {
		operation = READ_ONCE(c->operation);
		if (operation == seen) {
			cpu_pause();
			continue;
		}
		seen = operation;
		cpu_progress();		/* to wait for CPU 0 is none */
		if (!ksm_scan_next())
			ksm_begin_pass();
		/* Without memory CPU 0 will say so. */
		(void)!migrate_page(c->run, (u32)(random_word(&random) >> 32) %
					    c->run->options->pages);
	}
}

static int perform_all(struct churn *c)
{
	u32 count = c->run->options->operations;
	int err = 0;

	if (!count)
		count = c->run->options->pages;
	while (c->operation < count && !err) {
		if (c->operation && c->operation % SIGN_OF_LIFE == 0)
			report_progress(c->run);
		cpu_progress();
		err = perform_any(c);
		WRITE_ONCE(c->operation, c->operation + 1);
	}
	return err;
}

int churn(struct run *run)
{
	static struct churn c;
	u32 pages = run->options->pages, i;
	u32 first_cpu = 1 + run->vm.vcpu_count;
	int err;

	c = (struct churn){
		.run = run, .random = run->options->seed,
		.own = run->guest_runs ? pages - pages / 4 : pages,
	};
	err = ksm_add(run->vm.mm, vm_data_range(&run->vm));
	if (err)
		return err;
	for (i = first_cpu; i < cpu_count; i++)
		cpu_start(i, host_thread, &c);
	err = perform_all(&c);
	WRITE_ONCE(c.stop, true);
	for (i = first_cpu; i < cpu_count; i++)
		cpu_join(i, "a host thread");
	for (i = 0; i < PINS; i++)
		unpin(&c, i);
	return err ? err : child_exit(&c);
}
