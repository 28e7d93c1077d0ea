#include "ept/flush.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"
#include "lib/print.h"
#include "lib/step.h"

COUNTER(remote_tlb_flush_requests);
COUNTER_BY(flush_skipped, absent);
COUNTER_BY(flush_skipped, right_gained);

#define REQUEST_COUNTER(name) COUNTER_BY(requests_by, name);
TRANSITIONS(REQUEST_COUNTER)

static struct counter *const request_counters[TRANSITION_COUNT] = {
#define REQUEST_ENTRY(name) &count_requests_by_##name,
	TRANSITIONS(REQUEST_ENTRY)
};

void ept_flush_now(struct ept *ept, enum transition transition)
{
	STEP_BUG_ON(!spin_is_locked(&ept->lock));
	count(&count_remote_tlb_flush_requests);
	count(request_counters[transition]);
	step(STEP_OWED, ept, 0);
	ept->policy->deliver->deliver(ept);
	step(STEP_ISSUED, ept, 0);
	ept_pending_served(ept);
}

void ept_flush_issue(struct ept *ept, struct ept_flush *flush)
{
	if (flush->owed) {
		ept_pending_join(ept);
		ept_flush_now(ept, flush->transition);
	} else if (flush->gained) {
		count(&count_flush_skipped_right_gained);
	} else {
		count(&count_flush_skipped_absent);
	}
}

void ept_complete(struct ept *ept)
{
	spin_lock(&ept->lock);
	ept_pending_complete(ept, NEED_ALL);
	spin_unlock(&ept->lock);
}
