#include "lab/litmus/ops.h"

#include "arch/x86/counter.h"
#include "arch/x86/page.h"
#include "ept/ept.h"
#include "lib/error.h"
#include "lib/print.h"
#include "mm/gup.h"
#include "mm/hpt.h"
#include "mm/merge.h"
#include "vmm/litmus_abi.h"

/* Freed frames are taken last in, first out: what was used lately is among
 * the first so many. */
#define REUSED_FRAMES	8

static hva_t page_hva(const struct litmus_world *world, u32 page)
{
	return (hva_t){ (u64)litmus_word(world, page, 0) };
}

/* An access that the actor has no right to did not happen. */
static int or_denied(int err)
{
	return err == -EFAULT ? 0 : err;
}

/* --- What anybody does. */

static int do_read(struct litmus_player *player, const struct litmus_op *op,
		   u64 *reg)
{
	return or_denied(player->access->read(player, op->page, op->word, reg));
}

static int do_write(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg)
{
	(void)reg;
	return or_denied(player->access->write(player, op->page, op->word,
					       op->value));
}

static int do_raise(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg)
{
	(void)reg;
	/* Pairs with the acquire below: what came before is seen first. */
	store_release(&player->world->flags[op->flag], 1ull);
	return 0;
}

static int do_look(struct litmus_player *player, const struct litmus_op *op,
		   u64 *reg)
{
	*reg = load_acquire(&player->world->flags[op->flag]);
	return 0;
}

static int do_await(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg)
{
	(void)reg;
	while (!load_acquire(&player->world->flags[op->flag]))
		if (!player->access->wait(player))
			return -EBUSY;
	return 0;
}

