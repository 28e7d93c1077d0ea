/*
 * The search: run, note the choices that there were, go back to the last one
 * that has an alternative, run again.
 */
#include "test/explore/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "test/explore/checkpoint.h"
#include "test/explore/memory.h"
#include "test/explore/seen.h"
#include "test/explore/trace.h"
#include "test/fake/fake.h"
#include "test/fake/internal.h"

struct run *run;

/* Of the whole search; not brought back with the rest of the memory. */
static struct search {
	struct {
		u16 chosen, options;
		u64 reads;	/* to notice what is not deterministic */
	} choices[EXPLORE_CHOICES];
	u32 made;		/* choices, in this schedule */
	u32 forced;		/* the first ones are prescribed */
	bool replaying;		/* all of them: nothing is looked up */
	u32 preemptions;
	bool judging, over;
	bool keeping;		/* a checkpoint is to be taken */
	bool was_active;	/* before the step that is heard */
	bool learning;		/* which words are shared */
	struct explore_result *result;
	struct seen *seen;	/* states, */
	struct seen *ends;	/* and those that were the last */
	void *home;
	sigjmp_buf judge;
	enum explore_kind kind;
	char why[sizeof(((struct schedule *)0)->why)];
} *search;

/* --- Ends of a schedule. */

static __noreturn void go_home(void)
{
	run->active = false;
	if (search->judging)
		siglongjmp(search->judge, 1);
	context_switch(&run_current()->stack_pointer, search->home);
	__builtin_unreachable();
}

void search_schedule_is_over(void)
{
	u64 end = access_end();

	/* A replay looks for nothing. */
	if (!search->replaying && seen_add(search->ends, end, 0, 0))
		search->result->ends_hash += end;
	search->over = true;
	go_home();
}

void explore_found(enum explore_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(search->why, sizeof(search->why), format, args);
	va_end(args);
	search->kind = kind;
	go_home();
}

/*
 * Equal ones have the same future: what the actors share, what each has read,
 * which decides what it has done on its own, and where it stands.
 */
static u64 state_of_run(void)
{
	u64 state = mix(access_contents(), run->turn);
	u32 i, k;

	for (i = 0; i < run->what->count; i++) {
		const struct actor *a = &run->actors[i];

		state = mix(state, a->reads);
		state = mix(state, a->ended | a->waiting << 1 |
			    a->woken << 2 | a->delayed << 3 |
			    a->answering << 4 |
			    (a->tried == run->writes + 1) << 5);
		state = mix(state, (uintptr_t)a->store.to);
		if (a->store.to)
			state = mix(state, a->store.value);
		/* A race depends on what came before what, too. */
		for (k = 0; search->learning && k < run->what->count; k++)
			state = mix(state, a->clock[k]);
	}
	return state;
}

/* --- Choices. */

void search_continue_if_new(void)
{
	if (search->replaying || search->made < search->forced)
		return;
	if (seen_add(search->seen, state_of_run(), run->left, turn_asleep()))
		return;
	search->result->pruned++;
	go_home();
}

void search_is_in_vain(void)
{
	search->result->pruned++;
	go_home();
}

u32 search_choose(u32 options)
{
	u32 i = search->made++;
	u64 reads = run_current()->reads;

	if (i >= EXPLORE_CHOICES)
		explore_found(FOUND_DEATH, "more than %u choices", EXPLORE_CHOICES);
	if (i >= search->forced) {
		search->choices[i].chosen = 0;
		search->choices[i].options = options;
		search->choices[i].reads = reads;
		if (options > 1 && !search->replaying && checkpoint_is_due()) {
			search->keeping = true;
			context_switch(&run_current()->stack_pointer,
				       search->home);
		}
	} else if (search->replaying) {
		if (search->choices[i].chosen >= options)
			explore_found(FOUND_DEATH, "the schedule does not fit");
	} else if (search->choices[i].options != options ||
		   search->choices[i].reads != reads) {
		fprintf(stderr, "explore: not deterministic\n");
		exit(4);
	}
	return search->choices[i].chosen;
}

/* Prescribe the next schedule; false: there is none. */
static bool next_schedule(void)
{
	while (search->made) {
		u32 last = search->made - 1;

		if (search->choices[last].chosen + 1 <
		    search->choices[last].options) {
			search->choices[last].chosen++;
			search->forced = search->made;
			return true;
		}
		search->made--;
	}
	return false;
}

/* --- Steps. */

/*
 * What others who listen do, the checker for one, is not an actor's doing:
 * before hears first, after hears last.
 */
static void hear_before(struct step_listener *listener,
			const struct step_event *event)
{
	(void)listener, (void)event;
	search->was_active = run->active;
	run->active = false;
}

static void hear_after(struct step_listener *listener,
		       const struct step_event *event)
{
	(void)listener;
	if (run->what->watch && (search->was_active || search->judging))
		run->what->watch();
	run->active = search->was_active;
	if (!run->active || step_is_detail(event->step))
		return;
	trace_step(event->step);
	if (run->what->stop_at_steps)
		turn_point((struct next){ 0 });
}

static struct step_listener before = { .hear = hear_before };
static struct step_listener after = { .hear = hear_after };

/* --- A schedule. */

