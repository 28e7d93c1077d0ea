/*
 * The store buffers: see test/fake/lib/compiler.h.
 */
#include "test/fake/explore.h"

#include <string.h>
#include "arch/x86/cpu.h"
#include "test/fake/internal.h"

/* Of each CPU: its last store, while the others do not see it. */
static struct {
	volatile void *to;	/* NULL: empty */
	u64 value;
	size_t size;
} buffers[MAX_CPUS];

bool fake_store_pending(u32 id)
{
	return buffers[id].to;
}

void fake_store_drain(u32 id)
{
	if (!buffers[id].to)
		return;
	memcpy((void *)buffers[id].to, &buffers[id].value, buffers[id].size);
	buffers[id].to = NULL;
}

bool fake_store(volatile void *to, const void *value, size_t size)
{
	u32 id = cpu_id();

	fake_store_drain(id);
	/* A column that has ended only answers; nobody explores that. */
	if (size > sizeof(u64) || !fake_explore_has_turn())
		return false;
	buffers[id].to = to;
	buffers[id].size = size;
	memcpy(&buffers[id].value, value, size);
	return true;
}

void fake_load(const volatile void *from)
{
	if (buffers[cpu_id()].to == from)
		fake_store_drain(cpu_id());
}

void fake_drain(void)
{
	fake_store_drain(cpu_id());
}
