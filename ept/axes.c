/*
 * The axes of a policy, and the choices on each: docs/contract.md, section 7.
 */
#include "ept/policy.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"

const struct start_choice starts[] = {
	[START_ZAP] = {
		{ "zap", "start zaps and flushes, end lets faults in again" },
		.zaps = true,
	},
	[START_IGNORE] = {
		{ "ignore", "nothing: change_pte sees to it" },
	},
};

spte_t spte_change_zap(const struct spte_format *f, spte_t old, pte_t new)
{
	(void)f, (void)old, (void)new;
	return spte_zapped();
}

static spte_t wrprotect(const struct spte_format *f, spte_t old, pte_t new)
{
	(void)new;
	return spte_wrprotect(f, old);
}

/* The right to write comes after the flush: see on_change_pte(). */
static spte_t rewrite(const struct spte_format *f, spte_t old, pte_t new)
{
	(void)old;
	return spte_wrprotect(f, spte_make(f, new));
}

/* Linux 2.6.32: what becomes writable is left to the next fault. */
static spte_t rewrite_ro(const struct spte_format *f, spte_t old, pte_t new)
{
	return pte_writable(new) ? spte_change_zap(f, old, new)
				 : rewrite(f, old, new);
}

const struct leaf_choice cleareds[] = {
	[CLEARED_NOTHING] = { { "nothing", "S stays" }, NULL },
	[CLEARED_ZAP] = { { "zap", "S is zapped and flushed" },
			  spte_change_zap },
};

const struct leaf_choice changes[] = {
	[CHANGE_NOTHING] = { { "nothing", "S was zapped before" }, NULL },
	[CHANGE_REWRITE] = { { "rewrite", "S gets P's frame and rights" },
			     rewrite },
	[CHANGE_REWRITE_RO] = { { "rewrite-ro", "the same if P is read-only, "
				  "else S is zapped" }, rewrite_ro },
};

const struct leaf_choice protects[] = {
	[PROTECT_ZAP] = { { "zap", "S is zapped" }, spte_change_zap },
	[PROTECT_WRPROTECT] = { { "wrprotect", "S loses W" }, wrprotect },
};

const struct upgrade_choice upgrades[] = {
	[UPGRADE_SILENT] = {
		{ "silent", "nothing: the next guest write faults" },
	},
	[UPGRADE_FLUSH] = {
		{ "flush", "S gains W, and is flushed" },
		.follows = true, .flushes = true,
	},
	[UPGRADE_NOFLUSH] = {
		{ "noflush", "S gains W; a vCPU may fault once in vain" },
		.follows = true,
	},
};

COUNTER_BY(flush_skipped, batched);
COUNTER_BY(flush_skipped, deferred);

#define WAITS(transition) (1u << TRANSITION_##transition)

const struct when_choice whens[] = {
	[WHEN_NOW] = {
		{ "now", "before ML is dropped" },
	},
	[WHEN_BATCH] = {
		{ "batch", "T4 before the first comparison, T3a at the end of "
		  "the scan pass: one for all" },
		WAITS(T4) | WAITS(T3a), true, &count_flush_skipped_batched,
	},
	[WHEN_DEFER] = {
		{ "defer", "T3a at the first hazard of section 6" },
		WAITS(T3a), false, &count_flush_skipped_deferred,
	},
};

void deliver_kick_and_wait(struct ept *ept)
{
	handshake_flush_secondary(ept->tlbs, ept->tlb_count);
}

const struct deliver_choice delivers[] = {
	[DELIVER_KICK_AND_WAIT] = {
		{ "kick-and-wait", "all vCPUs are asked, those inside are "
		  "kicked and waited for" },
		deliver_kick_and_wait,
	},
};