static void actor_main(void)
{
	struct actor *a = run_current();

	run->active = true;
	run->what->actors[run->turn].run();
	/* What it stored last may be late even so. */
	turn_point((struct next){ 0 });
	a->ended = true;
	trace_note("(done)");
	for (;;) {
		fake_interrupts();
		turn_wait();
	}
}

static void make_stack(struct actor *a)
{
	u64 *top = (u64 *)(a->stack + STACK_SIZE);

	*--top = 0;			/* actor_main() does not return */
	*--top = (uintptr_t)actor_main;
	top -= 6;			/* registers */
	a->stack_pointer = top;
}

static void play(enum fake_player player)
{
	u32 i;

	for (i = 0; i < run->what->count; i++)
		fake_play(run->what->actors[i].cpu, player);
}

/* Where others begin alike. */
static void begin_again(int choice)
{
	search->made = choice + 1;
	search->over = false;
	search->why[0] = '\0';
	play(FAKE_ACTOR);
}

static void begin(void)
{
	u32 i;

	memory_restore();
	for (i = 0; i < run->what->count; i++) {
		char *stack = run->actors[i].stack;

		run->actors[i] = (struct actor){
			.stack = stack, .reads = i + 1,
			.cpu = &cpus[run->what->actors[i].cpu],
		};
		make_stack(&run->actors[i]);
	}
	run->turn = 0;
	run->left = search->preemptions;
	run->points = 0;
	run->writes = 0;
	search->made = 0;
	search->over = false;
	search->judging = false;
	search->why[0] = '\0';
	access_begin();
	play(FAKE_ACTOR);
}

static void end(void)
{
	u32 i;

	for (i = 0; i < run->what->count; i++)
		access_drain(i);
	play(FAKE_SCRIPTED);
	fake_this_cpu = &cpus[0];
	search->judging = true;
	if (run->what->judge && !sigsetjmp(search->judge, 0))
		run->what->judge();
	search->judging = false;
}

static void go_on(void)
{
	run->active = true;
	context_switch(&search->home, run_current()->stack_pointer);
	run->active = false;
}

static void run_once(void)
{
	int choice = search->forced ? checkpoint_return(search->forced - 1)
				    : -1;

	if (choice < 0) {
		begin();
		run->turn = search_choose(run->what->count);
	} else {
		begin_again(choice);
	}
	fake_this_cpu = run_current()->cpu;
	go_on();
	while (search->keeping) {
		search->keeping = false;
		run_current()->cpu = fake_this_cpu;
		checkpoint_take(search->made - 1);
		go_on();
	}
	if (search->over)
		end();
}

/* --- All of them. */

static void keep_if_shorter(struct schedule *best)
{
	u32 used = search->preemptions - run->left, i;

	if (best->points &&
	    (best->preemptions < used ||
	     (best->preemptions == used && best->points <= run->points)))
		return;
	best->preemptions = used;
	best->reduced = run->what->reduce;
	best->points = run->points;
	best->choice_count = search->made;
	for (i = 0; i < search->made; i++)
		best->choices[i] = search->choices[i].chosen;
	best->word_count = access_learned_count();
	for (i = 0; i < best->word_count; i++)
		best->words[i] = access_learned(i);
	strcpy(best->why, search->why);
}

static void start(const struct exploration *what)
{
	u32 i;

	search = memory_own(sizeof(*search));
	run = memory_own(sizeof(*run));
	run->what = what;
	for (i = 0; i < what->count; i++)
		run->actors[i].stack = memory_own(STACK_SIZE);
	step_listen(&after);
	what->build();
	step_listen(&before);
	memory_start();
	access_start();
	checkpoint_start();
	search->seen = seen_make();
	search->ends = seen_make();
	memory_snapshot();
}

/* All schedules, if nothing is learnt on the way. */
static void explore_within(u32 preemptions, struct explore_result *result)
{
	memset(result, 0, offsetof(struct explore_result, shortest));
	result->shortest.points = 0;
	checkpoint_forget();
	seen_forget(search->seen);
	seen_forget(search->ends);
	search->result = result;
	search->preemptions = preemptions;
	search->forced = 0;
	run->learned = false;
	do {
		run_once();
		result->schedules++;
		if (!search->why[0])
			continue;
		result->found[search->kind]++;
		keep_if_shorter(&result->shortest);
	} while (!run->learned && next_schedule());
	result->states = seen_count(search->seen);
	result->ends = seen_count(search->ends);
	result->words = access_learned_count();
}

void explore(const struct exploration *what, struct explore_result *result)
{
	start(what);
	/* To learn comes first; for that few preemptions will do. */
	search->learning = true;
	do
		explore_within(what->preemptions ? 1 : 0, result);
	while (run->learned);
	search->learning = false;
	do
		explore_within(what->preemptions, result);
	while (run->learned);
}

const char *explore_replay(const struct exploration *what,
			   const struct schedule *schedule)
{
	struct exploration same = *what;
	u32 i;

	same.reduce = schedule->reduced;
	start(&same);
	for (i = 0; i < schedule->word_count; i++)
		access_learn(schedule->words[i]);
	for (i = 0; i < schedule->choice_count; i++)
		search->choices[i].chosen = schedule->choices[i];
	search->forced = schedule->choice_count;
	search->replaying = true;
	search->preemptions = schedule->preemptions;
	run_once();
	return search->why[0] ? search->why : NULL;
}
