/*
 * The rules about S: its changes, the invalidations that run, the flushes, and
 * who uses it.
 */
#include "lab/check/state.h"

#include "arch/x86/counter.h"
#include "arch/x86/insn.h"

/* The model's prediction; see docs/counters.md. */
COUNTER_NAMED(count_pf_spurious_accessed, "predicted.pf_spurious_accessed");

static bool spte_same(spte_t a, spte_t b)
{
	const struct spte_format *f = check.ept->format;

	/* The mark of an absent one may go, with its table (T13). */
	if (!spte_present(f, a) && !spte_present(f, b))
		return true;
	return !((a.v ^ b.v) & ~(f->accessed | f->dirty));
}

static hva_t hva_of(u64 gfn)
{
	const struct memslots *slots = &check.ept->slots;
	u32 i = 0;

	while (!memslot_contains(&slots->slots[i], (gfn_t){ gfn }))
		i++;
	return gfn_to_hva(&slots->slots[i], (gfn_t){ gfn });
}

bool check_exceeds(spte_t s, pte_t p)
{
	const struct spte_format *f = check.ept->format;

	return spte_present(f, s) &&
	       (!pte_present(p) || pte_pfn(p).n != spte_pfn(s).n ||
		(spte_writable(f, s) && !pte_writable(p)));
}

/*
 * Is a flush still to come that @tlb's vCPU was asked for? It takes it between
 * E1 and the flush: whoever sees it taken, and then the CPU outside, sees the
 * flush.
 */
static bool is_asked(const struct vcpu_tlb *tlb)
{
	u64 taken = load_acquire(&tlb->taken);

	return load_acquire(&tlb->requested) != taken;
}

/* CPUs outside the guest that may hold what ended at @end, and could enter with
 * it: no flush has been requested. */
static u64 not_asked(u64 end)
{
	u64 mask = 0;
	u32 i;

	for (i = 0; i < cpu_count; i++) {
		const struct vcpu_tlb *tlb = load_acquire(&check.cpus[i].tlb);

		if (tlb && !is_asked(tlb) &&
		    load_acquire(&cpus[i].mode) == CPU_OUTSIDE &&
		    tlb_model_may_hold(&check.secondary, i, end))
			mask |= 1ull << i;
	}
	return mask;
}

void check_flushed(enum rule rule, const struct step_event *event, u64 gfn,
		   u64 hva, u64 end)
{
	u64 holders;

	if (!end)
		return;
	holders = tlb_model_demand(&check.secondary, CHECK_ALL_CPUS, end);
	holders |= not_asked(end);
	if (holders)
		check_violated(rule, event, gfn, hva, holders);
}

static bool is_in(hva_t hva, struct hva_range range)
{
	return hva.v >= range.start.v && hva.v < range.end.v;
}

static bool in_bracket_of(hva_t hva, u64 mask)
{
	u32 i, n;

	for (i = 0; i < cpu_count; i++) {
		const struct cpu_record *cpu = &check.cpus[i];

		if (!(mask & 1ull << i))
			continue;
		for (n = 0; n < load_acquire(&cpu->bracket_count); n++)
			if (is_in(hva, cpu->brackets[n]))
				return true;
	}
	return false;
}

bool check_in_bracket(hva_t hva)
{
	return in_bracket_of(hva, CHECK_ALL_CPUS);
}

bool check_in_other_bracket(hva_t hva)
{
	return in_bracket_of(hva, ~(1ull << cpu_id()));
}

bool check_in_window(hva_t hva)
{
	u32 i;

	for (i = 0; i < cpu_count; i++)
		if (load_acquire(&check.cpus[i].changing) == hva.v + 1)
			return true;
	return check_in_bracket(hva);
}

/* A change that another CPU gives up (N3) may end between the looks at P and at
 * the changes. */
bool check_exceeds_for_long(spte_t s, hva_t hva)
{
	u64 ended;

	do {
		ended = load_acquire(&check.changes_ended);
		if (!check_exceeds(s, check_pte(hva)) || check_in_window(hva))
			return false;
	} while (load_acquire(&check.changes_ended) != ended);
	return true;
}

/* --- S changes, under ML. */

static void appeared(const struct step_event *event, hva_t hva)
{
	if (check_cpu()->fault_gfn != event->subject + 1)
		check_violated(RULE_O7, event, event->subject, hva.v, 0);
	if (check_in_bracket(hva))
		check_violated(RULE_O8, event, event->subject, hva.v, 0);
}

/* It was present, and is present: what may become of it? */
static void changed(const struct step_event *event, spte_t old, spte_t new,
		    hva_t hva)
{
	const struct spte_format *f = check.ept->format;
	const struct cpu_record *cpu = check_cpu();
	bool moved = spte_pfn(old).n != spte_pfn(new).n;
	pte_t p = check_pte(hva);

	if (moved && spte_writable(f, old))
		check_violated(RULE_O4, event, event->subject, hva.v, 0);
	if (moved && cpu->fault_gfn)
		check_violated(RULE_O1, event, event->subject, hva.v, 0);
	else if (pte_present(p) &&
		 (moved || cpu->changing == hva.v + 1))
		check_violated(RULE_O3, event, event->subject, hva.v, 0);
	if (moved || spte_writable(f, old) || !spte_writable(f, new))
		return;
	if (check_in_bracket(hva))
		check_violated(RULE_O8, event, event->subject, hva.v, 0);
	/* Whoever has used it may keep it without W, until it faults or is
	 * flushed; who has just faulted on it does not. */
	if (!check.ept->policy->upgrade->flushes &&
	    (!f->accessed || old.v & f->accessed))
		count_add(&count_pf_spurious_accessed,
			  tlb_model_users(&check.secondary) -
			  (cpu->fault_gfn != 0));
}

