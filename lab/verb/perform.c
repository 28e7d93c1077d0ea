#include "lab/verb/internal.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"

/* --- What was counted. */

int do_spurious(struct player *player,
		       const struct action *action, u64 *reg)
{
	(void)action;
	*reg = counter_sum(&count_pf_spurious) -
	       player->party->spurious_before;
	return 0;
}

int do_faults(struct player *player, const struct action *action,
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
