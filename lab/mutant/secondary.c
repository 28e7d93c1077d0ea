/*
 * Broken listeners and deliveries.
 */
#include "lab/mutant/mutations.h"

#include "ept/n4.h"
#include "ept/set.h"
#include "ept/table.h"
#include "ept/walk.h"
#include "mm/rmap.h"

static struct ept *ept_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct ept, notifier);
}

/* --- An event as it is, and then something else. */

static void then(struct mmu_notifier *notifier)
{
	container_of(notifier->ops, struct mutation, ops)
		->then(ept_of(notifier));
}

static void start_then(struct mmu_notifier *notifier, struct hva_range range,
		       enum invalidate_reason reason)
{
	ept_notifier_ops.start(notifier, range, reason);
	then(notifier);
}

static void end_then(struct mmu_notifier *notifier, struct hva_range range,
		     enum invalidate_reason reason)
{
	ept_notifier_ops.end(notifier, range, reason);
	then(notifier);
}

static void protect_start_then(struct mmu_notifier *notifier,
			       struct hva_range range)
{
	ept_notifier_ops.protect_start(notifier, range);
	then(notifier);
}

static void protect_end_then(struct mmu_notifier *notifier,
			     struct hva_range range)
{
	ept_notifier_ops.protect_end(notifier, range);
	then(notifier);
}

static void upgrade_done_then(struct mmu_notifier *notifier,
			      struct hva_range range)
{
	ept_notifier_ops.upgrade_done(notifier, range);
	then(notifier);
}

/* --- N4 as it is, but for one step. */

static void do_nothing(struct n4 *n4)
{
	(void)n4;
}

void mutate_seq_none(struct mutation *m)
{
	m->n4.steps[N4_SEQ] = do_nothing;
}

static void bump_seq(struct ept *ept)
{
	spin_lock(&ept->lock);
	store_release(&ept->seq, ept->seq + 1);
	spin_unlock(&ept->lock);
}

void mutate_seq_early(struct mutation *m)
{
	m->ops.start = start_then;
	m->then = bump_seq;
	m->n4.steps[N4_SEQ] = do_nothing;
}

static u32 late;	/* a flush is owed: 1 */

static void note_flush(struct n4 *n4)
{
	if (n4->flush.owed)
		atomic_exchange(&late, 1);
}

static void flush_late(struct ept *ept)
{
	if (!atomic_exchange(&late, 0))
		return;
	spin_lock(&ept->lock);
	ept->policy->deliver->deliver(ept);
	spin_unlock(&ept->lock);
}

void mutate_flush_late(struct mutation *m)
{
	late = 0;
	m->n4.steps[N4_FLUSH] = note_flush;
	m->ops.end = end_then;
	m->then = flush_late;
}

/* How many mappings the old frame of a merge has left. */
static u32 sharers(const struct n4 *n4)
{
	return rmap_mapcount(pfn_frame(pte_pfn(n4->old)));
}

static bool is_merge(const struct n4 *n4)
{
	return n4->flush.transition == TRANSITION_T3a;
}

/* Nobody keeps the frame until some other flush comes along. */
static void flush_if_shared(struct n4 *n4)
{
	if (!is_merge(n4) || sharers(n4) != 1)
		n4_flush(n4);
}

static void flush_if_alone(struct n4 *n4)
{
	if (!is_merge(n4) || sharers(n4) <= 1)
		n4_flush(n4);
}

void mutate_free_early(struct mutation *m)
{
	m->n4.steps[N4_FLUSH] = flush_if_shared;
}

void mutate_takeover_early(struct mutation *m)
{
	m->n4.steps[N4_FLUSH] = flush_if_alone;
}

/* --- Aliases, and what is not there. */

static spte_t *leaf_of(struct ept *ept, const struct memslot *slot, hva_t hva,
		       gfn_t *gfn)
{
	gfn_t end;

	return memslot_gfns(slot, page_range(hva), gfn, &end)
		? ept_walk(ept, *gfn) : NULL;
}

/* After all is done: an absent S becomes present. */
static void create_absent(struct n4 *n4)
{
	const struct spte_format *f = n4->ept->format;
	struct ept_flush nothing = { 0 };
	gfn_t gfn;
	u32 i;

	n4_add_write(n4);
	for (i = 0; i < n4->ept->slots.count; i++) {
		spte_t *sptep = leaf_of(n4->ept, &n4->ept->slots.slots[i],
					n4->hva, &gfn);

		if (sptep && !spte_present(f, spte_read(sptep)))
			ept_set(n4->ept, gfn, sptep, spte_make(f, n4->new),
				&nothing);
	}
}

void mutate_change_creates(struct mutation *m)
{
	m->n4.steps[N4_ADD_WRITE] = create_absent;
}

static void rewrite_first(struct n4 *n4)
{
	if (n4->leaf_count > 1)
		n4->leaf_count = 1;
	n4_rewrite(n4);
}

void mutate_one_alias(struct mutation *m)
{
	m->n4.steps[N4_REWRITE] = rewrite_first;
}

/* --- Running invalidations that nobody sees. */

static void hide_inprog(struct ept *ept)
{
	spin_lock(&ept->lock);
	ept->inprog_range.end = ept->inprog_range.start;
	spin_unlock(&ept->lock);
}

void mutate_ignore_inprog(struct mutation *m)
{
	m->ops.start = start_then;
	m->ops.protect_start = protect_start_then;
	m->then = hide_inprog;
}

/* --- Deliveries. */

static void deliver_never(struct ept *ept)
{
	(void)ept;
}

static const struct deliver_choice never = {
	{ "mutant", "broken on purpose" }, deliver_never,
};

void mutate_no_flush(struct mutation *m)
{
	m->policy.deliver = &never;
}

/* A kick may be on its way for as long as it likes: these are sent when the
 * event that owed the flush is over. */
static void deliver_nowait(struct ept *ept)
{
	u64 requests[MAX_CPUS];

	handshake_request(ept->tlbs, ept->tlb_count, requests);
}

static const struct deliver_choice nowait = {
	{ "mutant", "broken on purpose" }, deliver_nowait,
};

static void kick(struct ept *ept)
{
	(void)handshake_kick(ept->tlbs, ept->tlb_count);
}

void mutate_kick_nowait(struct mutation *m)
{
	m->policy.deliver = &nowait;
	m->ops.end = end_then;
	m->ops.protect_end = protect_end_then;
	m->ops.upgrade_done = upgrade_done_then;
	m->then = kick;
}

static void free_tables_and_deliver(struct ept *ept)
{
	ept_free_unlinked(ept);
	deliver_kick_and_wait(ept);
}

static const struct deliver_choice free_first = {
	{ "mutant", "broken on purpose" }, free_tables_and_deliver,
};

void mutate_table_free_early(struct mutation *m)
{
	m->policy.deliver = &free_first;
}
