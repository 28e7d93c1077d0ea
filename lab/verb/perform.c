#include "lab/verb/verb.h"

#include "arch/x86/counter.h"
#include "arch/x86/insn.h"
#include "arch/x86/page.h"
#include "ept/ept.h"
#include "lib/error.h"
#include "lib/print.h"
#include "mm/gup.h"
#include "mm/hpt.h"
#include "mm/ksm.h"
#include "mm/merge.h"
#include "vmm/litmus_abi.h"

/* Freed frames are taken last in, first out: what was used lately is among
 * the first so many. */
#define REUSED_FRAMES	8

static hva_t page_hva(const struct party *party, u32 page)
{
	return (hva_t){ (u64)party_word(party, page, 0) };
}

/* An access that the actor has no right to did not happen. */
static int or_denied(int err)
{
	return err == -EFAULT ? 0 : err;
}

/* --- What anybody does. */

static int do_read(struct player *player, const struct action *action,
		   u64 *reg)
{
	return or_denied(player->access->read(player, action->page, action->word, reg));
}

static int do_write(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	return or_denied(player->access->write(player, action->page, action->word,
					       action->value));
}

static int do_raise(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	/* Pairs with the acquire below: what came before is seen first. */
	store_release(&player->party->flags[action->flag], 1ull);
	return 0;
}

static int do_look(struct player *player, const struct action *action,
		   u64 *reg)
{
	*reg = load_acquire(&player->party->flags[action->flag]);
	return 0;
}

static int do_await(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	while (!load_acquire(&player->party->flags[action->flag]))
		if (!player->access->wait(player))
			return -EBUSY;
	return 0;
}

static int do_watch(struct player *player, const struct action *action,
		    u64 *reg)
{
	struct watch watch = { .old = action->value, .new = action->other };
	u64 told, value = 0;
	int err;

	for (;;) {
		told = load_acquire(&player->party->flags[action->flag]);
		err = player->access->read(player, action->page, action->word, &value);
		if (err)
			return or_denied(err);
		watch_judge(&watch, told, value);
		*reg = watch.wrong;
		if (told && watch.reads >= WATCH_READS_MIN)
			return 0;
		if (!player->access->wait(player))
			return -EBUSY;
	}
}

/* --- The child. */

static int do_fork(struct player *player, const struct action *action,
		   u64 *reg)
{
	struct party *party = player->party;
	struct mm *child = mm_fork(party->mm);
	bool kept = false;

	(void)action, (void)reg;
	if (!child)
		return -ENOMEM;
	spin_lock(&party->lock);
	if (!party->child) {
		party->child = child;
		kept = true;
	}
	spin_unlock(&party->lock);
	if (!kept)
		mm_put(child);
	return 0;
}

/* The child with a user of ours, or NULL. */
static struct mm *get_child(struct party *party)
{
	struct mm *child;

	spin_lock(&party->lock);
	child = party->child;
	if (child && !mm_tryget(child))
		child = NULL;
	spin_unlock(&party->lock);
	return child;
}

/* @perform on the child's memory, as the child would. */
static int in_child(struct player *player, const struct action *action,
		    u64 *reg, int (*perform)(struct player *player,
					     const struct action *action,
					     u64 *reg))
{
	struct mm *child = get_child(player->party);
	int err;

	if (!child) {
		*reg = VERB_NOTHING;
		return 0;
	}
	mm_switch(child);
	err = perform(player, action, reg);
	mm_switch(player->party->mm);
	mm_put(child);
	return err;
}

static int do_child_read(struct player *player,
			 const struct action *action, u64 *reg)
{
	return in_child(player, action, reg, do_read);
}

static int do_child_write(struct player *player,
			  const struct action *action, u64 *reg)
{
	return in_child(player, action, reg, do_write);
}

static void child_exit(struct party *party)
{
	struct mm *child;

	spin_lock(&party->lock);
	child = party->child;
	party->child = NULL;
	spin_unlock(&party->lock);
	if (child)
		mm_put(child);
}

static int do_child_exit(struct player *player,
			 const struct action *action, u64 *reg)
{
	(void)action, (void)reg;
	child_exit(player->party);
	return 0;
}

/* --- Pins. */

/* The pin of @page, or NULL. Under party->lock, like the next one. */
static struct pin *find_pin(struct party *party, u32 page)
{
	u32 i;

	for (i = 0; i < PARTY_PINS; i++)
		if (party->pins[i].frame && party->pins[i].page == page)
			return &party->pins[i];
	return NULL;
}

static struct pin *free_pin(struct party *party)
{
	u32 i;

