/*
 * Reads, writes and flags: what anybody does.
 */
#include "lab/verb/internal.h"

#include "lib/error.h"
#include "vmm/litmus_abi.h"

int do_read(struct player *player, const struct action *action,
		   u64 *reg)
{
	return or_denied(player->access->read(player, action->page, action->word, reg));
}

int do_write(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	return or_denied(player->access->write(player, action->page, action->word,
					       action->value));
}

int do_leave(struct player *player, const struct action *action, u64 *reg)
{
	(void)player, (void)action, (void)reg;
	return 0;
}

int do_raise(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	/* Pairs with the acquire below: what came before is seen first. */
	store_release(&player->party->flags[action->flag], 1ull);
	return 0;
}

int do_look(struct player *player, const struct action *action,
		   u64 *reg)
{
	*reg = load_acquire(&player->party->flags[action->flag]);
	return 0;
}

int do_await(struct player *player, const struct action *action,
		    u64 *reg)
{
	(void)reg;
	while (!load_acquire(&player->party->flags[action->flag]))
		if (!player->access->wait(player))
			return -EBUSY;
	return 0;
}

int do_watch(struct player *player, const struct action *action,
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
