/*
 * Broken orders of the primary's steps, and broken ways in and out of the
 * guest.
 */
#include "lab/mutant/mutations.h"

#include "lib/error.h"
#include "mm/hpt.h"
#include "mm/rmap.h"

/* --- N1 to N5. */

static void swap(struct mutation *m, enum step a, enum step b)
{
	struct change_step *steps = m->change.steps, step;
	u32 at = 0, with = 0;

	while (steps[at].name != a)
		at++;
	while (steps[with].name != b)
		with++;
	step = steps[at];
	steps[at] = steps[with];
	steps[with] = step;
}

void mutate_set_first(struct mutation *m)
{
	swap(m, STEP_N4, STEP_N5);
}

/* N2 comes after N4: P is cleared, and flushed, only to be set. */
void mutate_no_clear(struct mutation *m)
{
	swap(m, STEP_N2, STEP_N3);
	swap(m, STEP_N2, STEP_N4);
}

static int n3_unchecked(struct change *c)
{
	c->known_references = ANY_REFERENCES;
	return change_n3_check(c);
}

void mutate_pin_ignored(struct mutation *m)
{
	u32 i;

	for (i = 0; m->change.steps[i].perform; i++)
		if (m->change.steps[i].name == STEP_N3)
			m->change.steps[i].perform = n3_unchecked;
}

/* The mapping is forgotten, as if it had been discarded. */
static void forget(struct change *c)
{
	if (!pte_present(c->cleared))
		return;
	rmap_remove(c->old, c->ptep);
	frame_put(c->old);
}

void mutate_restore_lost(struct mutation *m)
{
	m->change.give_up = forget;
}

/* --- First touch. */

static void before_nothing(struct mm *mm, hva_t hva)
{
	(void)mm;
	(void)hva;
}

void mutate_touch_early(struct mutation *m)
{
	m->touch.before = before_nothing;
}

/* --- Merging. */

/* T5: whatever right P has. */
static int replace_writable(struct merge *merge)
{
	pte_t *ptep = hpt_walk(merge->mm, merge->hva);
	pte_t seen = ptep ? pte_read(ptep) : pte_none();

	if (!pte_present(seen) ||
	    pte_pfn(seen).n != frame_pfn(merge->frame).n)
		return -EAGAIN;
	return merge_replace_seen(merge, seen);
}

static int step_nothing(struct merge *merge)
{
	(void)merge;
	return 0;
}

void mutate_merge_unprotected(struct mutation *m)
{
	m->merge.steps[MERGE_WRPROTECT] = step_nothing;
	m->merge.steps[MERGE_REPLACE] = replace_writable;
}

void mutate_compare_early(struct mutation *m)
{
	m->merge.steps[MERGE_WRPROTECT] = merge_step_compare;
	m->merge.steps[MERGE_COMPARE] = merge_step_wrprotect;
}

/* --- Entry and exit. */

static void enter_late(struct vcpu_tlb *tlb)
{
	struct cpu *cpu = this_cpu();

	step(STEP_ENTER, tlb, cpu->id);
	handshake_e3(tlb);					/* E3 */
	WRITE_ONCE(cpu->mode, CPU_INSIDE);			/* E1 */
	step(STEP_E1, tlb, cpu->id);
	full_barrier();						/* E2 */
	step(STEP_E2, tlb, cpu->id);
}

void mutate_entry_late(struct mutation *m)
{
	m->handshake.enter = enter_late;
}

static void enter_without_barrier(struct vcpu_tlb *tlb)
{
	struct cpu *cpu = this_cpu();

	step(STEP_ENTER, tlb, cpu->id);
	WRITE_ONCE(cpu->mode, CPU_INSIDE);			/* E1 */
	handshake_e3(tlb);					/* E3 */
}

void mutate_entry_nobarrier(struct mutation *m)
{
	m->handshake.enter = enter_without_barrier;
}

static void exit_without_barrier(void)
{
	struct cpu *cpu = this_cpu();

	step(STEP_EXIT, NULL, cpu->id);
	WRITE_ONCE(cpu->mode, CPU_OUTSIDE);			/* X1 */
	handshake_primary_ipi();				/* X3 */
	step(STEP_X3, NULL, cpu->id);
}

void mutate_exit_nobarrier(struct mutation *m)
{
	m->handshake.exit = exit_without_barrier;
}
