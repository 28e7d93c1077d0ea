#include "mm/notifier.h"

#include "lib/print.h"

#define for_each_notifier(n, mm) \
	for (struct mmu_notifier *n = (mm)->notifiers; n; n = n->next)

/*
 * The postponers of all address spaces: a frame that one of them keeps may be
 * mapped, and counted, in any other. Lock order: between rmap and ML.
 */
static spinlock_t postponers_lock;
struct mmu_notifier *mmu_notifier_postponers;

static void add_postponer(struct mmu_notifier *notifier)
{
	spin_lock(&postponers_lock);
	for (struct mmu_notifier *n = mmu_notifier_postponers; n;
	     n = n->next_postponer)
		BUG_ON(n == notifier);
	notifier->next_postponer = mmu_notifier_postponers;
	WRITE_ONCE(mmu_notifier_postponers, notifier);
	spin_unlock(&postponers_lock);
}

static void remove_postponer(struct mmu_notifier *notifier)
{
	struct mmu_notifier **link = &mmu_notifier_postponers;

	spin_lock(&postponers_lock);
	while (*link != notifier)
		link = &(*link)->next_postponer;
	WRITE_ONCE(*link, notifier->next_postponer);
	spin_unlock(&postponers_lock);
}

void mmu_notifier_register(struct mm *mm, struct mmu_notifier *notifier)
{
	write_lock(&mm->mmap_lock);
	notifier->next = mm->notifiers;
	mm->notifiers = notifier;
	write_unlock(&mm->mmap_lock);
	if (notifier->postpones)
		add_postponer(notifier);
}

void mmu_notifier_unregister(struct mm *mm, struct mmu_notifier *notifier)
{
	struct mmu_notifier **link;

	if (notifier->postpones)
		remove_postponer(notifier);
	write_lock(&mm->mmap_lock);
	for (link = &mm->notifiers; *link; link = &(*link)->next) {
		if (*link == notifier) {
			*link = notifier->next;
			break;
		}
	}
	write_unlock(&mm->mmap_lock);
}

void mmu_notifier_start(struct mm *mm, struct hva_range range,
			enum invalidate_reason reason)
{
	for_each_notifier(n, mm)
		if (!(n->ignored_brackets & 1u << reason))
			n->ops->start(n, range, reason);
}

void mmu_notifier_end(struct mm *mm, struct hva_range range,
		      enum invalidate_reason reason)
{
	for_each_notifier(n, mm)
		if (!(n->ignored_brackets & 1u << reason))
			n->ops->end(n, range, reason);
}

void mmu_notifier_protect_start(struct mm *mm, struct hva_range range)
{
	for_each_notifier(n, mm)
		n->ops->protect_start(n, range);
}

void mmu_notifier_protect_end(struct mm *mm, struct hva_range range)
{
	for_each_notifier(n, mm)
		n->ops->protect_end(n, range);
}

void mmu_notifier_cleared(struct mm *mm, hva_t hva,
			  enum invalidate_reason reason)
{
	for_each_notifier(n, mm)
		if (!n->ignores_cleared)
			n->ops->cleared(n, hva, reason);
}

static void change_round(struct mm *mm, hva_t hva, pte_t old, pte_t new,
			 enum invalidate_reason reason, enum change_round round)
{
	for_each_notifier(n, mm)
		if (!n->ignores_change)
			n->ops->change_pte(n, hva, old, new, reason, round);
}

void mmu_notifier_change_pte(struct mm *mm, hva_t hva, pte_t old, pte_t new,
			     enum invalidate_reason reason)
{
	struct mmu_notifier *first = mm->notifiers;

	if (first && !first->next) {
		if (!first->ignores_change)
			first->ops->change_pte(first, hva, old, new, reason,
					       CHANGE_WHOLE);
		return;
	}
	change_round(mm, hva, old, new, reason, CHANGE_FRAME);
	change_round(mm, hva, old, new, reason, CHANGE_RIGHT);
}

void mmu_notifier_before_upgrade(struct mm *mm, hva_t hva, pte_t old)
{
	for_each_notifier(n, mm)
		if (n->postpones)
			n->ops->before_upgrade(n, hva, old);
}

void mmu_notifier_upgrade(struct mm *mm, hva_t hva, pte_t new)
{
	for_each_notifier(n, mm)
		if (n->follows_upgrades)
			n->ops->upgrade(n, hva, new);
}

void mmu_notifier_upgrade_done(struct mm *mm, struct hva_range range)
{
	for_each_notifier(n, mm)
		if (n->follows_upgrades)
			n->ops->upgrade_done(n, range);
}

bool mmu_notifier_complete_all(enum mmu_need need)
{
	struct mmu_notifier *n;
	bool any = false;

	spin_lock(&postponers_lock);
	for (n = mmu_notifier_postponers; n; n = n->next_postponer)
		any |= n->ops->complete(n, need);
	spin_unlock(&postponers_lock);
	return any;
}

bool mmu_notifier_wants_stages(struct mm *mm)
{
	bool wants = false;

	read_lock(&mm->mmap_lock);
	for_each_notifier(n, mm)
		wants |= n->wants_stages;
	read_unlock(&mm->mmap_lock);
	return wants;
}

bool mmu_notifier_follows_upgrades(struct mm *mm)
{
	for_each_notifier(n, mm)
		if (!n->follows_upgrades)
			return false;
	return true;
}
