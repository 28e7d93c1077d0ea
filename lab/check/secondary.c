/*
 * The rules about S: its changes, the invalidations that run, the flushes, and
 * who uses it.
 */
#include "lab/check/state.h"

#include "arch/x86/counter.h"
#include "arch/x86/insn.h"

/* The model's prediction; see docs/counters.md. */
COUNTER_NAMED(count_pf_spurious_accessed, "predicted.pf_spurious_accessed");

static bool spte_same(const struct check_vm *vm, spte_t a, spte_t b)
{
	const struct spte_format *f = vm->ept->format;

	/* The mark of an absent one may go, with its table (T13). */
	if (!spte_present(f, a) && !spte_present(f, b))
		return true;
	return !((a.v ^ b.v) & ~(f->accessed | f->dirty));
}

static hva_t hva_of(const struct check_vm *vm, u64 gfn)
{
	const struct memslots *slots = &vm->ept->slots;
	u32 i = 0;

	while (!memslot_contains(&slots->slots[i], (gfn_t){ gfn }))
		i++;
	return gfn_to_hva(&slots->slots[i], (gfn_t){ gfn });
}

bool check_exceeds(const struct check_vm *vm, spte_t s, pte_t p)
{
	const struct spte_format *f = vm->ept->format;

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

/* Outside, or inside another VM: it takes no request of ours before E3. */
static bool is_out_of(const struct check_vm *vm, u32 id)
{
	const struct check_vm *in = READ_ONCE(check.cpus[id].running);

	return load_acquire(&cpus[id].mode) == CPU_OUTSIDE || (in && in != vm);
}

/* CPUs outside the guest that may hold what ended at @end, and could enter with
 * it: no flush has been requested. */
static u64 not_asked(const struct check_vm *vm, u64 end)
{
	u64 mask = 0;
	u32 i;

	for (i = 0; i < cpu_count; i++) {
		const struct vcpu_tlb *tlb = load_acquire(&vm->cpus[i].tlb);

		if (tlb && !is_asked(tlb) &&
		    is_out_of(vm, i) &&
		    tlb_model_may_hold(&vm->secondary, i, end))
			mask |= 1ull << i;
	}
	return mask;
}

void check_flushed(struct check_vm *vm, enum rule rule,
		   const struct step_event *event, u64 gfn, u64 hva, u64 end)
{
	u64 holders;

	if (!end)
		return;
	holders = tlb_model_demand(&vm->secondary, CHECK_ALL_CPUS, end);
	holders |= not_asked(vm, end);
	if (holders)
		check_violated(vm, rule, event, gfn, hva, holders);
}

static bool is_in(hva_t hva, struct hva_range range)
{
	return hva.v >= range.start.v && hva.v < range.end.v;
}

static bool in_bracket_of(const struct check_vm *vm, hva_t hva, u64 mask)
{
	u32 i, n;

	for (i = 0; i < cpu_count; i++) {
		const struct vm_cpu_record *cpu = &vm->cpus[i];

		if (!(mask & 1ull << i))
			continue;
		for (n = 0; n < load_acquire(&cpu->bracket_count); n++)
			if (is_in(hva, cpu->brackets[n]))
				return true;
	}
	return false;
}

bool check_in_bracket(const struct check_vm *vm, hva_t hva)
{
	return in_bracket_of(vm, hva, CHECK_ALL_CPUS);
}

bool check_in_other_bracket(const struct check_vm *vm, hva_t hva)
{
	return in_bracket_of(vm, hva, ~(1ull << cpu_id()));
}

static bool is_changing(const struct check_vm *vm, const struct cpu_record *cpu,
			hva_t hva)
{
	return load_acquire(&cpu->changing) == hva.v + 1 &&
	       READ_ONCE(cpu->changing_mm) == vm->ept->mm;
}

bool check_in_window(const struct check_vm *vm, hva_t hva)
{
	u32 i;

	for (i = 0; i < cpu_count; i++)
		if (is_changing(vm, &check.cpus[i], hva))
			return true;
	return check_in_bracket(vm, hva);
}

/* A change that another CPU gives up (N3) may end between the looks at P and at
 * the changes. */
bool check_exceeds_for_long(const struct check_vm *vm, spte_t s, hva_t hva)
{
	u64 ended;

	do {
		ended = load_acquire(&check.changes_ended);
		if (!check_exceeds(vm, s, check_pte(vm, hva)) ||
		    check_in_window(vm, hva))
			return false;
	} while (load_acquire(&check.changes_ended) != ended);
	return true;
}

/* --- S changes, under ML. */

static void appeared(struct check_vm *vm, const struct step_event *event,
		     hva_t hva)
{
	if (check_vm_cpu(vm)->fault_gfn != event->subject + 1)
		check_violated(vm, RULE_O7, event, event->subject, hva.v, 0);
	if (check_in_bracket(vm, hva))
		check_violated(vm, RULE_O8, event, event->subject, hva.v, 0);
}

/* It was present, and is present: what may become of it? */
static void changed(struct check_vm *vm, const struct step_event *event,
		    spte_t old, spte_t new, hva_t hva)
{
	const struct spte_format *f = vm->ept->format;
	const struct cpu_record *cpu = check_cpu();
	u64 fault_gfn = check_vm_cpu(vm)->fault_gfn;
	bool moved = spte_pfn(old).n != spte_pfn(new).n;
	pte_t p = check_pte(vm, hva);

	if (moved && spte_writable(f, old))
		check_violated(vm, RULE_O4, event, event->subject, hva.v, 0);
	if (moved && fault_gfn)
		check_violated(vm, RULE_O1, event, event->subject, hva.v, 0);
	else if (pte_present(p) &&
		 (moved || is_changing(vm, cpu, hva)))
		check_violated(vm, RULE_O3, event, event->subject, hva.v, 0);
	if (moved || spte_writable(f, old) || !spte_writable(f, new))
		return;
	if (check_in_bracket(vm, hva))
		check_violated(vm, RULE_O8, event, event->subject, hva.v, 0);
	/* Whoever has used it may keep it without W, until it faults or is
	 * flushed; who has just faulted on it does not. */
	if (!vm->ept->policy->upgrade->flushes &&
	    (!f->accessed || old.v & f->accessed))
		count_add(&count_pf_spurious_accessed,
			  tlb_model_users(&vm->secondary) -
			  (fault_gfn != 0));
}

/* Stamp the end of a translation, after S has changed. */
static void ended(struct check_vm *vm, const struct step_event *event,
		  spte_t old, spte_t new)
{
	const struct spte_format *f = vm->ept->format;
	struct use_record *use = check_use(vm, spte_pfn(old).n);
	struct gfn_record *g = check_gfn(vm, event->subject);
	u32 noted = 0;
	u64 now;

	if (old.v & f->accessed)
		noted |= FRAME_ACCESSED;
	if (old.v & f->dirty)
		noted |= FRAME_DIRTY;
	if (noted & ~READ_ONCE(pfn_frame(spte_pfn(old))->flags))
		check_violated(vm, RULE_O11, event, event->subject, CHECK_NONE, 0);
	if (!spte_needs_flush(f, old, new))
		return;
	now = tlb_model_clock();
	g->removed = now;
	g->was = old.v;
	/* Who only lost W may gain it again for the same frame (T4, T2). */
	if (!spte_present(f, new) || spte_pfn(new).n != spte_pfn(old).n)
		store_release(&use->removed, now);
	if (spte_present(f, new) && spte_pfn(new).n != spte_pfn(old).n)
		store_release(&check_use(vm, spte_pfn(new).n)->replaced, now);
	if (spte_writable(f, old))
		store_release(&use->write_removed, now);
}

static void count_leaf(struct check_vm *vm, spte_t s, u32 n)
{
	const struct spte_format *f = vm->ept->format;
	struct use_record *use;

	if (!spte_present(f, s))
		return;
	use = check_use(vm, spte_pfn(s).n);
	atomic_add(&use->leaves, n);
	if (spte_writable(f, s))
		atomic_add(&use->writable_leaves, n);
}

/* Who writes to the new frame finds nobody, in any VM, who still reads what it
 * came in the place of (N4, T3a). */
static void gained_write(const struct check_vm *writer,
			 const struct step_event *event, spte_t new, hva_t hva)
{
	u64 gfn = event->subject, pfn = spte_pfn(new).n;

	for_each_checked_vm(vm)
		check_flushed(vm, RULE_O2, event,
			      vm == writer ? gfn : CHECK_NONE, hva.v,
			      load_acquire(&check_use(vm, pfn)->replaced));
}

static void on_spte(struct check_vm *vm, const struct step_event *event)
{
	const struct spte_format *f = vm->ept->format;
	spte_t old = { event->from }, new = { event->to };
	struct gfn_record *g = check_gfn(vm, event->subject);
	hva_t hva = hva_of(vm, event->subject);

	if (!spte_same(vm, (spte_t){ g->shadow }, old))
		check_violated(vm, RULE_O11, event, event->subject, hva.v, 0);
	g->shadow = new.v;
	count_leaf(vm, new, 1);
	count_leaf(vm, old, -1u);
	if (spte_present(f, old))
		ended(vm, event, old, new);
	if (!spte_present(f, new))
		return;
	if (spte_present(f, old))
		changed(vm, event, old, new, hva);
	else
		appeared(vm, event, hva);
	if (spte_writable(f, new))
		gained_write(vm, event, new, hva);
	if (check_exceeds_for_long(vm, new, hva))
		check_violated(vm, check_vm_cpu(vm)->fault_gfn
				       ? RULE_O1 : RULE_INV_SUBSET,
			       event, event->subject, hva.v, 0);
	if (spte_writable(f, new) && !check_in_window(vm, hva) &&
	    rmap_mapcount(pfn_frame(spte_pfn(new))) > 1)
		check_violated(vm, RULE_INV_WRITE, event, event->subject, hva.v,
			       0);
}

/* --- Flushes, and who is inside. */

/* Whose vCPU it is; NULL: nobody's that is watched. */
static struct check_vm *vm_of(const struct vcpu_tlb *tlb)
{
	for_each_checked_vm(vm)
		if (tlb->root.v == ptr_to_hpa(vm->ept->root).v)
			return vm;
	return NULL;
}

static void on_e3(struct check_vm *vm, const struct step_event *event)
{
	bool first = !vm->secondary.cpus[event->subject].flushed;
	struct vm_cpu_record *cpu = check_vm_cpu(vm);

	WRITE_ONCE(check_cpu()->running, vm);
	store_release(&cpu->tlb, event->object);
	cpu->fault_gfn = 0;
	if (!tlb_model_start_use(&vm->secondary, event->subject))
		check_violated(vm, first ? RULE_O13 : RULE_O12, event,
			       CHECK_NONE, CHECK_NONE, 1ull << event->subject);
}

static void on_exit(const struct step_event *event)
{
	struct cpu_record *cpu = check_cpu();

	if (cpu->running)
		tlb_model_stop_use(&cpu->running->secondary, event->subject);
	WRITE_ONCE(cpu->running, NULL);
}

void check_hear_vcpu(const struct step_event *event)
{
	struct check_vm *vm;

	if (event->step == STEP_EXIT) {
		on_exit(event);
		return;
	}
	vm = vm_of(event->object);
	if (!vm)
		return;
	if (event->step == STEP_E3)
		on_e3(vm, event);
	else
		tlb_model_flush(&vm->secondary, event->subject);
}

void check_hear_request(const struct step_event *event)
{
	if (!interrupts_are_on())
		check_violated(NULL, RULE_O14, event, CHECK_NONE, CHECK_NONE,
			       0);
}

static void on_table(struct check_vm *vm, const struct step_event *event)
{
	struct use_record *use = check_use(vm, event->subject);

	use->is_table = true;
	store_release(&use->removed, tlb_model_clock());
}

static void on_fault(struct check_vm *vm, const struct step_event *event)
{
	check_vm_cpu(vm)->fault_gfn =
		event->step == STEP_F4 ? event->subject + 1 : 0;
}

static void on_owed(struct check_vm *vm, const struct step_event *event)
{
	(void)event;
	check_vm_cpu(vm)->owed = tlb_model_clock();
}

static void on_issued(struct check_vm *vm, const struct step_event *event)
{
	check_flushed(vm, RULE_O12, event, CHECK_NONE, CHECK_NONE,
		      check_vm_cpu(vm)->owed);
}

void check_hear_secondary(const struct step_event *event)
{
	static void (*const heard[STEP_COUNT])(struct check_vm *vm,
					       const struct step_event *event) = {
		[STEP_F1] = on_fault,
		[STEP_F4] = on_fault,
		[STEP_F5] = on_fault,
		[STEP_SPTE] = on_spte,
		[STEP_OPEN] = check_on_open,
		[STEP_I1] = check_on_i1,
		[STEP_CLOSE] = check_on_close,
		[STEP_OWED] = on_owed,
		[STEP_ISSUED] = on_issued,
		[STEP_TABLE] = on_table,
	};

	for_each_checked_vm(vm)
		if (vm->ept == event->object)
			heard[event->step](vm, event);
}
