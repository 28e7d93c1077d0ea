#include "lab/scenario/do.h"

#include "arch/x86/stopwatch.h"
#include "lab/scenario/hosts.h"
#include "lab/scenario/selection.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/random.h"

#define TRIES	100	/* somebody may hold a page for a moment */

/* A statement while it is done. */
struct doing {
	struct run *run;
	const struct statement *statement;
	enum place place;
	struct selected pages;
	u32 class, generation;	/* of the content; class 0: the page's own */
};

/* What a host thread does for it. */
struct hand {
	struct player player;
	const struct doing *doing;
};

static const struct doing *doing_of(const struct player *player)
{
	return container_of(player, struct hand, player)->doing;
}

static bool is_child(const struct content *content)
{
	return this_cpu()->mm != content->party->mm;
}

/* --- A host thread's memory, under the oracle. */

static int host_read(struct player *player, u32 page, u32 word, u64 *value)
{
	struct content *content = &doing_of(player)->run->content;

	(void)word, (void)value;
	return is_child(content) ? content_verify_child_page(content, page)
		: content_verify_own_page(content, page);
}

static int host_write(struct player *player, u32 page, u32 word, u64 value)
{
	const struct doing *doing = doing_of(player);
	struct content *content = &doing->run->content;
	int err;

	(void)word, (void)value;
	if (is_child(content))
		err = content_child_write(content, page);
	else if (!doing->class)
		err = content_host_write(content, page, &player->ticks);
	else
		err = content_host_store(page, TAG_OF_CLASS(doing->class,
					 doing->generation), &player->ticks);
	/* A litmus test goes on after it, a scenario does not. */
	return err == -EFAULT ? -EACCES : err;
}

/* Only CPU 0 tells the guest what to do, so it knows what to wait for: whoever
 * is beside a mix would wait for a command that is over. */
static int pace(struct player *player)
{
	return cpu_id() ? 0 : guest_pace(&doing_of(player)->run->guest);
}

static const struct access host_access = {
	.read = host_read, .write = host_write, .pace = pace,
};

/* --- Once, for a page or for all. */

static void note_ticks(const struct doing *doing, u64 ticks)
{
	doing->run->worked += ticks;
	if (doing->statement->timed && !doing->statement->per_page)
		samples_add(&doing->run->ticks, ticks);
}

static int perform_once(const struct doing *doing, const struct action *action,
			u64 *reg)
{
	struct hand hand = {
		.player = { .party = &doing->run->stage.party,
			    .access = &host_access },
		.doing = doing,
	};
	struct stopwatch watch = stopwatch_start();
	int err = verb_perform(&hand.player, action, reg);

	if (cpu_id() == 0)
		note_ticks(doing, hand.player.ticks ? hand.player.ticks
						    : stopwatch_read(&watch));
	return err;
}

/* A guest fault may hold a reference for a moment: then try again. */
static int perform_until_done(const struct doing *doing,
			      const struct action *action)
{
	u64 reg = 0;
	int err, tries = 0;

	do {
		err = perform_once(doing, action, &reg);
		if (err || doing->place == IN_MIX)
			return err;
		if (reg)
			return 0;
		cpu_pause();
	} while (++tries < TRIES);
	return -EBUSY;
}

static int do_action(const struct doing *doing, const struct action *action)
{
	u64 reg;

	if (action->verb == VERB_MIGRATE || action->verb == VERB_PIN)
		return perform_until_done(doing, action);
	return perform_once(doing, action, &reg);
}

static int do_range(const struct doing *doing, u32 page, u32 count)
{
	bool discards = doing->statement->verb == VERB_DISCARD;
	struct action action = {
		.verb = doing->statement->verb, .page = page, .count = count,
		.into = doing->statement->into,
	};
	int err;

	if (discards)
		content_begin_zero(page, count);
	err = do_action(doing, &action);
	if (discards)
		content_end_zero(page, count);
	return err;
}

static int do_page(void *arg, u32 page)
{
	return do_range(arg, page, 1);
}

/* --- The host's statements. */

