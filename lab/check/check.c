/*
 * The checker's ear, and its memory of what was violated.
 */
#include "lab/check/state.h"

#include "lib/print.h"
#include "lib/string.h"

const char *const rule_names[RULE_COUNT] = {
#define RULE_NAME(rule, name) name,
	RULES(RULE_NAME)
#undef RULE_NAME
};

struct check check;

static u64 counts[RULE_COUNT];
static struct violation reports[CHECK_REPORTS];
static u32 report_count;	/* atomic; may be more than are kept */

static void (*const groups[STEP_COUNT])(const struct step_event *event) = {
	[STEP_F1] = check_hear_secondary,
	[STEP_F4] = check_hear_secondary,
	[STEP_F5] = check_hear_secondary,
	[STEP_SPTE] = check_hear_secondary,
	[STEP_OPEN] = check_hear_secondary,
	[STEP_I1] = check_hear_secondary,
	[STEP_CLOSE] = check_hear_secondary,
	[STEP_OWED] = check_hear_secondary,
	[STEP_ISSUED] = check_hear_secondary,
	[STEP_REQUEST] = check_hear_request,
	[STEP_FLUSH] = check_hear_vcpu,
	[STEP_E3] = check_hear_vcpu,
	[STEP_TABLE] = check_hear_secondary,
	[STEP_ENTER] = check_hear_primary,
	[STEP_EXIT] = check_hear_vcpu,
	[STEP_X3] = check_hear_primary,
	[STEP_PRIMARY] = check_hear_primary,
	[STEP_CLEAN] = check_hear_primary,
	[STEP_PFLUSH] = check_hear_primary,
	[STEP_PDONE] = check_hear_primary,
	[STEP_R2] = check_hear_primary,
	[STEP_N1] = check_hear_change,
	[STEP_N2] = check_hear_change,
	[STEP_REFS] = check_hear_change,
	[STEP_N4] = check_hear_change,
	[STEP_N5] = check_hear_change,
	[STEP_ABORT] = check_hear_change,
	[STEP_PTE] = check_hear_frame,
	[STEP_COMPARE] = check_hear_frame,
	[STEP_COPY] = check_hear_frame,
	[STEP_FREE] = check_hear_frame,
	[STEP_ALLOC] = check_hear_frame,
};

static void hear(struct step_listener *listener,
		 const struct step_event *event)
{
	struct cpu_record *cpu = check_cpu();

	(void)listener;
	cpu->last[cpu->last_count++ % CHECK_STEPS] = event->step;
	if (groups[event->step])
		groups[event->step](event);
}

static struct step_listener listener = { .hear = hear };

int check_init(u32 vm_count, u64 gfn_count)
{
	u64 frame_count = frame_pfn_end();
	int err = records_init(&check.frames, sizeof(struct frame_record),
			       frame_count);
	u32 i;

	BUG_ON(vm_count > CHECK_VMS);
	for (i = 0; !err && i < vm_count; i++) {
		struct check_vm *vm = &check.vms[i];

		err = records_init(&vm->uses, sizeof(struct use_record),
				   frame_count);
		if (!err)
			err = records_init(&vm->gfns,
					   sizeof(struct gfn_record),
					   gfn_count);
	}
	if (!err)
		check.vm_count = vm_count;
	return err;
}

static u64 gfns_of(const struct ept *ept)
{
	u64 count = 0;
	u32 i;

	for (i = 0; i < ept->slots.count; i++)
		count += ept->slots.slots[i].page_count;
	return count;
}

void check_forget(void)
{
	memset(counts, 0, sizeof(counts));
	report_count = 0;
}

void check_start(void)
{
	check_stop();
	check_forget();
	memset(check.cpus, 0, sizeof(check.cpus));
	if (!check.vm_count)
		return;
	records_clear(&check.frames);
	tlb_model_reset(&check.primary, TLB_IN_USE);
	step_listen(&listener);
}

