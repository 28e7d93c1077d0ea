#include "ept/pending.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"
#include "ept/flush.h"
#include "lib/step.h"

bool ept_postpone(struct ept *ept, const struct ept_flush *flush, pte_t old,
		  pte_t new)
{
	const struct when_choice *when = ept->policy->when;
	struct pending *pending = &ept->pending;

	STEP_BUG_ON(!spin_is_locked(&ept->lock));
	if (!flush->owed || !(when->waits & 1u << flush->transition))
		return false;
	if (flush->transition == TRANSITION_T3a) {
		if (!quarantine_add(&pending->quarantine,
				    pfn_frame(pte_pfn(old)),
				    pfn_frame(pte_pfn(new))))
			return false;
	} else {
		pending->rights = true;
	}
	/* The first one has not been requested yet. */
	if (pending->events++)
		count(when->skipped);
	else
		pending->first = flush->transition;
	return true;
}

void ept_pending_join(struct ept *ept)
{
	if (ept->pending.events)
		count(ept->policy->when->skipped);
}

void ept_pending_served(struct ept *ept)
{
	struct pending served = ept->pending;

	if (!served.events)
		return;
	ept->pending = (struct pending){ 0 };
	quarantine_release(&served.quarantine);
}

/* Does @need end the wait of what is postponed under @when? */
static bool is_needed(const struct when_choice *when,
		      const struct pending *pending, enum mmu_need need)
{
	switch (need) {
	case NEED_CONTENT:
		return pending->rights;
	case NEED_FRAMES:
		return pending->quarantine.first;
	case NEED_PASS_END:
		return when->ends_with_pass;
	case NEED_ALL:
		break;
	}
	return true;
}

bool ept_pending_complete(struct ept *ept, enum mmu_need need)
{
	STEP_BUG_ON(!spin_is_locked(&ept->lock));
	if (!ept->pending.events ||
	    !is_needed(ept->policy->when, &ept->pending, need))
		return false;
	ept_flush_now(ept, ept->pending.first);
	return true;
}

bool when_wants_stages(const struct when_choice *when)
{
	return when->waits & 1u << TRANSITION_T4;
}
