/*
 * Broken listeners and deliveries.
 */
#include "lab/mutant/mutations.h"

#include "arch/x86/lapic.h"
#include "ept/ept.h"
#include "mm/rmap.h"

static struct ept *ept_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct ept, notifier);
}

/* --- change_pte as it is, but for one thing. */

enum bump { BUMP, NO_BUMP };
enum issue { ISSUE, NO_ISSUE };

/* N4. Returns whether a flush was owed. */
static bool change_page(struct ept *ept, hva_t hva, pte_t old, pte_t new,
			enum bump bump, enum issue issue)
{
	struct ept_flush flush = { transition_of_change(old, new), 0, 0 };

	spin_lock(&ept->lock);
	if (bump == BUMP)
		store_release(&ept->seq, ept->seq + 1);
	ept_change_range(ept, page_range(hva), ept->policy->change->change, new,
			 &flush);
	if (issue == ISSUE)
		ept_flush_issue(ept, &flush);
	spin_unlock(&ept->lock);
	return flush.owed;
}

static void change_without_seq(struct mmu_notifier *notifier, hva_t hva,
			       pte_t old, pte_t new)
{
	change_page(ept_of(notifier), hva, old, new, NO_BUMP, ISSUE);
}

void mutate_seq_none(struct mutation *m)
{
	m->ops.change_pte = change_without_seq;
}

static void bump_at_start(struct mmu_notifier *notifier,
			  struct hva_range range,
			  enum invalidate_reason reason)
{
	struct ept *ept = ept_of(notifier);

	ept_notifier_ops.start(notifier, range, reason);
	spin_lock(&ept->lock);
	store_release(&ept->seq, ept->seq + 1);
	spin_unlock(&ept->lock);
}

void mutate_seq_early(struct mutation *m)
{
	m->ops.start = bump_at_start;
	m->ops.change_pte = change_without_seq;
}

static u32 late;	/* a flush is owed: 1 */

static void change_without_flush(struct mmu_notifier *notifier, hva_t hva,
				 pte_t old, pte_t new)
{
	if (change_page(ept_of(notifier), hva, old, new, BUMP, NO_ISSUE))
		atomic_exchange(&late, 1);
}

static void flush_at_end(struct mmu_notifier *notifier,
			 struct hva_range range,
			 enum invalidate_reason reason)
{
	struct ept *ept = ept_of(notifier);

	if (atomic_exchange(&late, 0)) {
		spin_lock(&ept->lock);
		ept->policy->deliver->deliver(ept);
		spin_unlock(&ept->lock);
	}
	ept_notifier_ops.end(notifier, range, reason);
}

void mutate_flush_late(struct mutation *m)
{
	late = 0;
	m->ops.change_pte = change_without_flush;
	m->ops.end = flush_at_end;
}

/* T3a without a flush, if the old frame's sharers are so many. Nobody keeps
 * the frame until some other flush comes along. */
static void change_merge_lazily(struct mmu_notifier *notifier, hva_t hva,
				pte_t old, pte_t new, bool lazily)
{
	bool merge = transition_of_change(old, new) == TRANSITION_T3a;

	change_page(ept_of(notifier), hva, old, new, BUMP,
		    merge && lazily ? NO_ISSUE : ISSUE);
}

static void change_if_shared(struct mmu_notifier *notifier, hva_t hva,
			     pte_t old, pte_t new)
{
	change_merge_lazily(notifier, hva, old, new,
			    rmap_mapcount(pfn_frame(pte_pfn(old))) == 1);
}

static void change_if_alone(struct mmu_notifier *notifier, hva_t hva,
			    pte_t old, pte_t new)
{
	change_merge_lazily(notifier, hva, old, new,
			    rmap_mapcount(pfn_frame(pte_pfn(old))) > 1);
}

void mutate_free_early(struct mutation *m)
{
	m->ops.change_pte = change_if_shared;
}

void mutate_takeover_early(struct mutation *m)
{
	m->ops.change_pte = change_if_alone;
}

/* --- Aliases, and what is not there. */

enum aliases { FIRST_IF_PRESENT, EACH_IF_ABSENT };

static void set_aliases(struct ept *ept, hva_t hva, pte_t new,
			enum aliases which, struct ept_flush *flush)
{
	const struct spte_format *f = ept->format;
	u32 i;

