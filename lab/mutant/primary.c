/*
 * Broken orders of the primary's steps, and broken ways in and out of the
 * guest.
 */
#include "lab/mutant/mutations.h"

#include "arch/x86/counter.h"
#include "arch/x86/tlb.h"
#include "lib/error.h"
#include "mm/hpt.h"
#include "mm/rmap.h"

/* --- N1 to N5. */

void mutate_set_first(struct mutation *m)
{
	m->change = (struct change_order){ {
		{ change_n1_recheck, STEP_N1 },
		{ change_n2_clear, STEP_N2 },
		{ change_n3_check, STEP_N3 },
		{ change_n5_primary, STEP_N5 },
		{ change_n4_secondary, STEP_N4 },
	} };
}

/* N3 with P in place: there is nothing to restore. */
static int n3_check_in_place(struct change *c)
{
	mmu_notifier_cleared(c->mm, c->hva, c->reason);
	return c->known_references == ANY_REFERENCES ||
	       rmap_extra_references(c->old) == c->known_references
		? 0 : -EBUSY;
}

/* P is cleared, and flushed, only to be set. */
void mutate_no_clear(struct mutation *m)
{
	m->change = (struct change_order){ {
		{ change_n1_recheck, STEP_N1 },
		{ n3_check_in_place, STEP_N3 },
		{ change_n4_secondary, STEP_N4 },
		{ change_n2_clear, STEP_N2 },
		{ change_n5_primary, STEP_N5 },
	} };
}

static int n3_unchecked(struct change *c)
{
	mmu_notifier_cleared(c->mm, c->hva, c->reason);
	return 0;
}

static void replace_n3(struct mutation *m, int (*perform)(struct change *))
{
	u32 i;

	for (i = 0; m->change.steps[i].perform; i++)
		if (m->change.steps[i].name == STEP_N3)
			m->change.steps[i].perform = perform;
}

void mutate_pin_ignored(struct mutation *m)
{
	replace_n3(m, n3_unchecked);
}

/* The mapping is forgotten, as if it had been discarded. */
static int n3_without_restore(struct change *c)
{
	mmu_notifier_cleared(c->mm, c->hva, c->reason);
	if (c->known_references == ANY_REFERENCES ||
	    rmap_extra_references(c->old) == c->known_references)
		return 0;
	rmap_remove(c->old, c->ptep);
	frame_put(c->old);
	return -EBUSY;
}

void mutate_restore_lost(struct mutation *m)
{
	replace_n3(m, n3_without_restore);
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
	struct change change = {
		.mm = merge->mm, .hva = merge->hva,
		.ptep = hpt_walk(merge->mm, merge->hva),
		.old = merge->frame, .new = merge->shared, .right = PTE_RO,
		.reason = INVALIDATE_MERGE,
		.known_references = 1,
	};

	if (!change.ptep)
		return -EAGAIN;
	change.seen = pte_read(change.ptep);
	if (!pte_present(change.seen) ||
	    pte_pfn(change.seen).n != frame_pfn(merge->frame).n)
		return -EAGAIN;
	return change_mapping(&change);
}

static int step_nothing(struct merge *merge)
{
	(void)merge;
	return 0;
}

void mutate_merge_unprotected(struct mutation *m)
{
	m->merge = (struct merge_order){
		{ merge_step_compare, replace_writable, step_nothing },
	};
}

void mutate_compare_early(struct mutation *m)
{
	m->merge = (struct merge_order){
		{ merge_step_compare, merge_step_wrprotect,
		  merge_step_replace },
	};
}

/* --- Entry and exit. */

static void take_secondary(struct vcpu_tlb *tlb)
{
	u64 request = READ_ONCE(tlb->requested);

	if (request == tlb->taken)
		return;
	WRITE_ONCE(tlb->taken, request);
	step(STEP_FLUSH, tlb, cpu_id());
	tlb_flush_secondary(tlb->root);
}

static void enter_late(struct vcpu_tlb *tlb)
{
	struct cpu *cpu = this_cpu();

	step(STEP_ENTER, tlb, cpu->id);
	take_secondary(tlb);					/* E3 */
	step(STEP_E3, tlb, cpu->id);
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
	take_secondary(tlb);					/* E3 */
	step(STEP_E3, tlb, cpu->id);
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
