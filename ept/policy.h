/*
 * A policy is data: a row of choices on independent axes (docs/contract.md,
 * section 7). It says what the secondary MMU does when the primary changes.
 * A new one costs a row here; docs/adding.md shows how.
 */
#ifndef EPT_POLICY_H
#define EPT_POLICY_H

#include "ept/format.h"

struct ept;

struct counter;

/* What becomes of a present S when P turns into @new. */
typedef spte_t (*spte_change_fn)(const struct spte_format *format, spte_t old,
				 pte_t new);

/*
 * An axis is a table of choices, in axes.c; each row begins with its name. Its
 * row holds all that a choice means: no code asks which one it is.
 */
struct choice {
	const char *name;
	const char *about;		/* for ./tandem list axes */
};

/* What start and end do on a change that change_pte also handles. */
struct start_choice {
	struct choice choice;
	bool zaps;
};
enum { START_ZAP, START_IGNORE };
extern const struct start_choice starts[];

/* What becomes of S: right after N2, at N4, at R3. */
struct leaf_choice {
	struct choice choice;
	spte_change_fn change;		/* NULL: it stays as it is */
};
enum { CLEARED_NOTHING, CLEARED_ZAP };
enum { CHANGE_NOTHING, CHANGE_REWRITE, CHANGE_REWRITE_RO };
enum { PROTECT_ZAP, PROTECT_WRPROTECT };
extern const struct leaf_choice cleareds[], changes[], protects[];

/* T2: P gains W with the same frame. */
struct upgrade_choice {
	struct choice choice;
	bool follows;			/* S gains W too */
	bool flushes;			/* and is flushed; if not, spurious
					 * violations are possible */
};
enum { UPGRADE_SILENT, UPGRADE_FLUSH, UPGRADE_NOFLUSH };
extern const struct upgrade_choice upgrades[];

/* When the flush that change_pte owes is issued: see pending.h. */
struct when_choice {
	struct choice choice;
	u32 waits;			/* mask of transitions that may wait;
					 * 0: before ML is dropped */
	bool ends_with_pass;
	struct counter *skipped;
};
enum { WHEN_NOW, WHEN_BATCH, WHEN_DEFER };
extern const struct when_choice whens[];

/* How a needed flush is delivered. Under ML, entries stored. */
struct deliver_choice {
	struct choice choice;
	void (*deliver)(struct ept *ept);
};
enum { DELIVER_KICK_AND_WAIT };
extern const struct deliver_choice delivers[];

struct policy {
	const char *name;
	const char *models;		/* what it models, for ./tandem list */
	const struct start_choice *start;
	const struct leaf_choice *cleared;	/* right after N2 */
	const struct leaf_choice *change;	/* N4 */
	const struct leaf_choice *protect;	/* R3 */
	const struct upgrade_choice *upgrade;
	const struct when_choice *when;
	const struct deliver_choice *deliver;
};

extern const struct policy policies[];
extern const u32 policy_count;

/* The policy with that name, or NULL. */
const struct policy *policy_find(const char *name);

/* Choices for spte_change_fn, and for deliver. */
spte_t spte_change_zap(const struct spte_format *f, spte_t old, pte_t new);
void deliver_kick_and_wait(struct ept *ept);

#endif
