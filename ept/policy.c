#include "ept/policy.h"

#include "arch/x86/handshake.h"
#include "ept/ept.h"
#include "lib/string.h"

spte_t spte_change_zap(const struct spte_format *f, spte_t old, pte_t new)
{
	(void)f, (void)old, (void)new;
	return spte_zapped();
}

spte_t spte_change_wrprotect(const struct spte_format *f, spte_t old,
			     pte_t new)
{
	(void)new;
	return spte_wrprotect(f, old);
}

/* The right to write comes after the flush: see on_change_pte(). */
spte_t spte_change_rewrite(const struct spte_format *f, spte_t old, pte_t new)
{
	(void)old;
	return spte_wrprotect(f, spte_make(f, new));
}

/* Linux 2.6.32: what becomes writable is left to the next fault. */
spte_t spte_change_rewrite_ro(const struct spte_format *f, spte_t old,
			      pte_t new)
{
	return pte_writable(new) ? spte_change_zap(f, old, new)
				 : spte_change_rewrite(f, old, new);
}

void deliver_kick_and_wait(struct ept *ept)
{
	handshake_flush_secondary(ept->tlbs, ept->tlb_count);
}

const struct policy policies[] = {
	{
		.name = "bracket",
		.models = "Linux 3.7 to today: zap in a bracket (baseline)",
		.start = START_ZAP,
		.protect = spte_change_zap,
		.upgrade = UPGRADE_SILENT,
		.deliver = deliver_kick_and_wait,
	}, {
		.name = "clear-flush-notify",
		.models = "the notifying clear-and-flush, the mail's mistake",
		.start = START_IGNORE,
		.cleared = spte_change_zap,
		.protect = spte_change_zap,
		.upgrade = UPGRADE_SILENT,
		.deliver = deliver_kick_and_wait,
	}, {
		.name = "change-2009",
		.models = "Linux 2.6.32 as it was meant: rewrite read-only ones",
		.start = START_IGNORE,
		.change = spte_change_rewrite_ro,
		.protect = spte_change_zap,
		.upgrade = UPGRADE_SILENT,
		.deliver = deliver_kick_and_wait,
	}, {
		.name = "change-pte",
		.models = "the mail's ideal: rewrite with the new rights",
		.start = START_IGNORE,
		.change = spte_change_rewrite,
		.protect = spte_change_wrprotect,
		.upgrade = UPGRADE_FLUSH,
		.deliver = deliver_kick_and_wait,
	}, {
		.name = "upgrade-noflush",
		.models = "change-pte; a gained right is not flushed",
		.start = START_IGNORE,
		.change = spte_change_rewrite,
		.protect = spte_change_wrprotect,
		.upgrade = UPGRADE_NOFLUSH,
		.deliver = deliver_kick_and_wait,
	}, {
		.name = "batch",
		.models = "upgrade-noflush; a scan pass shares its flushes",
		.start = START_IGNORE,
		.change = spte_change_rewrite,
		.protect = spte_change_wrprotect,
		.upgrade = UPGRADE_NOFLUSH,
		.when = WHEN_BATCH,
		.deliver = deliver_kick_and_wait,
	}, {
		.name = "defer",
		.models = "upgrade-noflush; a merge is flushed when it must be",
		.start = START_IGNORE,
		.change = spte_change_rewrite,
		.protect = spte_change_wrprotect,
		.upgrade = UPGRADE_NOFLUSH,
		.when = WHEN_DEFER,
		.deliver = deliver_kick_and_wait,
	},
};

const u32 policy_count = array_count(policies);

const struct policy *policy_find(const char *name)
{
	u32 i;

	for (i = 0; i < policy_count; i++)
		if (!strcmp(policies[i].name, name))
			return &policies[i];
	return NULL;
}
