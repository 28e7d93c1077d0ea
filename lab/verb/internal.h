/*
 * What the files of lab/verb/ share.
 */
#ifndef LAB_VERB_INTERNAL_H
#define LAB_VERB_INTERNAL_H

#include "lab/verb/verb.h"
#include "lib/error.h"

/* A function for each row of VERBS(), as verb_perform(). */
#define VERB_DECLARATION(id, function, ...)				\
	int do_##function(struct player *player,			\
			  const struct action *action, u64 *reg);
VERBS(VERB_DECLARATION)
#undef VERB_DECLARATION

/* No child, no pin; what the policy still owes is flushed. */
void party_child_exit(struct party *party);
void party_unpin_all(struct party *party);
void party_complete(struct party *party);

static inline hva_t party_hva(const struct party *party, u32 page)
{
	return (hva_t){ (u64)party_word(party, page, 0) };
}

/* An access that the actor has no right to did not happen. */
static inline int or_denied(int err)
{
	return err == -EFAULT ? 0 : err;
}

#endif