	for (i = 0; i < PARTY_PINS; i++)
		if (!party->pins[i].frame)
			return &party->pins[i];
	return NULL;
}

static int do_pin(struct player *player, const struct action *action, u64 *reg)
{
	struct party *party = player->party;
	struct pin *pin = NULL;
	struct gup gup;
	int err;

	*reg = 0;
	err = gup_pin(party->mm, page_hva(party, action->page), &gup);
	if (err)
		return err == -ENOMEM ? err : 0;
	spin_lock(&party->lock);
	if (!find_pin(party, action->page))
		pin = free_pin(party);
	if (pin)
		*pin = (struct pin){ action->page, gup.frame };
	spin_unlock(&party->lock);
	*reg = !!pin;
	if (!pin)
		gup_unpin(gup.frame);
	return 0;
}

static int do_pin_read(struct player *player, const struct action *action,
		       u64 *reg)
{
	struct party *party = player->party;
	const struct pin *pin;
	const u64 *words;

	*reg = VERB_NOTHING;
	spin_lock(&party->lock);
	pin = find_pin(party, action->page);
	if (pin) {
		words = frame_ptr(pin->frame);
		*reg = READ_ONCE(words[action->word]);
	}
	spin_unlock(&party->lock);
	return 0;
}

static int do_pin_same(struct player *player, const struct action *action,
		       u64 *reg)
{
	struct party *party = player->party;
	pte_t p = pte_read(hpt_walk(party->mm, page_hva(party, action->page)));
	const struct pin *pin;

	*reg = VERB_NOTHING;
	spin_lock(&party->lock);
	pin = find_pin(party, action->page);
	if (pin)
		*reg = pte_present(p) &&
		       pte_pfn(p).n == frame_pfn(pin->frame).n;
	spin_unlock(&party->lock);
	return 0;
}

static void unpin(struct party *party, u32 page)
{
	struct frame *frame = NULL;
	struct pin *pin;

	spin_lock(&party->lock);
	pin = find_pin(party, page);
	if (pin) {
		frame = pin->frame;
		pin->frame = NULL;
	}
	spin_unlock(&party->lock);
	if (frame)
		gup_unpin(frame);
}

static int do_unpin(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	unpin(player->party, action->page);
	return 0;
}

static void unpin_all(struct party *party)
{
	u32 i;

	for (i = 0; i < PARTY_PINS; i++)
		unpin(party, party->pins[i].page);
}

static int do_unpin_all(struct player *player, const struct action *action,
			u64 *reg)
{
	(void)action, (void)reg;
	unpin_all(player->party);
	return 0;
}

/* --- What a kernel does to pages. */

/*
 * As the scanner of mm/ksm.c does with two pages of the same digest, but no
 * stable tree takes a reference: the last sharer can take the frame over.
 */
static int do_merge(struct player *player, const struct action *action,
		    u64 *reg)
{
	struct party *party = player->party;
	hva_t hva = page_hva(party, action->page);
	hva_t other_hva = page_hva(party, action->into);
	struct gup page, other;

	*reg = 0;
	if (gup_fast(party->mm, hva, MM_READ, &page))
		return 0;
	if (gup_fast(party->mm, other_hva, MM_READ, &other)) {
		frame_put(page.frame);
		return 0;
	}
	if (page.frame != other.frame && page.frame != zero_frame &&
	    other.frame != zero_frame)
		*reg = !merge_wrprotect(party->mm, other_hva, other.frame) &&
		       !merge_page(party->mm, hva, page.frame, other.frame);
	frame_put(other.frame);
	frame_put(page.frame);
	return 0;
}

static int do_mergeable(struct player *player, const struct action *action,
			u64 *reg)
{
	struct party *party = player->party;
	bool is_new;

	(void)action, (void)reg;
	spin_lock(&party->lock);
	is_new = !party->mergeable;
	party->mergeable = true;
	spin_unlock(&party->lock);
	return is_new ? ksm_add(party->mm, party->area) : 0;
}

static int scan_pass(struct player *player)
{
	int err = 0;

	ksm_begin_pass();
	do {
		if (player->access->pace)
			err = player->access->pace(player);
	} while (!err && ksm_scan_next());
	return err;
}

static int do_scan(struct player *player, const struct action *action, u64 *reg)
{
	u32 steps = action->count;

	(void)reg;
	if (!steps)
		return scan_pass(player);
	while (steps--)
		if (!ksm_scan_next())
			ksm_begin_pass();
	return 0;
}

