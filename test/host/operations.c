#include "test/host/operations.h"

#include <string.h>
#include "lab/verb/verb.h"
#include "lib/random.h"
#include "mm/gup.h"
#include "mm/ksm.h"
#include "test/host/history.h"

enum {
	WORDS = 6,		/* of each page, that are written at all */
	VALUES = 3,		/* that fill whole pages: some become equal */
};

/* Both ends of a page and of a cache line. */
static const u64 words[WORDS] = { 0, 1, 7, 8, 255, PAGE_WORDS - 1 };

struct operations now;

/* --- Chance. */

u64 operations_random(void)
{
	return random_next(&now.random);
}

u32 operations_below(u32 n)
{
	return random_below(&now.random, n);
}

static u64 any_page(void)
{
	return now.page = operations_below((u32)now.page_count);
}

static u64 any_word(void)
{
	return now.word = words[operations_below(WORDS)];
}

static struct memory any_range(void)
{
	u64 first = any_page();
	u32 rest = (u32)(now.page_count - first);

	return (struct memory){ first, 1 + operations_below(rest) };
}

static struct space *any_space(void)
{
	struct space *space;

	do {
		space = &spaces[operations_below(MODEL_SPACES)];
	} while (!space->mm);
	return space;
}

static u64 number(const struct space *space)
{
	return (u64)(space - spaces);
}

/* --- Accesses. */

/* From here on the operation is CPU @cpu's, and all that it calls. */
static void be(u32 cpu)
{
	now.cpu = cpu;
	fake_cpu(cpu);
}

static hva_t word_hva(u64 page, u64 word)
{
	return hva_add(page_hva(page), word * sizeof(u64));
}

static gpa_t word_gpa(u64 page, u64 word, bool alias)
{
	gfn_t gfn = { (alias ? ALIAS_GFN : DATA_GFN) + page };

	return (gpa_t){ gfn_to_gpa(gfn).v + word * sizeof(u64) };
}

/* May an access end like this? True: it took place. */
static bool access_done(const struct space *space, enum mm_access access,
			int err)
{
	bool denied = access == MM_WRITE && !space->writable;

	if (!err) {
		if (denied)
			history_wrong("a write to a read-only area succeeded");
		return true;
	}
	if (!denied && !now.memory_fails)
		history_wrong("an access failed: %d", err);
	return false;
}

static void compare(const struct space *space, u64 page, u64 word, u64 found)
{
	if (found != space->words[page][word])
		history_wrong("CPU %u finds %llx in space %u, page %u, word "
			      "%u, and the model has %llx", cpu_id(),
			      (unsigned long long)found, (u32)number(space),
			      (u32)page, (u32)word,
			      (unsigned long long)space->words[page][word]);
}

/* Any CPU may run host code; that of a vCPU has to leave the guest first. */
static struct space *host_cpu(u32 *cpu)
{
	*cpu = operations_below(OPERATION_CPUS);
	be(*cpu);
	fake_guest_leave();
	return now.running[*cpu];
}

static void host_read(void)
{
	u64 page = any_page(), word = any_word(), found;
	u32 cpu;
	struct space *space = host_cpu(&cpu);

	history_note("CPU %llu reads in space %llu, page %llu, word %llu", cpu,
		     number(space), page, word);
	if (access_done(space, MM_READ,
			fake_read(word_hva(page, word), &found)))
		compare(space, page, word, found);
}

static void host_write(void)
{
	u64 page = any_page(), word = any_word(), value = operations_random();
	u32 cpu;
	struct space *space = host_cpu(&cpu);

	history_note("CPU %llu writes in space %llu, page %llu, word %llu", cpu,
		     number(space), page, word);
	if (access_done(space, MM_WRITE,
			fake_write(word_hva(page, word), value)))
		space->words[page][word] = value;
}

