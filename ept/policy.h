/*
 * A policy is data: a row of choices on independent axes (docs/contract.md,
 * section 7). It says what the secondary MMU does when the primary changes.
 * A new one costs a row here; docs/adding.md shows how.
 */
#ifndef EPT_POLICY_H
#define EPT_POLICY_H

#include "ept/format.h"

struct ept;

/* What start and end do about a change that change_pte handles too. */
enum start_choice { START_ZAP, START_IGNORE };

/* T2: P gains W with the same frame. */
enum upgrade_choice {
	UPGRADE_SILENT,		/* nothing: the next guest write faults */
	UPGRADE_FLUSH,		/* S gains W, and is flushed */
	UPGRADE_NOFLUSH,	/* S gains W; spurious violations are possible */
};

/* When the flush that change_pte owes is issued. */
enum when_choice {
	WHEN_NOW,		/* before ML is dropped */
	WHEN_BATCH,		/* T4 before the first comparison, T3a at the
				 * end of the scan pass: one for all */
	WHEN_DEFER,		/* T3a at the first hazard of section 6 */
};

/* What becomes of a present S when P turns into @new. */
typedef spte_t (*spte_change_fn)(const struct spte_format *format, spte_t old,
				 pte_t new);

struct policy {
	const char *name;
	const char *models;		/* what it models, for ./tandem list */
	enum start_choice start;
	spte_change_fn cleared;		/* right after N2; NULL: nothing */
	spte_change_fn change;		/* N4; NULL: nothing, S was zapped */
	spte_change_fn protect;		/* R3 */
	enum upgrade_choice upgrade;
	enum when_choice when;
	/* How a needed flush is delivered. Under ML, entries stored. */
	void (*deliver)(struct ept *ept);
	bool is_mutant;			/* broken on purpose: see mutant.h */
};

extern const struct policy policies[];
extern const u32 policy_count;

/* The policy with that name, or NULL. */
const struct policy *policy_find(const char *name);

/* Choices for spte_change_fn. */
spte_t spte_change_zap(const struct spte_format *f, spte_t old, pte_t new);
spte_t spte_change_wrprotect(const struct spte_format *f, spte_t old,
			     pte_t new);
spte_t spte_change_rewrite(const struct spte_format *f, spte_t old, pte_t new);
spte_t spte_change_rewrite_ro(const struct spte_format *f, spte_t old,
			      pte_t new);

/* Choices for deliver. */
void deliver_kick_and_wait(struct ept *ept);

#endif
