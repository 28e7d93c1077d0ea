#include "lab/check/tlb_model.h"

#include "lib/string.h"

static u64 ticks;

u64 tlb_model_clock(void)
{
	return atomic_add(&ticks, 1);
}

void tlb_model_reset(struct tlb_model *model, enum tlb_use use)
{
	u32 i;

	memset(model, 0, sizeof(*model));
	for (i = 0; i < MAX_CPUS; i++) {
		struct tlb_model_cpu *cpu = &model->cpus[i];

		cpu->entered = tlb_model_clock();
		if (use == TLB_STALE) {
			cpu->due = tlb_model_clock();
		} else {
			cpu->flushed = cpu->entered;
			cpu->in_use = 1;
		}
	}
}

static void raise(u64 *stamp, u64 now)
{
	u64 was = load_acquire(stamp);

	while (was < now && !atomic_cmpxchg(stamp, was, now))
		was = load_acquire(stamp);
}

/* An IPI's handler may flush in the middle of this: time does not go back. */
void tlb_model_flush(struct tlb_model *model, u32 id)
{
	struct tlb_model_cpu *cpu = &model->cpus[id];
	u64 now = tlb_model_clock();

	if (cpu->in_use)
		raise(&cpu->entered, now);		/* its use goes on */
	raise(&cpu->flushed, now);
}

void tlb_model_stop_use(struct tlb_model *model, u32 cpu)
{
	store_release(&model->cpus[cpu].in_use, 0);
}

static bool may_hold(const struct tlb_model_cpu *cpu, u64 end)
{
	u64 flushed = load_acquire(&cpu->flushed);
	u64 entered = load_acquire(&cpu->entered);

	/* Used between the flush and the end? */
	return flushed < end && entered >= flushed && entered < end;
}

bool tlb_model_may_hold(const struct tlb_model *model, u32 id, u64 end)
{
	return may_hold(&model->cpus[id], end);
}

bool tlb_model_start_use(struct tlb_model *model, u32 id)
{
	struct tlb_model_cpu *cpu = &model->cpus[id];

	if (cpu->entered < cpu->flushed)
		store_release(&cpu->entered, tlb_model_clock());
	/*
	 * In use first, then due; a demand the other way round: one of the two
	 * sees the other. Who sees it in use sees the flush before it too.
	 */
	atomic_exchange(&cpu->in_use, 1);
	return !may_hold(cpu, load_acquire(&cpu->due));
}

u64 tlb_model_demand(struct tlb_model *model, u64 mask, u64 end)
{
	u64 holders = 0;
	u32 i;

	for (i = 0; i < cpu_count; i++) {
		struct tlb_model_cpu *cpu = &model->cpus[i];

		if (!(mask & 1ull << i))
			continue;
		raise(&cpu->due, end);
		if (load_acquire(&cpu->in_use) && may_hold(cpu, end))
			holders |= 1ull << i;
	}
	return holders;
}

u32 tlb_model_users(const struct tlb_model *model)
{
	u32 i, users = 0;

	/* One that never flushed may hold something of others', not of this. */
	for (i = 0; i < cpu_count; i++)
		users += load_acquire(&model->cpus[i].flushed) &&
			 may_hold(&model->cpus[i], ~0ull);
	return users;
}
