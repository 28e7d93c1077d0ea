/*
 * What a device holds.
 */
#include "lab/verb/internal.h"

#include "lib/error.h"
#include "mm/gup.h"
#include "mm/hpt.h"

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

int do_pin(struct player *player, const struct action *action, u64 *reg)
{
	struct party *party = player->party;
	struct pin *pin = NULL;
	struct gup gup;
	int err;

	*reg = 0;
	err = gup_pin(party->mm, party_hva(party, action->page), &gup);
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

int do_pin_read(struct player *player, const struct action *action,
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

int do_pin_same(struct player *player, const struct action *action,
		       u64 *reg)
{
	struct party *party = player->party;
	pte_t p = pte_read(hpt_walk(party->mm, party_hva(party, action->page)));
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

int do_unpin(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	unpin(player->party, action->page);
	return 0;
}

void party_unpin_all(struct party *party)
{
	u32 i;

	for (i = 0; i < PARTY_PINS; i++)
		unpin(party, party->pins[i].page);
}

int do_unpin_all(struct player *player, const struct action *action,
			u64 *reg)
{
	(void)action, (void)reg;
	party_unpin_all(player->party);
	return 0;
}