static int do_fork(const struct doing *doing)
{
	struct run *run = doing->run;
	struct action action = { .verb = VERB_FORK };
	int err;

	if (run->stage.party.child)
		return 0;
	content_begin_fork(&run->content);
	err = do_action(doing, &action);
	content_end_fork(&run->content);
	return err;
}

static int do_once(const struct doing *doing)
{
	struct action action = {
		.verb = doing->statement->verb,
		.count = doing->statement->steps,
	};

	least_note(&doing->run->least, doing->statement);
	if (action.verb == VERB_FORK)
		return do_fork(doing);
	return do_action(doing, &action);
}

static bool takes_pages(enum verb_id verb)
{
	enum argument argument = verbs[verb].arguments[0];

	return argument == ARGUMENT_PLACE || argument == ARGUMENT_PAGE ||
	       argument == ARGUMENT_PAGES;
}

/* Can it be done with a range at once? */
static bool is_range(const struct doing *doing)
{
	return verbs[doing->statement->verb].arguments[0] == ARGUMENT_PAGES &&
	       !doing->statement->each && selected_is_range(&doing->pages);
}

static void note_pages(const struct doing *doing)
{
	struct least_model *least = &doing->run->least;
	struct statement statement = *doing->statement;
	u32 i;

	if (least->lost)
		return;
	statement.each |= !is_range(doing);
	least_begin_pages(least);
	for (i = 0; i < doing->pages.count; i++) {
		least_note_page(least, &statement,
				selected_page(&doing->pages, i), doing->class);
		cpu_progress();
	}
	least_end_pages(least, &statement);
}

/* Others may do what is beside a mix. */
static int each_page_here(struct doing *doing)
{
	u32 i;
	int err = 0;

	for (i = 0; i < doing->pages.count && !err; i++) {
		err = do_page(doing, selected_page(&doing->pages, i));
		cpu_progress();
	}
	return err;
}

static bool is_childs(enum verb_id verb)
{
	return verb == VERB_CHILD_READ || verb == VERB_CHILD_WRITE;
}

static int host_does(struct doing *doing)
{
	if (!takes_pages(doing->statement->verb))
		return do_once(doing);
	if (is_childs(doing->statement->verb) && !doing->run->stage.party.child)
		return 0;
	note_pages(doing);
	if (is_range(doing))
		return do_range(doing, doing->pages.first,
				doing->pages.count);
	if (doing->place == IN_MIX)
		return each_page_here(doing);
	return hosts_each_page(&doing->run->guest, &doing->pages, do_page,
			       doing);
}

/* --- The guest's. */

static enum guest_op guest_op(const struct doing *doing)
{
	switch (doing->statement->verb) {
	case VERB_WRITE:
		return doing->class ? GUEST_WRITE_CLASS : GUEST_WRITE;
	case VERB_LEAVE:
		return GUEST_LEAVE;
	default:
		return GUEST_READ;
	}
}

/* What each vCPU has noted of its accesses to @page. */
static void collect_ticks(struct run *run, u32 page)
{
	u32 i;

	for (i = 0; i < run->stage.vm.vcpu_count; i++) {
		struct guest_page *notes =
			vm_guest_page(&run->stage.vm, i, page);

		if (notes->ticks)
			samples_add(&run->ticks, notes->ticks);
		notes->ticks = 0;
	}
}

static int guest_range(const struct doing *doing, u32 first, u32 count)
{
	const struct statement *statement = doing->statement;
	struct guest *guest = &doing->run->guest;
	enum guest_op op = guest_op(doing);
	u32 page;
	int err;

	guest->timed = statement->timed && !statement->per_page;
	err = statement->who == WHO_VCPU
		? guest_do_vcpu(guest, statement->vcpu, op, doing->class,
				first, count)
		: guest_do_range(guest, op, doing->class, first, count);
	for (page = first; guest->timed && page < first + count; page++) {
		collect_ticks(doing->run, page);
		cpu_progress();
	}
	guest->timed = false;
	return err;
}