/* Stamp the end of a translation, after S has changed. */
static void ended(const struct step_event *event, spte_t old, spte_t new)
{
	const struct spte_format *f = check.ept->format;
	struct frame_record *frame = check_frame(spte_pfn(old).n);
	struct gfn_record *g = check_gfn(event->subject);
	u32 noted = 0;
	u64 now;

	if (old.v & f->accessed)
		noted |= FRAME_ACCESSED;
	if (old.v & f->dirty)
		noted |= FRAME_DIRTY;
	if (noted & ~READ_ONCE(pfn_frame(spte_pfn(old))->flags))
		check_violated(RULE_O11, event, event->subject, CHECK_NONE, 0);
	if (!spte_needs_flush(f, old, new))
		return;
	now = tlb_model_clock();
	g->removed = now;
	g->was = old.v;
	/* Who only lost W may gain it again for the same frame (T4, T2). */
	if (!spte_present(f, new) || spte_pfn(new).n != spte_pfn(old).n)
		store_release(&frame->removed, now);
	if (spte_present(f, new) && spte_pfn(new).n != spte_pfn(old).n)
		store_release(&check_frame(spte_pfn(new).n)->replaced, now);
	if (spte_writable(f, old))
		store_release(&frame->write_removed, now);
}

static void count_leaf(spte_t s, u32 n)
{
	const struct spte_format *f = check.ept->format;
	struct frame_record *frame;

	if (!spte_present(f, s))
		return;
	frame = check_frame(spte_pfn(s).n);
	atomic_add(&frame->leaves, n);
	if (spte_writable(f, s))
		atomic_add(&frame->writable_leaves, n);
}

/* Who writes to the new frame finds nobody who still reads what it came in the
 * place of (N4, T3a). */
static void gained_write(const struct step_event *event, spte_t new, hva_t hva)
{
	check_flushed(RULE_O2, event, event->subject, hva.v,
		      load_acquire(&check_frame(spte_pfn(new).n)->replaced));
}

static void on_spte(const struct step_event *event)
{
	const struct spte_format *f = check.ept->format;
	spte_t old = { event->from }, new = { event->to };
	struct gfn_record *g = check_gfn(event->subject);
	hva_t hva = hva_of(event->subject);

	if (!spte_same((spte_t){ g->shadow }, old))
		check_violated(RULE_O11, event, event->subject, hva.v, 0);
	g->shadow = new.v;
	count_leaf(new, 1);
	count_leaf(old, -1u);
	if (spte_present(f, old))
		ended(event, old, new);
	if (!spte_present(f, new))
		return;
	if (spte_present(f, old))
		changed(event, old, new, hva);
	else
		appeared(event, hva);
	if (spte_writable(f, new))
		gained_write(event, new, hva);
	if (check_exceeds_for_long(new, hva))
		check_violated(check_cpu()->fault_gfn ? RULE_O1
						      : RULE_INV_SUBSET,
			       event, event->subject, hva.v, 0);
	if (spte_writable(f, new) && !check_in_window(hva) &&
	    rmap_mapcount(pfn_frame(spte_pfn(new))) > 1)
		check_violated(RULE_INV_WRITE, event, event->subject, hva.v,
			       0);
}

/* --- Flushes, and who is inside. */

static bool is_ours(const struct step_event *event)
{
	const struct vcpu_tlb *tlb = event->object;

	return tlb->root.v == ptr_to_hpa(check.ept->root).v;
}

static void on_e3(const struct step_event *event)
{
	struct tlb_model_cpu *cpu = &check.secondary.cpus[event->subject];
	bool first = !cpu->flushed;

	store_release(&check_cpu()->tlb, event->object);
	check_cpu()->fault_gfn = 0;
	if (!tlb_model_start_use(&check.secondary, event->subject))
		check_violated(first ? RULE_O13 : RULE_O12, event, CHECK_NONE,
			       CHECK_NONE, 1ull << event->subject);
}

static void on_table(const struct step_event *event)
{
	struct frame_record *frame = check_frame(event->subject);

	frame->is_table = true;
	store_release(&frame->removed, tlb_model_clock());
}

void check_hear_secondary(const struct step_event *event)
{
	struct cpu_record *cpu = check_cpu();

	switch (event->step) {
	case STEP_EXIT:
		tlb_model_stop_use(&check.secondary, event->subject);
		return;
	case STEP_FLUSH:
		if (is_ours(event))
			tlb_model_flush(&check.secondary, event->subject);
		return;
	case STEP_E3:
		if (is_ours(event))
			on_e3(event);
		return;
	case STEP_REQUEST:
		if (!interrupts_are_on())
			check_violated(RULE_O14, event, CHECK_NONE, CHECK_NONE,
				       0);
		return;
	default:
		break;
	}
	if (event->object != check.ept)
		return;
	switch (event->step) {
	case STEP_F1:
	case STEP_F5:
		cpu->fault_gfn = 0;
		break;
	case STEP_F4:
		cpu->fault_gfn = event->subject + 1;
		break;
	case STEP_SPTE:
		on_spte(event);
		break;
	case STEP_OPEN:
		check_on_open(event);
		break;
	case STEP_I1:
		check_on_i1(event);
		break;
	case STEP_CLOSE:
		check_on_close(event);
		break;
	case STEP_OWED:
		cpu->owed = tlb_model_clock();
		break;
	case STEP_ISSUED:
		check_flushed(RULE_O12, event, CHECK_NONE, CHECK_NONE,
			      cpu->owed);
		break;
	case STEP_TABLE:
		on_table(event);
		break;
	default:
		break;
	}
}
