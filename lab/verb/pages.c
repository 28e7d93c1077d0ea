/*
 * What a kernel does to pages.
 */
#include "lab/verb/internal.h"

#include "arch/x86/insn.h"
#include "arch/x86/page.h"
#include "arch/x86/stopwatch.h"
#include "lib/error.h"
#include "mm/gup.h"
#include "mm/ksm.h"
#include "mm/merge.h"

/* Freed frames are taken last in, first out: what was used lately is among
 * the first so many. */
#define REUSED_FRAMES	8

/*
 * As the scanner of mm/ksm.c does with two pages of the same digest, but no
 * stable tree takes a reference: the last sharer can take the frame over.
 */
int do_merge(struct player *player, const struct action *action,
		    u64 *reg)
{
	struct party *party = player->party;
	hva_t hva = party_hva(party, action->page);
	hva_t other_hva = party_hva(party, action->into);
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

int do_mergeable(struct player *player, const struct action *action,
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

int do_scan(struct player *player, const struct action *action, u64 *reg)
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

int do_protect_ro(struct player *player,
			 const struct action *action, u64 *reg)
{
	struct party *party = player->party;

	(void)action, (void)reg;
	party->read_only = true;
	return mm_protect_ro(party->mm, party->area);
}

int do_protect_rw(struct player *player,
			 const struct action *action, u64 *reg)
{
	struct party *party = player->party;

	(void)action, (void)reg;
	party->read_only = false;
	return mm_protect_rw(party->mm, party->area);
}

int do_discard(struct player *player, const struct action *action,
		      u64 *reg)
{
	struct party *party = player->party;
	hva_t start = party_hva(party, action->page);

	(void)reg;
	mm_discard(party->mm, (struct hva_range){
		start, hva_add(start, (u64)action->count * PAGE_SIZE),
	});
	return 0;
}

int do_migrate(struct player *player, const struct action *action,
		      u64 *reg)
{
	struct party *party = player->party;
	struct gup gup;
	struct stopwatch watch;
	int err;

	*reg = 0;
	err = gup_page(party->mm, party_hva(party, action->page), MM_READ, &gup);
	if (!err) {
		watch = stopwatch_start();
		err = mm_migrate(gup.frame);
		player->ticks = stopwatch_read(&watch);
		*reg = !err;
		frame_put(gup.frame);
	}
	return err == -ENOMEM ? err : 0;
}

int do_reuse(struct player *player, const struct action *action,
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

void party_complete(struct party *party)
{
	if (party->complete)
		party->complete(party);
}

int do_complete(struct player *player,
		       const struct action *action, u64 *reg)
{
	(void)action, (void)reg;
	party_complete(player->party);
	return 0;
}
