#include "arch/x86/counter.h"

u64 counter_sum(const struct counter *counter)
{
	u64 sum = 0;
	u32 id;

	for (id = 0; id < MAX_CPUS; id++)
		sum += READ_ONCE(counter->n[id]);
	return sum;
}