/* Pages of one content, for the scanner to find. */
static void host_fill(void)
{
	u64 page = any_page(), value = 1 + operations_below(VALUES);
	u32 cpu, i;
	struct space *space = host_cpu(&cpu);

	history_note("CPU %llu fills in space %llu, page %llu, with %llu", cpu,
		     number(space), page, value);
	for (i = 0; i < WORDS; i++)
		if (access_done(space, MM_WRITE,
				fake_write(word_hva(page, words[i]), value)))
			space->words[page][words[i]] = value;
}

static void host_prefetch(void)
{
	u64 page = any_page();
	u32 cpu;
	struct space *space = host_cpu(&cpu);

	history_note("CPU %llu prefetches in space %llu, page %llu", cpu,
		     number(space), page, 0);
	fake_prefetch(page_hva(page));
}

static void guest_read(void)
{
	u64 page = any_page(), word = any_word(), found;
	u32 vcpu = operations_below(2);
	bool alias = operations_below(2);

	history_note("vCPU %llu reads page %llu, word %llu, alias %llu", vcpu,
		     page, word, alias);
	be(1 + vcpu);
	if (access_done(&spaces[0], MM_READ,
			fake_guest_read(&vcpus[vcpu],
					word_gpa(page, word, alias), &found)))
		compare(&spaces[0], page, word, found);
}

static void guest_write(void)
{
	u64 page = any_page(), word = any_word(), value = operations_random();
	u32 vcpu = operations_below(2);
	bool alias = operations_below(2);

	history_note("vCPU %llu writes page %llu, word %llu, alias %llu", vcpu,
		     page, word, alias);
	be(1 + vcpu);
	if (access_done(&spaces[0], MM_WRITE,
			fake_guest_write(&vcpus[vcpu],
					 word_gpa(page, word, alias), value)))
		spaces[0].words[page][word] = value;
}

static void guest_leave(void)
{
	u32 vcpu = operations_below(2);

	history_note("vCPU %llu leaves", vcpu, 0, 0, 0);
	be(1 + vcpu);
	fake_guest_leave();
}

/* --- Verbs: those of the lab, over the party of one space. */

static struct party party_of(const struct space *space)
{
	return (struct party){
		.mm = space->mm, .area = pages(0, now.page_count),
	};
}

static int perform(const struct space *space, const struct action *action)
{
	struct party party = party_of(space);
	struct player player = { .party = &party };
	u64 reg;

	return verb_perform(&player, action, &reg);
}

/* --- Devices. */

static void unpin(struct hold *pin)
{
	if (pin->is_pin)
		gup_unpin(pin->frame);
	else
		frame_put(pin->frame);
	pin->frame = NULL;
}

/* P of @space may leave its pinned frames from now on. */
static void loosen(const struct space *space, struct memory range)
{
	u32 i;

	for (i = 0; i < OPERATION_PINS; i++)
		if (now.pins[i].frame && now.pins[i].space == space &&
		    now.pins[i].page - range.first < range.count)
			now.pins[i].lasting = false;
}

static void pin(void)
{
	struct hold *pin = &now.pins[operations_below(OPERATION_PINS)];
	bool is_pin = operations_below(2);
	struct space *space = any_space();
	u64 page = any_page();
	struct gup gup;
	int err;

	if (pin->frame)
		unpin(pin);
	history_note("a device gets space %llu, page %llu, pinned: %llu",
		     number(space), page, is_pin, 0);
	err = is_pin ? gup_pin(space->mm, page_hva(page), &gup) :
		gup_page(space->mm, page_hva(page), MM_READ, &gup);
	if (!access_done(space, is_pin ? MM_WRITE : MM_READ, err))
		return;
	if (memcmp(frame_ptr(gup.frame), space->words[page], PAGE_SIZE))
		history_wrong("the frame is not what the model has");
	*pin = (struct hold){ gup.frame, space, page, is_pin, is_pin };
}

static void pin_drop(void)
{
	struct hold *pin = &now.pins[operations_below(OPERATION_PINS)];

	history_note("a device lets go", 0, 0, 0, 0);
	if (pin->frame)
		unpin(pin);
}