void check_watch(struct ept *ept)
{
	struct check_vm *vm = check.vms;

	if (!check.vm_count)
		return;
	while (vm->ept)
		BUG_ON(++vm == check.vms + check.vm_count);
	BUG_ON(gfns_of(ept) > vm->gfns.count);
	records_clear(&vm->uses);
	records_clear(&vm->gfns);
	memset(vm->cpus, 0, sizeof(vm->cpus));
	tlb_model_reset(&vm->secondary, TLB_STALE);
	vm->ept = ept;
}

void check_unwatch(const struct ept *ept)
{
	u32 i;

	for_each_checked_vm(vm) {
		if (vm->ept != ept)
			continue;
		vm->ept = NULL;
		for (i = 0; i < MAX_CPUS; i++)
			if (check.cpus[i].running == vm)
				check.cpus[i].running = NULL;
	}
}

void check_stop(void)
{
	step_unlisten(&listener);
	for_each_checked_vm(vm)
		check_unwatch(vm->ept);
}

struct gfn_record *check_gfn(const struct check_vm *vm, u64 gfn)
{
	const struct memslots *slots = &vm->ept->slots;
	u64 before = 0;
	u32 i;

	for (i = 0; i < slots->count; i++) {
		const struct memslot *slot = &slots->slots[i];

		if (memslot_contains(slot, (gfn_t){ gfn }))
			return records_at(&vm->gfns,
					  before + gfn - slot->gfn.n);
		before += slot->page_count;
	}
	panic("gfn %llx is in no memslot", (unsigned long long)gfn);
}

static void copy_steps(struct violation *v, const struct cpu_record *cpu)
{
	u32 n = cpu->last_count < CHECK_STEPS ? cpu->last_count : CHECK_STEPS;
	u32 i;

	for (i = 0; i < n; i++)
		v->last[i] = cpu->last[(cpu->last_count - n + i) %
				       CHECK_STEPS];
	v->last_count = n;
}

void check_violated(const struct check_vm *vm, enum rule rule,
		    const struct step_event *event, u64 gfn, u64 hva, u64 cpus)
{
	u32 i = atomic_add(&report_count, 1) - 1;
	struct violation *v;

	atomic_add(&counts[rule], 1);
	if (i >= CHECK_REPORTS)
		return;
	v = &reports[i];
	*v = (struct violation){
		.rule = rule, .by = cpu_id(), .cpus = cpus,
		.step = event->step, .gfn = gfn, .hva = hva,
	};
	if (gfn != CHECK_NONE) {
		const struct gfn_record *g = check_gfn(vm, gfn);
		spte_t s = { g->shadow };

		v->s = spte_present(vm->ept->format, s) ? s.v : g->was;
	}
	if (hva != CHECK_NONE)
		v->p = event->step == STEP_PTE ? event->to
		     : vm ? check_pte(vm, (hva_t){ hva }).v : 0;
	copy_steps(v, check_cpu());
}

u64 check_count(enum rule rule)
{
	return load_acquire(&counts[rule]);
}

u64 check_total(void)
{
	u64 total = 0;
	u32 i;

	for (i = 0; i < RULE_COUNT; i++)
		total += check_count(i);
	return total;
}

const struct violation *check_report(u32 i)
{
	return i < CHECK_REPORTS && i < load_acquire(&report_count)
		? &reports[i] : NULL;
}

void check_format(const struct violation *v, char *text, size_t size)
{
	int n = format_text(text, size, "rule=%s step=%s cpu=%u cpus=0x%llx",
			    rule_names[v->rule], step_names[v->step], v->by,
			    (unsigned long long)v->cpus);
	u32 i;

	if (v->gfn != CHECK_NONE)
		n += format_text(text + n, size - n, " gfn=0x%llx s=0x%llx",
				 (unsigned long long)v->gfn,
				 (unsigned long long)v->s);
	if (v->hva != CHECK_NONE)
		n += format_text(text + n, size - n, " hva=0x%llx p=0x%llx",
				 (unsigned long long)v->hva,
				 (unsigned long long)v->p);
	for (i = 0; i < v->last_count; i++)
		n += format_text(text + n, size - n, "%s%s",
				 i ? "," : " last=", step_names[v->last[i]]);
}
