#include "mm/change.h"

#include "arch/x86/error.h"
#include "arch/x86/step.h"
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
 * Were N5 before N4, the host could write to new while the secondary still
 * reads old, and both would know it.
 */
typedef int (*change_step)(struct change *change);

/* P must still be what the decision was based on. */
static int n1_recheck(struct change *c)
{
	return pte_same(pte_read(c->ptep), c->seen) ? 0 : -EAGAIN;
}

/* Nobody reaches old through the primary any more, and until N5 nobody reaches
 * new either: neither MMU uses one while the other uses the other (O3). */
static int n2_clear(struct change *c)
{
	c->cleared = hpt_clear_flush(c->mm, c->hva, c->ptep);
	return 0;
}

/* The last check that needs P gone: who took a reference before is seen. */
static int n3_check(struct change *c)
{
	mmu_notifier_cleared(c->mm, c->hva, c->reason);
	if (c->known_references == ANY_REFERENCES ||
	    rmap_extra_references(c->old) == c->known_references)
		return 0;
	hpt_set(c->ptep, c->cleared);
	step(STEP_ABORT, c, c->hva.v);
	return -EBUSY;
}

/* The secondary first, flush included (O2). */
static int n4_secondary(struct change *c)
{
	mmu_notifier_change_pte(c->mm, c->hva, c->seen,
				pte_make(frame_pfn(c->new), c->right));
	return 0;
}

/* Then the primary. */
static int n5_primary(struct change *c)
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

static const struct {
	enum step name;
	change_step perform;
} steps[] = {
	{ STEP_N1, n1_recheck },
	{ STEP_N2, n2_clear },
	{ STEP_N3, n3_check },
	{ STEP_N4, n4_secondary },
	{ STEP_N5, n5_primary },
};

int change_mapping(struct change *change)
{
	struct hva_range range = page_range(change->hva);
	spinlock_t *ptl = hpt_lock(change->ptep);
	int err = 0;
	u32 i;

	step(STEP_N0, change, change->hva.v);
	mmu_notifier_start(change->mm, range, change->reason);
	spin_lock(ptl);
	for (i = 0; i < array_count(steps) && !err; i++) {
		err = steps[i].perform(change);
		if (!err)
			step(steps[i].name, change, change->hva.v);
	}
	spin_unlock(ptl);
	mmu_notifier_end(change->mm, range, change->reason);
	if (!err && change->new != change->old) {
		step(STEP_N6, change, change->hva.v);
		frame_put(change->old);		/* the mapping's; O6 */
	}
	return err;
}