static int do_protect_ro(struct player *player,
			 const struct action *action, u64 *reg)
{
	struct party *party = player->party;

	(void)action, (void)reg;
	party->read_only = true;
	return mm_protect_ro(party->mm, party->area);
}

static int do_protect_rw(struct player *player,
			 const struct action *action, u64 *reg)
{
	struct party *party = player->party;

	(void)action, (void)reg;
	party->read_only = false;
	return mm_protect_rw(party->mm, party->area);
}

static int do_discard(struct player *player, const struct action *action,
		      u64 *reg)
{
	struct party *party = player->party;
	hva_t start = page_hva(party, action->page);

	(void)reg;
	mm_discard(party->mm, (struct hva_range){
		start, hva_add(start, (u64)action->count * PAGE_SIZE),
	});
	return 0;
}

static int do_migrate(struct player *player, const struct action *action,
		      u64 *reg)
{
	struct party *party = player->party;
	struct gup gup;
	u64 start;
	int err;

	*reg = 0;
	err = gup_page(party->mm, page_hva(party, action->page), MM_READ, &gup);
	if (!err) {
		start = read_tsc();
		err = mm_migrate(gup.frame);
		player->ticks = read_tsc() - start;
		*reg = !err;
		frame_put(gup.frame);
	}
	return err == -ENOMEM ? err : 0;
}

static int do_reuse(struct player *player, const struct action *action,
		    u64 *reg)
{
	struct frame *taken[REUSED_FRAMES];
	u32 n;

	(void)player, (void)reg;
	for (n = 0; n < REUSED_FRAMES; n++) {
		taken[n] = frame_alloc();
		if (!taken[n])
			break;
		page_fill(frame_ptr(taken[n]), action->value);
	}
	/* Backwards: the next one to come finds them in the same order. */
	while (n-- > 0)
		frame_put(taken[n]);
	return 0;
}

static void complete(struct party *party)
{
	if (party->complete)
		party->complete(party);
}

static int do_complete(struct player *player,
		       const struct action *action, u64 *reg)
{
	(void)action, (void)reg;
	complete(player->party);
	return 0;
}

/* --- What was counted. */

static int do_spurious(struct player *player,
		       const struct action *action, u64 *reg)
{
	(void)action;
	*reg = counter_sum(&count_pf_spurious) -
	       player->party->spurious_before;
	return 0;
}

static int do_faults(struct player *player, const struct action *action,
		     u64 *reg)
{
	(void)action;
	*reg = counter_sum(&count_pf_taken) - player->party->faults_before;
	return 0;
}

int verb_perform(struct player *player, const struct action *action, u64 *reg)
{
	static int (*const perform[VERB_COUNT])(struct player *player,
						const struct action *action,
						u64 *reg) = {
#define VERB_FUNCTION(id, function, ...) [VERB_##id] = do_##function,
		VERBS(VERB_FUNCTION)
	};

	return perform[action->verb](player, action, reg);
}

int verb_play(struct player *player, const struct action *actions, u32 count,
	      u64 *regs)
{
	u32 i;
	int err = 0;

	for (i = 0; i < count && actions[i].verb != VERB_END && !err; i++) {
		u64 reg = 0;

		err = verb_perform(player, &actions[i], &reg);
		if (verb_sets_register(actions[i].verb))
			*regs++ = reg;
	}
	return err;
}

/* --- Rounds. */

void party_leave(struct party *party)
{
	child_exit(party);
	unpin_all(party);
	if (party->mergeable)
		ksm_exit();
	party->mergeable = false;
}

static void undo(struct party *party)
{
	u32 i;

	party_leave(party);
	if (party->read_only)
		BUG_ON(mm_protect_rw(party->mm, party->area));
	party->read_only = false;
	mm_discard(party->mm, party->area);
	complete(party);
	for (i = 0; i < PARTY_FLAGS; i++)
		store_release(&party->flags[i], 0ull);
}

int party_init(struct party *party)
{
	hva_t hva;
	int err;

	for (hva = party->area.start; hva.v < party->area.end.v;
	     hva = hva_add(hva, PAGE_SIZE)) {
		err = mm_fault(party->mm, hva, MM_WRITE);
		if (err)
			return err;
	}
	undo(party);
	party->free_frames = frame_free_count();
	return 0;
}

void party_begin(struct party *party)
{
	party->spurious_before = counter_sum(&count_pf_spurious);
	party->faults_before = counter_sum(&count_pf_taken);
}

s64 party_reset(struct party *party)
{
	undo(party);
	return (s64)(party->free_frames - frame_free_count());
}