/* O17: what it writes is what the process has. */
static void pin_write(void)
{
	struct hold *pin = &now.pins[operations_below(OPERATION_PINS)];
	u64 word = any_word(), value = operations_random();

	if (!pin->frame || !pin->lasting)
		return;
	history_note("a device writes to space %llu, page %llu, word %llu",
		     number(pin->space), pin->page, word, 0);
	if (frame_of(pin->space->mm, pin->page) != pin->frame) {
		history_wrong("O17: a pinned page has another frame");
		return;
	}
	((u64 *)frame_ptr(pin->frame))[word] = value;
	pin->space->words[pin->page][word] = value;
}

/* --- Address spaces. */

void operations_run_space(u32 cpu, struct space *space)
{
	be(cpu);
	fake_guest_leave();
	mm_switch(space ? space->mm : NULL);
	now.running[cpu] = space;
}

static void host_switch(void)
{
	struct space *space = any_space();
	u32 cpu = operations_below(2) ? 0 : 3;

	history_note("CPU %llu runs space %llu", cpu, number(space), 0, 0);
	operations_run_space(cpu, space);
}

static void fork_space(void)
{
	struct space *parent = any_space(), *child = &spaces[1];
	struct party party = party_of(parent);
	struct player player = { .party = &party };
	struct action action = { .verb = VERB_FORK };
	u64 reg;
	int err;

	while (child < spaces + MODEL_SPACES && child->mm)
		child++;
	if (child == spaces + MODEL_SPACES)
		return;
	history_note("space %llu forks space %llu", number(parent),
		     number(child), 0, 0);
	/* What others write meanwhile may be the child's, or not. */
	now.frozen = parent;
	err = verb_perform(&player, &action, &reg);
	if (!err)
		model_fork(child, parent, party.child);
	else if (!now.memory_fails)
		history_wrong("a fork failed: %d", err);
}

static void stop_merging(void)
{
	ksm_exit();
	now.merging = false;
}

static void end_space(struct space *space)
{
	u32 i;

	if (now.merging)
		stop_merging();		/* it has a user of each */
	for (i = 0; i < OPERATION_CPUS; i++)
		if (now.running[i] == space)
			operations_run_space(i, spaces);
	be(0);
	loosen(space, (struct memory){ 0, now.page_count });
	mm_put(space->mm);
	space->mm = NULL;
}

static void exit_space(void)
{
	struct space *space = any_space();

	if (space == spaces)
		return;
	history_note("space %llu exits", number(space), 0, 0, 0);
	end_space(space);
}

static void protect(void)
{
	struct space *space = any_space();
	bool writable = operations_below(4);
	struct action action = {
		.verb = writable ? VERB_PROTECT_RW : VERB_PROTECT_RO,
	};
	int err;

	history_note("space %llu: writable = %llu", number(space), writable, 0,
		     0);
	err = perform(space, &action);
	if (err)
		history_wrong("a protection failed: %d", err);
	space->writable = writable;
}

static void discard(void)
{
	struct memory range = any_range();
	struct space *space = any_space();
	struct action action = {
		.verb = VERB_DISCARD, .page = (u32)range.first,
		.count = (u32)range.count,
	};
	u64 i;

	history_note("space %llu discards %llu pages from %llu", number(space),
		     range.count, range.first, 0);
	now.vanishing = range;
	now.vanishing_of = space;
	now.frozen = space;
	loosen(space, range);
	if (perform(space, &action))
		history_wrong("a discard failed");
	for (i = 0; i < range.count; i++)
		model_clear(space, range.first + i);
}

/* Whatever may come at any time, migrations among others. */
static void any_verb(void)
{
	struct space *space = any_space();
	struct action action = {
		.verb = verb_any_time((u32)operations_random()),
		.page = (u32)any_page(), .into = (u32)any_page(), .count = 1,
		.value = operations_random(),
	};
	int err;

	history_note("space %llu, verb %llu, page %llu, page %llu",
		     number(space), action.verb, action.page, action.into);
	err = perform(space, &action);
	if (err && !now.memory_fails)
		history_wrong("%s failed: %d", verbs[action.verb].name, err);
}

