/*
 * The child.
 */
#include "lab/verb/internal.h"

#include "lib/error.h"

int do_fork(struct player *player, const struct action *action,
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

int do_child_read(struct player *player,
			 const struct action *action, u64 *reg)
{
	return in_child(player, action, reg, do_read);
}

int do_child_write(struct player *player,
			  const struct action *action, u64 *reg)
{
	return in_child(player, action, reg, do_write);
}

void party_child_exit(struct party *party)
{
	struct mm *child;

	spin_lock(&party->lock);
	child = party->child;
	party->child = NULL;
	spin_unlock(&party->lock);
	if (child)
		mm_put(child);
}

int do_child_exit(struct player *player,
			 const struct action *action, u64 *reg)
{
	(void)action, (void)reg;
	party_child_exit(player->party);
	return 0;
}
