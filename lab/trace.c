#include "lab/trace.h"

#include "arch/x86/cpu.h"
#include "arch/x86/print.h"
#include "arch/x86/step.h"

#define TRACE_EVENTS	4096u	/* kept for each CPU: the last ones */

struct trace_event {
	u64 tick;
	u64 subject;
	u32 step;
};

struct trace_ring {
	u64 count;		/* events ever; written by its CPU only */
	struct trace_event events[TRACE_EVENTS];
};

static struct trace_ring rings[MAX_CPUS];

static void record(enum step step, u64 subject)
{
	struct trace_ring *ring = &rings[cpu_id()];
	struct trace_event *event = &ring->events[ring->count++ % TRACE_EVENTS];

	*event = (struct trace_event){ read_tsc(), subject, step };
}

void trace_start(void)
{
	u32 i;

	for (i = 0; i < MAX_CPUS; i++)
		rings[i].count = 0;
	step_hook = record;
}

static void print_ring(u32 cpu)
{
	const struct trace_ring *ring = &rings[cpu];
	u64 n = ring->count > TRACE_EVENTS ? ring->count - TRACE_EVENTS : 0;

	if (n)
		printk("message trace: cpu %u lost its first %llu events\n",
		       cpu, (unsigned long long)n);
	for (; n < ring->count; n++) {
		const struct trace_event *e = &ring->events[n % TRACE_EVENTS];

		printk("trace cpu=%u tick=%llu step=%s subject=0x%llx\n", cpu,
		       (unsigned long long)e->tick, step_names[e->step],
		       (unsigned long long)e->subject);
	}
}

void trace_stop(void)
{
	u32 i;

	step_hook = NULL;
	for (i = 0; i < cpu_count; i++)
		print_ring(i);
}
