/*
 * N4, change_pte, step by step (docs/contract.md, section 3). A mutant
 * (lab/mutant/mutant.h) is the right order with one step replaced.
 */
#ifndef EPT_N4_H
#define EPT_N4_H

#include "ept/ept.h"
#include "ept/set.h"

/* One call: P of @hva was @old, is none, and will be @new. Under ML. */
struct n4 {
	struct ept *ept;
	hva_t hva;
	pte_t old, new;
	struct ept_flush flush;		/* what the steps so far owe */
	struct ept_leaf leaves[MAX_MEMSLOTS];	/* the present ones of hva */
	u32 leaf_count;
};

enum { N4_SEQ, N4_REWRITE, N4_FLUSH, N4_ADD_WRITE, N4_STEPS };

struct n4_order {
	void (*steps[N4_STEPS])(struct n4 *n4);
};

extern const struct n4_order n4_order_right;
extern const struct n4_order *n4_order;

void n4_seq(struct n4 *n4);		/* what F1 has read is stale (O1) */
void n4_rewrite(struct n4 *n4);		/* each S, as the policy changes it */
void n4_flush(struct n4 *n4);		/* now or, as the policy says, later */
void n4_add_write(struct n4 *n4);	/* W, where P will have it (O2) */

#endif
