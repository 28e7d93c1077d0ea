#include "mm/notifier.h"

#define for_each_notifier(n, mm) \
	for (struct mmu_notifier *n = (mm)->notifiers; n; n = n->next)

void mmu_notifier_register(struct mm *mm, struct mmu_notifier *notifier)
{
	write_lock(&mm->mmap_lock);
	notifier->next = mm->notifiers;
	mm->notifiers = notifier;
	write_unlock(&mm->mmap_lock);
}

void mmu_notifier_unregister(struct mm *mm, struct mmu_notifier *notifier)
{
	struct mmu_notifier **link;

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
		n->ops->start(n, range, reason);
}

void mmu_notifier_end(struct mm *mm, struct hva_range range,
		      enum invalidate_reason reason)
{
	for_each_notifier(n, mm)
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
		n->ops->cleared(n, hva, reason);
}

void mmu_notifier_change_pte(struct mm *mm, hva_t hva, pte_t old, pte_t new)
{
	for_each_notifier(n, mm)
		n->ops->change_pte(n, hva, old, new);
}

void mmu_notifier_upgrade(struct mm *mm, hva_t hva, pte_t new)
{
	for_each_notifier(n, mm)
		n->ops->upgrade(n, hva, new);
}

void mmu_notifier_upgrade_done(struct mm *mm, struct hva_range range)
{
	for_each_notifier(n, mm)
		n->ops->upgrade_done(n, range);
}

bool mmu_notifier_follows_upgrades(struct mm *mm)
{
	for_each_notifier(n, mm)
		if (!n->follows_upgrades)
			return false;
	return true;
}
