/*
 * The rules about the host's own TLB: its flushes, and who holds what.
 */
#include "lab/check/state.h"

u64 check_loaded_by(const struct mm *mm)
{
	u64 mask = 0;
	u32 i;

	for (i = 0; i < cpu_count; i++)
		if (READ_ONCE(cpus[i].mm) == mm)
			mask |= 1ull << i;
	return mask;
}

/*
 * The flush of the page that this CPU has just cleared is complete (N2), and
 * it was asked of all that had the page. One page is not all that a CPU holds,
 * so its stamp would not tell.
 */
static void page_is_flushed(const struct step_event *event)
{
	const struct cpu_record *cpu = check_cpu();
	u64 holders = tlb_model_demand(&check.primary,
				       check_end_mask(cpu->cleared) & ~event->from,
				       check_end_stamp(cpu->cleared));

	if (holders)
		check_violated(NULL, RULE_O12, event, CHECK_NONE, CHECK_NONE,
			       holders);
	(void)atomic_cmpxchg(&check_frame(cpu->cleared_pfn)->p_removed,
			     cpu->cleared, 0ull);
}

static void on_pdone(const struct step_event *event)
{
	struct cpu_record *cpu = check_cpu();
	u64 mask = event->from, holders;

	if (cpu->cleared && event->subject == cpu->cleared_hva)
		page_is_flushed(event);
	cpu->cleared = 0;
	/* One page is all that this CPU had to drop itself. */
	if (cpu->page == event->subject && cpu->page_stamp > cpu->primary)
		mask &= ~(1ull << cpu_id());
	holders = tlb_model_demand(&check.primary, mask, cpu->primary);
	if (holders)
		check_violated(NULL, RULE_O12, event, CHECK_NONE, CHECK_NONE,
			       holders);
}

/* What this CPU has write-protected nobody can write to any more. */
static void on_r2(const struct step_event *event)
{
	const struct mm *mm = event->object;
	struct cpu_record *cpu = check_cpu();
	u64 holders = 0;

	if (cpu->protected)
		holders = tlb_model_demand(&check.primary, check_loaded_by(mm),
					   cpu->protected);
	if (holders)
		check_violated(NULL, RULE_O12, event, CHECK_NONE, event->subject,
			       holders);
	cpu->protected = 0;
}

void check_hear_primary(const struct step_event *event)
{
	struct cpu_record *cpu = check_cpu();

	switch (event->step) {
	case STEP_ENTER:
		tlb_model_stop_use(&check.primary, event->subject);
		break;
	case STEP_X3:
		if (!tlb_model_start_use(&check.primary, event->subject))
			check_violated(NULL, RULE_O12, event, CHECK_NONE, CHECK_NONE,
				       1ull << event->subject);
		break;
	case STEP_PRIMARY:
		tlb_model_flush(&check.primary, event->subject);
		break;
	case STEP_CLEAN:
		if (event->from == FLUSH_ALL) {
			tlb_model_flush(&check.primary, event->subject);
		} else {
			cpu->page = event->from;
			cpu->page_stamp = tlb_model_clock();
		}
		break;
	case STEP_PFLUSH:
		cpu->primary = tlb_model_clock();
		break;
	case STEP_R2:
		on_r2(event);
		break;
	default:
		on_pdone(event);
	}
}