/* --- The scanner. */

static void start_merging(void)
{
	u32 i;

	now.merging = true;
	for (i = 0; i < MODEL_SPACES; i++)
		if (spaces[i].mm && ksm_add(spaces[i].mm,
					    pages(0, now.page_count)) &&
		    !now.memory_fails)
			history_wrong("the scanner does not take a space");
}

static void merge(void)
{
	u32 steps = 1 + operations_below(3 * (u32)now.page_count);

	history_note("the scanner goes %llu steps", steps, 0, 0, 0);
	if (!now.merging)
		start_merging();
	if (perform(spaces, &(struct action){ .verb = VERB_SCAN,
					      .count = steps }))
		history_wrong("the scanner failed");
}

static void merge_stop(void)
{
	history_note("the scanner stops", 0, 0, 0, 0);
	stop_merging();
}

void operations_let_go(void)
{
	u32 i;

	for (i = 0; i < OPERATION_PINS; i++)
		if (now.pins[i].frame)
			unpin(&now.pins[i]);
	stop_merging();
}

void operations_forget(void)
{
	u64 i;

	operations_let_go();
	for (i = 1; i < MODEL_SPACES; i++)
		if (spaces[i].mm)
			end_space(&spaces[i]);
	operations_run_space(1, spaces);
	operations_run_space(2, spaces);
	be(0);
	mm_discard(mm, pages(0, now.page_count));
	for (i = 0; i < now.page_count; i++)
		model_clear(spaces, i);
}

/* --- All of them. */

static const struct operation {
	u32 weight;
	void (*perform)(void);
} operations[] = {
	{ 300, host_read },	{ 250, guest_read },
	{ 150, host_write },	{ 150, guest_write },
	{ 60, host_fill },	{ 40, host_prefetch },
	{ 30, host_switch },	{ 30, guest_leave },
	{ 20, merge },		{ 2, merge_stop },
	{ 12, fork_space },	{ 12, exit_space },
	{ 12, protect },	{ 15, discard },
	{ 40, any_verb },	{ 15, pin },
	{ 15, pin_drop },	{ 20, pin_write },
};

void operations_any(void)
{
	u32 total = 0, at, i;

	for (i = 0; i < array_count(operations); i++)
		total += operations[i].weight;
	at = operations_below(total);
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	operations[i].perform();
}

/* In the middle of a discard it may be there or not: junk is neither. */
static void compare_now(const struct space *space, u64 page, u64 word,
			u64 found)
{
	if (!found && space == now.vanishing_of &&
	    page - now.vanishing.first < now.vanishing.count)
		return;
	compare(space, page, word, found);
}

static void guest_goes_on(u32 vcpu, u64 page, u64 word)
{
	u64 value = operations_random();
	gpa_t gpa = word_gpa(page, word, operations_below(2));

	if (now.frozen != spaces && operations_below(2)) {
		if (!fake_guest_write(&vcpus[vcpu], gpa, value))
			spaces[0].words[page][word] = value;
	} else if (!fake_guest_read(&vcpus[vcpu], gpa, &value)) {
		compare_now(&spaces[0], page, word, value);
	}
}

static void host_goes_on(struct space *space, u64 page, u64 word)
{
	u64 value = operations_random();
	struct mm *which = this_cpu()->mm;

	this_cpu()->mm = NULL;		/* a fault ends the access */
	if (space != now.frozen && operations_below(2)) {
		if (!fake_write(word_hva(page, word), value))
			space->words[page][word] = value;
	} else if (!fake_read(word_hva(page, word), &value)) {
		compare_now(space, page, word, value);
	}
	this_cpu()->mm = which;
}

void operations_go_on(u32 cpu)
{
	u64 page = operations_below(4) ? now.page : any_page();
	u64 word = operations_below(4) ? now.word : any_word();
	u32 self = fake_cpu(cpu);

	if (cpu == 1 || cpu == 2)
		guest_goes_on(cpu - 1, page, word);
	else
		host_goes_on(now.running[cpu], page, word);
	fake_cpu(self);
}
