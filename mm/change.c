#include "mm/change.h"

#include "lib/error.h"
#include "mm/habits.h"
#include "mm/hpt.h"
#include "mm/rmap.h"

/*
 * The order is the whole point (O1 to O3):
 *
 *	this CPU			secondary		host thread
 *
 *	N2  P := none, flush		reads old		waits on PTL
 *	N4  S := new, flush		reads old, then new	waits on PTL
 *	N5  P := new			reads new		reads new
 *
 * If N5 came before N4, the host could write to new while the secondary still
 * reads old, and both could tell.
 */
/* P must still be what the decision was based on. */
int change_n1_recheck(struct change *c)
{
	return pte_same(pte_read(c->ptep), c->seen) ? 0 : -EAGAIN;
}

/* Nobody reaches old through the primary any more, and until N5 nobody reaches
 * new either: neither MMU uses one while the other uses the other (O3). */
int change_n2_clear(struct change *c)
{
	c->cleared = hpt_clear_flush(c->mm, c->hva, c->ptep);
	return 0;
}

/* The last check that needs P gone: references taken before are seen. */
int change_n3_check(struct change *c)
{
	u32 references;

	mmu_notifier_cleared(c->mm, c->hva, c->reason);
	if (c->known_references == ANY_REFERENCES)
		return 0;
	references = rmap_extra_references(c->old);
	step_change(STEP_REFS, c, c->hva.v, references, c->known_references);
	return references == c->known_references ? 0 : -EBUSY;
}

/* The secondary first, flush included (O2). */
int change_n4_secondary(struct change *c)
{
	mmu_notifier_change_pte(c->mm, c->hva, c->seen,
				pte_make(frame_pfn(c->new), c->right),
				c->reason);
	return 0;
}

/* Then the primary. */
int change_n5_primary(struct change *c)
{
	if (c->new == c->old) {
		hpt_set(c->ptep, pte_make(frame_pfn(c->new), c->right));
		return 0;
	}
	rmap_remove(c->old, c->ptep);
	frame_get(c->new);
	hpt_map(c->ptep, c->new, c->right);
	return 0;
}

/* Restore P (O17). */
void change_give_up(struct change *c)
{
	if (pte_present(c->cleared))
		hpt_set(c->ptep, c->cleared);
}

const struct change_order change_order_right = {
	.steps = {
		{ change_n1_recheck, STEP_N1 },
		{ change_n2_clear, STEP_N2 },
		{ change_n3_check, STEP_N3 },
		{ change_n4_secondary, STEP_N4 },
		{ change_n5_primary, STEP_N5 },
	},
	.give_up = change_give_up,
};

int change_mapping(struct change *change)
{
	struct hva_range range = page_range(change->hva);
	spinlock_t *ptl = hpt_lock(change->ptep);
	const struct change_order *order = change->mm->habits->change;
	const struct change_step *now = order->steps;
	int err = 0;

	step(STEP_N0, change, change->hva.v);
	mmu_notifier_start(change->mm, range, change->reason);
	spin_lock(ptl);
	for (; now->perform && !err; now++) {
		err = now->perform(change);
		if (!err)
			step(now->name, change, change->hva.v);
	}
	if (err) {
		order->give_up(change);
		step(STEP_ABORT, change, change->hva.v);
	}
	spin_unlock(ptl);
	mmu_notifier_end(change->mm, range, change->reason);
	if (!err && change->new != change->old) {
		step(STEP_N6, change, change->hva.v);
		frame_put(change->old);		/* the mapping's; O6 */
	}
	return err;
}