static int do_watch(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg)
{
	struct watch watch = { .old = op->value, .new = op->other };
	u64 told, value = 0;
	int err;

	for (;;) {
		told = load_acquire(&player->world->flags[op->flag]);
		err = player->access->read(player, op->page, op->word, &value);
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

static int do_fork(struct litmus_player *player, const struct litmus_op *op,
		   u64 *reg)
{
	struct litmus_world *world = player->world;
	struct mm *child = mm_fork(world->mm);
	bool kept = false;

	(void)op, (void)reg;
	if (!child)
		return -ENOMEM;
	spin_lock(&world->lock);
	if (!world->child) {
		world->child = child;
		kept = true;
	}
	spin_unlock(&world->lock);
	if (!kept)
		mm_put(child);
	return 0;
}

/* The child with a user of ours, or NULL. */
static struct mm *get_child(struct litmus_world *world)
{
	struct mm *child;

	spin_lock(&world->lock);
	child = world->child;
	if (child && !mm_tryget(child))
		child = NULL;
	spin_unlock(&world->lock);
	return child;
}

/* @perform on the child's memory, as the child would. */
static int in_child(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg, int (*perform)(struct litmus_player *player,
					     const struct litmus_op *op,
					     u64 *reg))
{
	struct mm *child = get_child(player->world);
	int err;

	if (!child) {
		*reg = LITMUS_NOTHING;
		return 0;
	}
	mm_switch(child);
	err = perform(player, op, reg);
	mm_switch(player->world->mm);
	mm_put(child);
	return err;
}

static int do_child_read(struct litmus_player *player,
			 const struct litmus_op *op, u64 *reg)
{
	return in_child(player, op, reg, do_read);
}

static int do_child_write(struct litmus_player *player,
			  const struct litmus_op *op, u64 *reg)
{
	return in_child(player, op, reg, do_write);
}

static void child_exit(struct litmus_world *world)
{
	struct mm *child;

	spin_lock(&world->lock);
	child = world->child;
	world->child = NULL;
	spin_unlock(&world->lock);
	if (child)
		mm_put(child);
}

static int do_child_exit(struct litmus_player *player,
			 const struct litmus_op *op, u64 *reg)
{
	(void)op, (void)reg;
	child_exit(player->world);
	return 0;
}

/* --- Pins. */

static int do_pin(struct litmus_player *player, const struct litmus_op *op,
		  u64 *reg)
{
	struct litmus_world *world = player->world;
	struct gup gup;
	int err;

	*reg = 0;
	err = gup_pin(world->mm, page_hva(world, op->page), &gup);
	if (err)
		return err == -ENOMEM ? err : 0;
	spin_lock(&world->lock);
	if (!world->pins[op->page]) {
		world->pins[op->page] = gup.frame;
		*reg = 1;
	}
	spin_unlock(&world->lock);
	if (!*reg)
		gup_unpin(gup.frame);
	return 0;
}

static int do_pin_read(struct litmus_player *player,
		       const struct litmus_op *op, u64 *reg)
{
	struct litmus_world *world = player->world;
	const u64 *words;

	*reg = LITMUS_NOTHING;
	spin_lock(&world->lock);
	if (world->pins[op->page]) {
		words = frame_ptr(world->pins[op->page]);
		*reg = READ_ONCE(words[op->word]);
	}
	spin_unlock(&world->lock);
	return 0;
}

static int do_pin_same(struct litmus_player *player,
		       const struct litmus_op *op, u64 *reg)
{
	struct litmus_world *world = player->world;
	pte_t p = pte_read(hpt_walk(world->mm, page_hva(world, op->page)));

	*reg = LITMUS_NOTHING;
	spin_lock(&world->lock);
	if (world->pins[op->page])
		*reg = pte_present(p) &&
		       pte_pfn(p).n == frame_pfn(world->pins[op->page]).n;
	spin_unlock(&world->lock);
	return 0;
}

static void unpin(struct litmus_world *world, u32 page)
{
	struct frame *frame;

	spin_lock(&world->lock);
	frame = world->pins[page];
	world->pins[page] = NULL;
	spin_unlock(&world->lock);
	if (frame)
		gup_unpin(frame);
}

static int do_unpin(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg)
{
	(void)reg;
	unpin(player->world, op->page);
	return 0;
}

/* --- What a kernel does to pages. */

/*
 * As the scanner of mm/ksm.c does with two pages of the same digest, but no
 * stable tree takes a reference: the last sharer can take the frame over.
 */
static int do_merge(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg)
{
	struct litmus_world *world = player->world;
	hva_t hva = page_hva(world, op->page);
	hva_t other_hva = page_hva(world, (u32)op->other);
	struct gup page, other;

	*reg = 0;
	if (gup_fast(world->mm, hva, MM_READ, &page))
		return 0;
	if (gup_fast(world->mm, other_hva, MM_READ, &other)) {
		frame_put(page.frame);
		return 0;
	}
	if (page.frame != other.frame && page.frame != zero_frame &&
	    other.frame != zero_frame)
		*reg = !merge_wrprotect(world->mm, other_hva, other.frame) &&
		       !merge_page(world->mm, hva, page.frame, other.frame);
	frame_put(other.frame);
	frame_put(page.frame);
	return 0;
}

static int do_protect_ro(struct litmus_player *player,
			 const struct litmus_op *op, u64 *reg)
{
	struct litmus_world *world = player->world;

	(void)op, (void)reg;
	world->read_only = true;
	return mm_protect_ro(world->mm, world->area);
}

static int do_protect_rw(struct litmus_player *player,
			 const struct litmus_op *op, u64 *reg)
{
	struct litmus_world *world = player->world;

	(void)op, (void)reg;
	world->read_only = false;
	return mm_protect_rw(world->mm, world->area);
}

static int do_discard(struct litmus_player *player, const struct litmus_op *op,
		      u64 *reg)
{
	struct litmus_world *world = player->world;
	hva_t start = page_hva(world, op->page);

	(void)reg;
	mm_discard(world->mm, (struct hva_range){
		start, hva_add(start, op->value * PAGE_SIZE),
	});
	return 0;
}

static int do_migrate(struct litmus_player *player, const struct litmus_op *op,
		      u64 *reg)
{
	struct litmus_world *world = player->world;
	struct gup gup;
	int err;

	*reg = 0;
	err = gup_page(world->mm, page_hva(world, op->page), MM_READ, &gup);
	if (!err) {
		err = mm_migrate(gup.frame);
		*reg = !err;
		frame_put(gup.frame);
	}
	return err == -ENOMEM ? err : 0;
}

static int do_reuse(struct litmus_player *player, const struct litmus_op *op,
		    u64 *reg)
{
	struct frame *taken[REUSED_FRAMES];
	u32 n;

	(void)player, (void)reg;
	for (n = 0; n < REUSED_FRAMES; n++) {
		taken[n] = frame_alloc();
		if (!taken[n])
			break;
		page_fill(frame_ptr(taken[n]), op->value);
	}
	/* Backwards: the next one to come finds them in the same order. */
	while (n-- > 0)
		frame_put(taken[n]);
	return 0;
}

static void complete(struct litmus_world *world)
{
	if (world->complete)
		world->complete(world);
}

static int do_complete(struct litmus_player *player,
		       const struct litmus_op *op, u64 *reg)
{
	(void)op, (void)reg;
	complete(player->world);
	return 0;
}

/* --- What was counted. */

static int do_spurious(struct litmus_player *player,
		       const struct litmus_op *op, u64 *reg)
{
	(void)op;
	*reg = counter_sum(&count_pf_spurious) -
	       player->world->spurious_before;
	return 0;
}

static int do_faults(struct litmus_player *player, const struct litmus_op *op,
		     u64 *reg)
{
	(void)op;
	*reg = counter_sum(&count_pf_taken) - player->world->faults_before;
	return 0;
}

static int (*const verbs[LITMUS_VERB_COUNT])(struct litmus_player *player,
					     const struct litmus_op *op,
					     u64 *reg) = {
	[LITMUS_READ] = do_read,
	[LITMUS_WRITE] = do_write,
	[LITMUS_RAISE] = do_raise,
	[LITMUS_LOOK] = do_look,
	[LITMUS_AWAIT] = do_await,
	[LITMUS_WATCH] = do_watch,
	[LITMUS_OUT_READ] = do_read,
	[LITMUS_OUT_WRITE] = do_write,
	[LITMUS_FORK] = do_fork,
	[LITMUS_CHILD_READ] = do_child_read,
	[LITMUS_CHILD_WRITE] = do_child_write,
	[LITMUS_CHILD_EXIT] = do_child_exit,
	[LITMUS_PIN] = do_pin,
	[LITMUS_PIN_READ] = do_pin_read,
	[LITMUS_PIN_SAME] = do_pin_same,
	[LITMUS_UNPIN] = do_unpin,
	[LITMUS_MERGE] = do_merge,
	[LITMUS_PROTECT_RO] = do_protect_ro,
	[LITMUS_PROTECT_RW] = do_protect_rw,
	[LITMUS_DISCARD] = do_discard,
	[LITMUS_MIGRATE] = do_migrate,
	[LITMUS_REUSE] = do_reuse,
	[LITMUS_COMPLETE] = do_complete,
	[LITMUS_SPURIOUS] = do_spurious,
	[LITMUS_FAULTS] = do_faults,
};

int litmus_perform(struct litmus_player *player, const struct litmus_op *op,
		   u64 *reg)
{
	return verbs[op->verb](player, op, reg);
}

int litmus_play(struct litmus_player *player, const struct litmus_op *ops,
		u64 regs[LITMUS_OPS])
{
	u32 i, next = 0;
	int err = 0;

	for (i = 0; i < LITMUS_OPS && ops[i].verb != LITMUS_END && !err; i++) {
		u64 reg = 0;

		err = litmus_perform(player, &ops[i], &reg);
		if (litmus_sets_register(ops[i].verb))
			regs[next++] = reg;
	}
	return err;
}

/* --- Rounds. */

static void undo(struct litmus_world *world)
{
	u32 i;

	child_exit(world);
	for (i = 0; i < LITMUS_PAGES; i++)
		unpin(world, i);
	if (world->read_only)
		BUG_ON(mm_protect_rw(world->mm, world->area));
	world->read_only = false;
	mm_discard(world->mm, world->area);
	complete(world);
	for (i = 0; i < LITMUS_FLAGS; i++)
		store_release(&world->flags[i], 0ull);
}

int litmus_world_init(struct litmus_world *world)
{
	hva_t hva;
	int err;

	for (hva = world->area.start; hva.v < world->area.end.v;
	     hva = hva_add(hva, PAGE_SIZE)) {
		err = mm_fault(world->mm, hva, MM_WRITE);
		if (err)
			return err;
	}
	undo(world);
	world->free_frames = frame_free_count();
	return 0;
}

void litmus_actors_begin(struct litmus_world *world)
{
	world->spurious_before = counter_sum(&count_pf_spurious);
	world->faults_before = counter_sum(&count_pf_taken);
}

s64 litmus_reset(struct litmus_world *world)
{
	undo(world);
	return (s64)(world->free_frames - frame_free_count());
}
