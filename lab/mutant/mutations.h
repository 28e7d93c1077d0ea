/*
 * What each mutant puts in the place of the correct choice: see mutant.c for
 * their names and rules.
 */
#ifndef LAB_MUTANT_MUTATIONS_H
#define LAB_MUTANT_MUTATIONS_H

#include "lab/mutant/mutant.h"

/* Of the listener and the policy (secondary.c). */
void mutate_seq_early(struct mutation *m);
void mutate_seq_none(struct mutation *m);
void mutate_flush_late(struct mutation *m);
void mutate_free_early(struct mutation *m);
void mutate_takeover_early(struct mutation *m);
void mutate_change_creates(struct mutation *m);
void mutate_ignore_inprog(struct mutation *m);
void mutate_one_alias(struct mutation *m);
void mutate_no_flush(struct mutation *m);
void mutate_kick_nowait(struct mutation *m);
void mutate_table_free_early(struct mutation *m);

/* Of the primary's orders and the handshake (primary.c). */
void mutate_set_first(struct mutation *m);
void mutate_no_clear(struct mutation *m);
void mutate_pin_ignored(struct mutation *m);
void mutate_restore_lost(struct mutation *m);
void mutate_touch_early(struct mutation *m);
void mutate_merge_unprotected(struct mutation *m);
void mutate_compare_early(struct mutation *m);
void mutate_entry_late(struct mutation *m);
void mutate_entry_nobarrier(struct mutation *m);
void mutate_exit_nobarrier(struct mutation *m);

#endif
