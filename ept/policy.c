#include "ept/policy.h"

#include "lib/string.h"

const struct policy policies[] = {
	{
		.name = "bracket",
		.models = "Linux 3.7 to today: zap in a bracket (baseline)",
		.start = &starts[START_ZAP],
		.cleared = &cleareds[CLEARED_NOTHING],
		.change = &changes[CHANGE_NOTHING],
		.protect = &protects[PROTECT_ZAP],
		.upgrade = &upgrades[UPGRADE_SILENT],
		.when = &whens[WHEN_NOW],
		.deliver = &delivers[DELIVER_KICK_AND_WAIT],
	}, {
		.name = "clear-flush-notify",
		.models = "the notifying clear-and-flush, the mail's mistake",
		.start = &starts[START_IGNORE],
		.cleared = &cleareds[CLEARED_ZAP],
		.change = &changes[CHANGE_NOTHING],
		.protect = &protects[PROTECT_ZAP],
		.upgrade = &upgrades[UPGRADE_SILENT],
		.when = &whens[WHEN_NOW],
		.deliver = &delivers[DELIVER_KICK_AND_WAIT],
	}, {
		.name = "change-2009",
		.models = "Linux 2.6.32 as it was meant: rewrite read-only ones",
		.start = &starts[START_IGNORE],
		.cleared = &cleareds[CLEARED_NOTHING],
		.change = &changes[CHANGE_REWRITE_RO],
		.protect = &protects[PROTECT_ZAP],
		.upgrade = &upgrades[UPGRADE_SILENT],
		.when = &whens[WHEN_NOW],
		.deliver = &delivers[DELIVER_KICK_AND_WAIT],
	}, {
		.name = "change-pte",
		.models = "the mail's ideal: rewrite with the new rights",
		.start = &starts[START_IGNORE],
		.cleared = &cleareds[CLEARED_NOTHING],
		.change = &changes[CHANGE_REWRITE],
		.protect = &protects[PROTECT_WRPROTECT],
		.upgrade = &upgrades[UPGRADE_FLUSH],
		.when = &whens[WHEN_NOW],
		.deliver = &delivers[DELIVER_KICK_AND_WAIT],
	}, {
		.name = "upgrade-noflush",
		.models = "change-pte; a gained right is not flushed",
		.start = &starts[START_IGNORE],
		.cleared = &cleareds[CLEARED_NOTHING],
		.change = &changes[CHANGE_REWRITE],
		.protect = &protects[PROTECT_WRPROTECT],
		.upgrade = &upgrades[UPGRADE_NOFLUSH],
		.when = &whens[WHEN_NOW],
		.deliver = &delivers[DELIVER_KICK_AND_WAIT],
	}, {
		.name = "batch",
		.models = "upgrade-noflush; a scan pass shares its flushes",
		.start = &starts[START_IGNORE],
		.cleared = &cleareds[CLEARED_NOTHING],
		.change = &changes[CHANGE_REWRITE],
		.protect = &protects[PROTECT_WRPROTECT],
		.upgrade = &upgrades[UPGRADE_NOFLUSH],
		.when = &whens[WHEN_BATCH],
		.deliver = &delivers[DELIVER_KICK_AND_WAIT],
	}, {
		.name = "defer",
		.models = "upgrade-noflush; a merge is flushed when it must be",
		.start = &starts[START_IGNORE],
		.cleared = &cleareds[CLEARED_NOTHING],
		.change = &changes[CHANGE_REWRITE],
		.protect = &protects[PROTECT_WRPROTECT],
		.upgrade = &upgrades[UPGRADE_NOFLUSH],
		.when = &whens[WHEN_DEFER],
		.deliver = &delivers[DELIVER_KICK_AND_WAIT],
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