static int guest_does(struct doing *doing)
{
	u32 i;
	int err = 0;

	/* Pages of one class have one generation, whatever they had before. */
	doing->run->guest.oldest = doing->class ? doing->generation :
		doing->run->content.oldest_generation;
	if (!takes_pages(doing->statement->verb))
		return guest_range(doing, 0, doing->run->cell->options->pages);
	note_pages(doing);
	if (selected_is_range(&doing->pages))
		return guest_range(doing, doing->pages.first,
				   doing->pages.count);
	for (i = 0; i < doing->pages.count && !err; i++)
		err = guest_range(doing, selected_page(&doing->pages, i), 1);
	return err;
}

/* --- A statement. */

u32 host_pages(const struct run *run)
{
	u32 pages = run->cell->options->pages;

	return run->vcpus_write ? pages - pages / 4 : pages;
}

static bool changes_content(const struct statement *statement)
{
	return statement->verb == VERB_WRITE || statement->verb == VERB_DISCARD;
}

/* Does it need the content of pages to stand still, but for what it does? */
static bool is_about_content(const struct statement *statement)
{
	return statement->verb == VERB_READ || changes_content(statement);
}

static int take_pages(struct doing *doing)
{
	const struct statement *statement = doing->statement;
	const struct selection *wanted = &statement->pages;
	struct run *run = doing->run;
	char *message = run->stage.message;
	u32 pages = is_about_content(statement) ? host_pages(run)
		: run->cell->options->pages;
	bool by_page = statement->who == WHO_HOST && (statement->each ||
		verbs[statement->verb].arguments[0] != ARGUMENT_PAGES);

	if (wanted->kind == SOME_PAGES &&
	    wanted->first + wanted->count > pages) {
		format_text(message, sizeof(run->stage.message), "line %u: "
			    "pages from p%u on are the guest's, which keeps "
			    "writing there", statement->line, pages);
		return -EINVAL;
	}
	doing->pages = select_pages(wanted, pages, by_page ?
				    run->cell->options->seed : 1, &run->random);
	return 0;
}

/*
 * A page may change its identity with each write, and the oracle knows two at
 * a time: nobody still reads through the last but one.
 */
static int prepare_content(struct doing *doing)
{
	struct content *content = &doing->run->content;
	bool discards = doing->statement->verb == VERB_DISCARD;
	int err = 0;

	if (doing->place == IN_MIX || content->identities_change)
		err = guest_settle(&doing->run->guest);
	doing->generation = content_next_generation(content, &doing->pages);
	if (discards)
		content->oldest_generation = doing->generation;
	content->identities_change |= doing->class || discards;
	return err;
}

int do_statement(struct run *run, const struct statement *statement,
		 enum place place)
{
	struct doing doing = {
		.run = run, .statement = statement, .place = place,
		.class = statement->class,
	};
	int err = 0;

	if (statement->classes)
		doing.class = 1 + random_below(&run->random,
					       statement->classes);
	if (takes_pages(statement->verb))
		err = take_pages(&doing);
	if (!err && changes_content(statement))
		err = prepare_content(&doing);
	if (err)
		return err;
	return statement->who == WHO_HOST ? host_does(&doing)
		: guest_does(&doing);
}

int do_anything(struct run *run)
{
	static const struct statement nothing;
	struct doing doing = {
		.run = run, .statement = &nothing, .place = IN_MIX,
	};
	u32 pages = run->cell->options->pages;
	struct action action = {
		.verb = verb_any_time((u32)random_next(&run->random)),
		.page = random_below(&run->random, pages),
		.into = random_below(&run->random, pages),
		.count = 1, .value = random_next(&run->random),
	};
	u64 reg;

	return perform_once(&doing, &action, &reg);
}

void do_beside(struct run *run, const struct statement *statement, u64 *random)
{
	struct doing doing = {
		.run = run, .statement = statement, .place = IN_MIX,
	};
	struct action action = {
		.verb = statement->verb, .count = statement->steps,
	};
	u64 reg;
	u32 i;

	if (!takes_pages(statement->verb)) {
		(void)!perform_once(&doing, &action, &reg);
		return;
	}
	doing.pages = select_pages(&statement->pages, run->cell->options->pages,
				   run->cell->options->seed, random);
	for (i = 0; i < doing.pages.count; i++)
		(void)!do_page(&doing, selected_page(&doing.pages, i));
}
