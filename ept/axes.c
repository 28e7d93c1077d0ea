/*
 * The axes of a policy, and the choices on each: docs/contract.md, section 7.
 */
#include "ept/axes.h"

#include "arch/x86/counter.h"
#include "ept/ept.h"
#include "lib/print.h"
#include "lib/string.h"

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

/* The right to write comes after the flush: see n4_add_write(). */
static spte_t rewrite(const struct spte_format *f, spte_t old, pte_t new)
{
	(void)old;
	return spte_wrprotect(f, spte_make(f, new));
}

/* Linux 2.6.32: leave an entry that becomes writable to the next fault. */
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

#define AXIS(name, table, about)					\
	{ #name, about, table, array_count(table), sizeof((table)[0]),	\
	  offsetof(struct policy, name) }

const struct axis axes[] = {
	AXIS(start, starts, "I1, I3 of a change that change_pte handles too"),
	AXIS(cleared, cleareds, "right after N2"),
	AXIS(change, changes, "N4"),
	AXIS(protect, protects, "R3"),
	AXIS(upgrade, upgrades, "T2: P gains W with the same frame"),
	AXIS(when, whens, "when N4's flush is issued"),
	AXIS(deliver, delivers, "how a flush is delivered"),
};

const u32 axis_count = array_count(axes);

const struct choice *axis_choice(const struct axis *axis, u32 i)
{
	if (i >= axis->count)
		return NULL;
	return (const void *)((const char *)axis->rows + i * axis->row_size);
}

/* The cells are pointers of several types. */
const struct choice *policy_choice(const struct policy *policy,
				   const struct axis *axis)
{
	const struct choice *choice;

	memcpy(&choice, (const char *)policy + axis->cell, sizeof(choice));
	return choice;
}

void policy_choose(struct policy *policy, const struct axis *axis, u32 i)
{
	const struct choice *choice = axis_choice(axis, i);

	BUG_ON(!choice);
	memcpy((char *)policy + axis->cell, &choice, sizeof(choice));
}

#define FINDS_NOTHING	"change_pte finds S zapped, as in Linux 3.7 to 6.9"
#define NONE_WAITS	"only the flush of change_pte can wait"

const struct exclusion exclusions[] = {
	{ "start=ignore,cleared=nothing,change=nothing",
	  "nobody changes S: the guest keeps the old frame" },
	{ "start=zap,cleared=zap", "start has zapped S already" },
	{ "start=zap,change=rewrite", FINDS_NOTHING },
	{ "start=zap,change=rewrite-ro", FINDS_NOTHING },
	{ "cleared=zap,change=rewrite", FINDS_NOTHING },
	{ "cleared=zap,change=rewrite-ro", FINDS_NOTHING },
	{ "change=nothing,when=batch", NONE_WAITS },
	{ "change=nothing,when=defer", NONE_WAITS },
};

const u32 exclusion_count = array_count(exclusions);

/* Does @text begin with @word and then @end? */
static bool begins_with(const char *text, const char *word, char end)
{
	size_t length = strlen(word);

	return !strncmp(text, word, length) && text[length] == end;
}

/* Does @policy have the choice that @choices begins with, "axis=choice"? */
static bool has_chosen(const struct policy *policy, const char *choices)
{
	u32 i;

	for (i = 0; i < axis_count; i++) {
		const char *name = policy_choice(policy, &axes[i])->name;
		const char *value;

		if (!begins_with(choices, axes[i].name, '='))
			continue;
		value = choices + strlen(axes[i].name) + 1;
		return begins_with(value, name, ',') ||
		       begins_with(value, name, '\0');
	}
	panic("'%s' begins with no axis", choices);
}

static bool excludes(const struct exclusion *exclusion,
		     const struct policy *policy)
{
	const char *at = exclusion->choices;

	for (;;) {
		if (!has_chosen(policy, at))
			return false;
		at = strchr(at, ',');
		if (!at)
			return true;
		at++;
	}
}

const struct exclusion *policy_exclusion(const struct policy *policy)
{
	u32 i;

	for (i = 0; i < exclusion_count; i++)
		if (excludes(&exclusions[i], policy))
			return &exclusions[i];
	return NULL;
}
