#include "lab/mutant/mutant.h"

#include "ept/ept.h"
#include "lab/mutant/mutations.h"
#include "lib/print.h"
#include "lib/rule.h"
#include "lib/scan.h"
#include "lib/string.h"

/* The one that is armed. */
static struct mutation armed;
static struct habits habits;		/* of its address space */

/* Workloads that merge; that change a frame; a frame or a right; that flush. */
#define MERGES	"merge merge-host merge-guest"
#define CHANGES	"cow-host cow-guest zero " MERGES
#define RIGHTS	CHANGES " takeover protect migrate"
#define FLUSHES	RIGHTS " discard"
/* No workload goes where it shows. */
#define BY_LITMUS	NULL, NULL, 0

const struct mutant mutants[] = {
	{ "seq-early", "change-pte", "O1",
	  "seq moves before P is cleared, and not after", mutate_seq_early,
	  CHANGES, NULL, 0 },
	{ "seq-none", "change-pte", "O1",
	  "change_pte does not move seq", mutate_seq_none,
	  CHANGES, NULL, 0 },
	{ "set-first", "change-pte", "O2",
	  "P is set before S is changed, the order of 2009",
	  mutate_set_first,
	  CHANGES, NULL, 0 },
	{ "flush-late", "change-pte", "O2",
	  "change_pte's flush comes after P is set", mutate_flush_late,
	  "cow-host cow-guest zero merge-host merge-guest", NULL, 0 },
	{ "no-clear", "change-pte", "O3",
	  "P stays as it is while S changes", mutate_no_clear,
	  CHANGES, NULL, 0 },
	{ "merge-unprotected", "change-pte", "O4",
	  "pages are merged without write-protection",
	  mutate_merge_unprotected,
	  MERGES, NULL, 2 },
	{ "compare-early", "change-pte", "O5",
	  "pages are compared before they are write-protected",
	  mutate_compare_early,
	  MERGES, NULL, 2 },
	{ "free-early", "change-pte", "O6",
	  "a merge does not flush if nobody else maps the old frame",
	  mutate_free_early,
	  NULL, MERGES, 2 },
	{ "takeover-early", "change-pte", "O6",
	  "a merge does not flush if others map the old frame too",
	  mutate_takeover_early,
	  BY_LITMUS },
	{ "change-creates", "change-pte", "O7",
	  "change_pte makes an absent S present", mutate_change_creates,
	  BY_LITMUS },
	{ "ignore-inprog", "change-pte", "O8",
	  "faults do not ask for running invalidations",
	  mutate_ignore_inprog,
	  NULL, "discard", 0 },
	{ "kick-nowait", "change-pte", "O12",
	  "a flusher kicks and does not wait", mutate_kick_nowait,
	  NULL, RIGHTS, 0 },		/* a discard's guest is out, on a fault */
	{ "entry-late", "change-pte", "O12",
	  "E3 comes before E1", mutate_entry_late,
	  BY_LITMUS },
	{ "entry-nobarrier", "change-pte", "O12",
	  "there is no E2", mutate_entry_nobarrier,
	  BY_LITMUS },
	{ "exit-nobarrier", "change-pte", "O12",
	  "there is no X2", mutate_exit_nobarrier,
	  BY_LITMUS },
	{ "no-flush", "change-pte", "O12",
	  "flushes are counted and never delivered", mutate_no_flush,
	  FLUSHES, NULL, 0 },
	{ "table-free-early", "change-pte", "O15",
	  "table pages are freed before the flush", mutate_table_free_early,
	  "discard", NULL, 512 },
	{ "one-alias", "change-pte", "O16",
	  "only the first alias of a page is changed", mutate_one_alias,
	  BY_LITMUS },
	{ "pin-ignored", "change-pte", "O17",
	  "a merge does not care for other references", mutate_pin_ignored,
	  MERGES, NULL, 2 },
	{ "restore-lost", "change-pte", "O17",
	  "a merge that stops at N3 leaves P empty", mutate_restore_lost,
	  BY_LITMUS },
	{ "touch-early", "change-pte", "T8",
	  "an entry is filled while the flush of who cleared it is owed",
	  mutate_touch_early,
	  BY_LITMUS },
};

const u32 mutant_count = array_count(mutants);

const struct mutant *mutant_find(const char *name)
{
	u32 i;

	for (i = 0; i < mutant_count; i++)
		if (!strcmp(mutants[i].name, name))
			return &mutants[i];
	return NULL;
}

bool mutant_shows(const struct mutant *mutant, const char *workload,
		  bool beside, u32 pages)
{
	return pages >= mutant->min_pages &&
	       (has_word(mutant->shown, workload) ||
		(beside && has_word(mutant->shown_beside, workload)));
}

static struct mutation mutate(const struct mutant *mutant)
{
	const struct policy *base = policy_find(mutant->base);
	struct mutation m = {
		.ops = ept_notifier_ops,
		.n4 = n4_order_right,
		.change = change_order_right,
		.merge = merge_order_right,
		.touch = first_touch_right,
		.handshake = handshake_right,
	};

	BUG_ON(!base);
	m.policy = *base;
	mutant->apply(&m);
	return m;
}

struct policy mutant_policy(const struct mutant *mutant)
{
	return mutate(mutant).policy;
}

void mutant_arm(const struct mutant *mutant, struct ept *ept)
{
	u32 i;

	armed = mutate(mutant);
	ept->notifier.ops = &armed.ops;
	ept->notifier.ignored_brackets = 0;
	n4_order = &armed.n4;
	habits = habits_right;
	habits.change = &armed.change;
	habits.merge = &armed.merge;
	habits.touch = &armed.touch;
	ept->mm->habits = &habits;
	for (i = 0; i < ept->tlb_count; i++)
		ept->tlbs[i]->handshake = &armed.handshake;
	rules_off();
}

/* The ept may be gone already. Who has its address space's habits and is still
 * there goes on with the right ones. */
void mutant_disarm(void)
{
	n4_order = &n4_order_right;
	habits = habits_right;
	rules_on();
}
