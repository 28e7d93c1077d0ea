/*
 * The rules about invalidations: what has ended in them, under ML.
 */
#include "lab/check/state.h"

/* What has ended in @range is flushed; @rule if not. */
static void range_flushed(struct check_vm *vm, enum rule rule,
			  const struct step_event *event,
			  struct hva_range range)
{
	u64 last = 0, which = CHECK_NONE;
	hva_t hva;

	for (hva = range.start; hva.v < range.end.v;
	     hva = hva_add(hva, PAGE_SIZE)) {
		for_each_alias(gfn, vm, hva) {
			u64 removed = check_gfn(vm, gfn.n)->removed;

			if (removed > last) {
				last = removed;
				which = gfn.n;
			}
		}
	}
	if (last)
		check_flushed(vm, rule, event, which, CHECK_NONE, last);
}

void check_on_open(struct check_vm *vm, const struct step_event *event)
{
	struct vm_cpu_record *cpu = check_vm_cpu(vm);

	if (cpu->bracket_count == CHECK_BRACKETS)
		return;
	cpu->brackets[cpu->bracket_count] = (struct hva_range){
		{ event->from }, { event->to },
	};
	store_release(&cpu->bracket_count, cpu->bracket_count + 1);
}

/* The flush has ended before ML is dropped. */
void check_on_i1(struct check_vm *vm, const struct step_event *event)
{
	const struct vm_cpu_record *cpu = check_vm_cpu(vm);

	if (cpu->bracket_count)
		range_flushed(vm, RULE_O6, event,
			      cpu->brackets[cpu->bracket_count - 1]);
}

/* INV-SUBSET holds again, and what has ended is flushed. */
void check_on_close(struct check_vm *vm, const struct step_event *event)
{
	struct hva_range range = { { event->from }, { event->to } };
	struct vm_cpu_record *cpu = check_vm_cpu(vm);
	hva_t hva;

	if (cpu->bracket_count)
		store_release(&cpu->bracket_count, cpu->bracket_count - 1);
	for (hva = range.start; hva.v < range.end.v;
	     hva = hva_add(hva, PAGE_SIZE)) {
		for_each_alias(gfn, vm, hva) {
			spte_t s = { check_gfn(vm, gfn.n)->shadow };

			if (check_exceeds_for_long(vm, s, hva))
				check_violated(vm, RULE_INV_SUBSET, event, gfn.n,
					       hva.v, 0);
		}
	}
	range_flushed(vm, RULE_O6, event, range);
}