	for (i = 0; i < ept->slots.count; i++) {
		gfn_t gfn, end;
		spte_t *sptep;

		if (!memslot_gfns(&ept->slots.slots[i], page_range(hva), &gfn,
				  &end))
			continue;
		sptep = ept_walk(ept, gfn);
		if (sptep && spte_present(f, spte_read(sptep)) ==
			     (which == FIRST_IF_PRESENT))
			ept_set(ept, gfn, sptep, spte_make(f, new), flush);
		if (which == FIRST_IF_PRESENT)
			return;
	}
}

static void change_and_create(struct mmu_notifier *notifier, hva_t hva,
			      pte_t old, pte_t new)
{
	struct ept *ept = ept_of(notifier);
	struct ept_flush flush = { 0 };

	ept_notifier_ops.change_pte(notifier, hva, old, new);
	spin_lock(&ept->lock);
	set_aliases(ept, hva, new, EACH_IF_ABSENT, &flush);
	spin_unlock(&ept->lock);
}

void mutate_change_creates(struct mutation *m)
{
	m->ops.change_pte = change_and_create;
}

static void change_first(struct mmu_notifier *notifier, hva_t hva, pte_t old,
			 pte_t new)
{
	struct ept *ept = ept_of(notifier);
	struct ept_flush flush = { transition_of_change(old, new), 0, 0 };

	spin_lock(&ept->lock);
	store_release(&ept->seq, ept->seq + 1);
	set_aliases(ept, hva, new, FIRST_IF_PRESENT, &flush);
	ept_flush_issue(ept, &flush);
	spin_unlock(&ept->lock);
}

void mutate_one_alias(struct mutation *m)
{
	m->ops.change_pte = change_first;
}

/* --- Running invalidations that nobody sees. */

static void hide_inprog(struct mmu_notifier *notifier)
{
	struct ept *ept = ept_of(notifier);

	spin_lock(&ept->lock);
	ept->inprog_range.end = ept->inprog_range.start;
	spin_unlock(&ept->lock);
}

static void start_unseen(struct mmu_notifier *notifier,
			 struct hva_range range,
			 enum invalidate_reason reason)
{
	ept_notifier_ops.start(notifier, range, reason);
	hide_inprog(notifier);
}

static void protect_start_unseen(struct mmu_notifier *notifier,
				 struct hva_range range)
{
	ept_notifier_ops.protect_start(notifier, range);
	hide_inprog(notifier);
}

void mutate_ignore_inprog(struct mutation *m)
{
	m->ops.start = start_unseen;
	m->ops.protect_start = protect_start_unseen;
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
	u32 i;

	for (i = 0; i < ept->tlb_count; i++)
		atomic_add(&ept->tlbs[i]->requested, 1);
	full_barrier();
}

static const struct deliver_choice nowait = {
	{ "mutant", "broken on purpose" }, deliver_nowait,
};

static void kick(struct mmu_notifier *notifier)
{
	const struct ept *ept = ept_of(notifier);
	u32 i, cpu;

	for (i = 0; i < ept->tlb_count; i++) {
		cpu = load_acquire(&ept->tlbs[i]->cpu);
		if (cpu != NO_CPU && cpu != cpu_id() &&
		    load_acquire(&cpus[cpu].mode) == CPU_INSIDE)
			ipi_send(cpu, IPI_KICK);
	}
}

static void end_and_kick(struct mmu_notifier *notifier,
			 struct hva_range range,
			 enum invalidate_reason reason)
{
	ept_notifier_ops.end(notifier, range, reason);
	kick(notifier);
}

static void protect_end_and_kick(struct mmu_notifier *notifier,
				 struct hva_range range)
{
	ept_notifier_ops.protect_end(notifier, range);
	kick(notifier);
}

static void upgrade_done_and_kick(struct mmu_notifier *notifier,
				  struct hva_range range)
{
	ept_notifier_ops.upgrade_done(notifier, range);
	kick(notifier);
}

void mutate_kick_nowait(struct mutation *m)
{
	m->policy.deliver = &nowait;
	m->ops.end = end_and_kick;
	m->ops.protect_end = protect_end_and_kick;
	m->ops.upgrade_done = upgrade_done_and_kick;
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
