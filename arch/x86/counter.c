#include "arch/x86/counter.h"

/* What CPU @id has counted. */
static const u64 *value_of(const struct counter *counter, u32 id)
{
#if __STDC_HOSTED__
	return &counter->n[id];
#else
	u64 offset = (u64)counter->n - (u64)__start_counters;

	return (const u64 *)(cpus[id].counters + offset);
#endif
}

u64 counter_sum(const struct counter *counter)
{
	u64 sum = 0;
	u32 id;

	for (id = 0; id < MAX_CPUS; id++)
		sum += READ_ONCE(*value_of(counter, id));
	return sum;
}
