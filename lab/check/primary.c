/*
 * The rules about P: the steps of a change, the host's own flushes, and frames
 * from one use to the next.
 */
#include "lab/check/state.h"

/* --- N1 to N5, under PTL. */

pte_t check_pte(const struct check_vm *vm, hva_t hva)
{
	pte_t *ptep = hpt_walk(vm->ept->mm, hva);

	return ptep ? pte_read(ptep) : pte_none();
}

static void on_n2(const struct check_vm *watching,
		  const struct step_event *event, const struct change *change)
{
	struct cpu_record *cpu = check_cpu();

	if (pte_present(pte_read(change->ptep)))
		check_violated(watching, RULE_O3, event, CHECK_NONE, change->hva.v,
			       0);
	cpu->empty = true;
	cpu->counted = change->known_references == ANY_REFERENCES;
	for_each_vm_over(vm, change->mm)
		check_vm_cpu(vm)->seq = READ_ONCE(vm->ept->seq);
}

static void on_n4(const struct check_vm *watching,
		  const struct step_event *event, const struct change *change)
{
	if (!check_cpu()->counted)
		check_violated(watching, RULE_O17, event, CHECK_NONE, change->hva.v,
			       0);
	if (change->new != change->old && pte_writable(change->seen))
		check_violated(watching, RULE_O4, event, CHECK_NONE, change->hva.v,
			       0);
}

/* S of every alias is what P is now, or absent; and flushed, unless it is
 * T3a or T4, whose flush may come later (section 6). */
static void on_n5(struct check_vm *vm, const struct step_event *event,
		  const struct change *change)
{
	const struct spte_format *f = vm->ept->format;
	u32 right = 0, wrong = 0;
	u64 which = CHECK_NONE, end = 0;

	for_each_alias(gfn, vm, change->hva) {
		struct gfn_record *g = check_gfn(vm, gfn.n);
		spte_t s = { g->shadow };

		if (g->removed > end)
			end = g->removed;
		if (!check_exceeds(vm, s, check_pte(vm, change->hva))) {
			right += spte_present(f, s);
		} else {
			wrong++;
			which = gfn.n;
		}
	}
	if (wrong)
		check_violated(vm, right ? RULE_O16 : RULE_O2, event, which,
			       change->hva.v, 0);
	/* A migration's I1 may have ended S once more: it flushes itself. */
	if (end && change->new != change->old && change->right == PTE_RW &&
	    !check_in_other_bracket(vm, change->hva))
		check_flushed(vm, RULE_O2, event, CHECK_NONE, change->hva.v, end);
	/* In a bracket seq moves at its end, and inprog refuses until then. */
	if (READ_ONCE(vm->ept->seq) == check_vm_cpu(vm)->seq &&
	    !check_in_bracket(vm, change->hva))
		check_violated(vm, RULE_O1, event, CHECK_NONE, change->hva.v, 0);
}

static void on_abort(const struct check_vm *watching,
		     const struct step_event *event,
		     const struct change *change)
{
	pte_t p = pte_read(change->ptep);

	if (check_cpu()->empty && (pte_pfn(p).n != pte_pfn(change->cleared).n
				     || pte_right(p) !=
					pte_right(change->cleared)))
		check_violated(watching, RULE_O17, event, CHECK_NONE, change->hva.v,
			       0);
}

static void end_change(struct cpu_record *cpu)
{
	cpu->empty = false;
	atomic_add(&check.changes_ended, 1);
	store_release(&cpu->changing, 0ull);
}

/* A VM over @mm; NULL: none is watched. */
static const struct check_vm *watching(const struct mm *mm)
{
	for_each_vm_over(vm, mm)
		return vm;
	return NULL;
}

void check_hear_change(const struct step_event *event)
{
	const struct change *change = event->object;
	const struct check_vm *vm = watching(change->mm);
	struct cpu_record *cpu = check_cpu();

	if (!vm)
		return;
	switch (event->step) {
	case STEP_N1:
		WRITE_ONCE(cpu->changing_mm, change->mm);
		store_release(&cpu->changing, change->hva.v + 1);
		break;
	case STEP_N2:
		on_n2(vm, event, change);
		break;
	case STEP_REFS:
		cpu->counted = event->from == event->to;
		break;
	case STEP_N4:
		on_n4(vm, event, change);
		break;
	case STEP_N5:
		for_each_vm_over(each, change->mm)
			on_n5(each, event, change);
		end_change(cpu);
		break;
	default:
		on_abort(vm, event, change);
		end_change(cpu);
	}
}

/* --- P and its frames. */

static void count_pte(pte_t p, u32 n)
{
	if (pte_present(p) && pte_writable(p))
		atomic_add(&check_frame(pte_pfn(p).n)->writable_ptes, n);
}

/*
 * Whoever may still use the frame by another way sees it change (O6); whoever
 * may still use what it came in the place of does not (O2, T3a). In an
 * invalidation of another CPU's S goes first: that one flushes, and until then
 * P may come back as it was (N3).
 */
static void becomes_writable(const struct step_event *event, pte_t new,
			     hva_t hva)
{
	for_each_checked_vm(vm) {
		const struct use_record *use = check_use(vm, pte_pfn(new).n);

		if (vm->ept->mm == event->object &&
		    check_in_other_bracket(vm, hva))
			continue;
		check_flushed(vm, RULE_O6, event, CHECK_NONE, hva.v,
			      load_acquire(&use->removed));
		check_flushed(vm, RULE_O2, event, CHECK_NONE, hva.v,
			      load_acquire(&use->replaced));
	}
}

/*
 * P comes back: whatever it was before, no CPU of the host's holds it any more.
 * One page may be all that this CPU had to drop itself.
 */
static void comes_back(const struct check_vm *vm,
		       const struct step_event *event, u64 end)
{
	const struct cpu_record *cpu = check_cpu();
	u64 mask = check_loaded_by(vm->ept->mm), holders;

	if (cpu->page == event->subject && cpu->page_stamp > end)
		mask &= ~(1ull << cpu_id());
	holders = tlb_model_demand(&check.primary, mask, end);
	if (holders)
		check_violated(vm, RULE_T8, event, CHECK_NONE, event->subject,
			       holders);
}

static void goes_or_comes_back(struct check_vm *vm,
			       const struct step_event *event, pte_t old,
			       pte_t new, hva_t hva)
{
	u64 end = 0;

	if (pte_present(old) == pte_present(new))
		return;
	for_each_alias(gfn, vm, hva) {
		struct gfn_record *g = check_gfn(vm, gfn.n);

		if (pte_present(old))
			g->p_removed = tlb_model_clock();
		else
			end = g->p_removed;
	}
	if (end)
		comes_back(vm, event, end);
}

/* A primary flush is owed, at the latest before the frame is freed or R2. */
static void loses(const struct mm *mm, hva_t hva, pte_t old, pte_t new)
{
	struct cpu_record *cpu = check_cpu();

	if (!pte_present(old))
		return;
	if (!pte_present(new)) {
		cpu->cleared = check_end_of(mm);
		cpu->cleared_hva = hva.v;
		cpu->cleared_pfn = pte_pfn(old).n;
		store_release(&check_frame(cpu->cleared_pfn)->p_removed,
			      cpu->cleared);
	} else if (pte_writable(old) && !pte_writable(new)) {
		cpu->protected = tlb_model_clock();
	}
}

static void is_subset(const struct check_vm *vm, const struct step_event *event,
		      pte_t p, hva_t hva)
{
	if (check_in_window(vm, hva))
		return;
	for_each_alias(gfn, vm, hva) {
		spte_t s = { check_gfn(vm, gfn.n)->shadow };

		if (check_exceeds(vm, s, p))
			check_violated(vm, RULE_INV_SUBSET, event, gfn.n,
				       hva.v, 0);
	}
}

/* Under the PTL of that P; of any address space. */
static void on_pte(const struct step_event *event)
{
	pte_t old = { event->from }, new = { event->to };
	hva_t hva = { event->subject };
	struct frame_record *frame;

	count_pte(new, 1);
	count_pte(old, -1u);
	loses(event->object, hva, old, new);
	if (pte_present(new)) {
		frame = check_frame(pte_pfn(new).n);
		if (load_acquire(&frame->writable_ptes) &&
		    rmap_mapcount(pfn_frame(pte_pfn(new))) > 1)
			check_violated(NULL, RULE_INV_WRITE, event, CHECK_NONE,
				       event->subject, 0);
		if (pte_writable(new) && !(pte_present(old) &&
					   pte_writable(old)))
			becomes_writable(event, new, hva);
	}
	for_each_vm_over(vm, event->object) {
		goes_or_comes_back(vm, event, old, new, hva);
		is_subset(vm, event, new, hva);
	}
}

/* Nobody may write to @pfn any more: its content decides something. */
static void content_is_fixed(enum rule rule, const struct step_event *event,
			     u64 pfn)
{
	bool writable = load_acquire(&check_frame(pfn)->writable_ptes);

	for_each_checked_vm(vm) {
		const struct use_record *use = check_use(vm, pfn);

		writable |= load_acquire(&use->writable_leaves);
		check_flushed(vm, rule, event, CHECK_NONE, event->subject,
			      load_acquire(&use->write_removed));
	}
	if (writable)
		check_violated(NULL, rule, event, CHECK_NONE, event->subject,
			       0);
}

/* No VM uses it, nor may a vCPU hold that it did. */
static void is_unused(struct check_vm *vm, const struct step_event *event)
{
	const struct use_record *use = check_use(vm, event->subject);

	if (load_acquire(&use->leaves))
		check_violated(vm, RULE_O6, event, CHECK_NONE, CHECK_NONE, 0);
	check_flushed(vm, use->is_table ? RULE_O15 : RULE_O6, event, CHECK_NONE,
		      CHECK_NONE, load_acquire(&use->removed));
}

/* It ends one use, or begins another one. */
static void on_other_use(const struct step_event *event)
{
	struct frame_record *frame = check_frame(event->subject);
	u64 end = load_acquire(&frame->p_removed), holders;

	holders = tlb_model_demand(&check.primary, check_end_mask(end),
				   check_end_stamp(end));
	if (holders)
		check_violated(NULL, RULE_O6, event, CHECK_NONE, CHECK_NONE,
			       holders);
	for_each_checked_vm(vm)
		is_unused(vm, event);
	if (event->step != STEP_ALLOC)
		return;
	*frame = (struct frame_record){ 0 };
	for_each_checked_vm(vm)
		*check_use(vm, event->subject) = (struct use_record){ 0 };
}

void check_hear_frame(const struct step_event *event)
{
	switch (event->step) {
	case STEP_PTE:
		on_pte(event);
		break;
	case STEP_COMPARE:
		content_is_fixed(RULE_O5, event, event->from);
		content_is_fixed(RULE_O5, event, event->to);
		break;
	case STEP_COPY:
		content_is_fixed(RULE_O4, event, event->from);
		break;
	default:
		on_other_use(event);
	}
}
