#include "lab/experiment/trace.h"

#include "arch/x86/cpu.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/step.h"
#include "mm/frame.h"

struct trace_event {
	u64 tick;
	u64 subject;
	u64 step;
};

#define FRAME_EVENTS	(PAGE_SIZE / sizeof(struct trace_event))
#define RING_FRAMES	512u		/* 2 MiB a CPU */
#define RING_EVENTS	(RING_FRAMES * FRAME_EVENTS)

struct trace_ring {
	u64 count;		/* events ever; written by its CPU only */
	struct trace_event *frames[RING_FRAMES];
};

static struct trace_ring rings[MAX_CPUS];

static struct trace_event *event_at(struct trace_ring *ring, u64 n)
{
	n %= RING_EVENTS;
	return &ring->frames[n / FRAME_EVENTS][n % FRAME_EVENTS];
}

static void record(struct step_listener *listener,
		   const struct step_event *event)
{
	struct trace_ring *ring = &rings[cpu_id()];
	u64 n = __atomic_fetch_add(&ring->count, 1, __ATOMIC_RELAXED);

	(void)listener;
	/* An IPI's handler may come in between: it gets the next place. */
	*event_at(ring, n) = (struct trace_event){
		read_tsc(), event->subject, event->step,
	};
}

static struct step_listener listener = { .hear = record };

int trace_init(void)
{
	u32 cpu, i;

	for (cpu = 0; cpu < cpu_count; cpu++) {
		for (i = 0; i < RING_FRAMES; i++) {
			struct frame *frame = frame_alloc();

			if (!frame)
				return -ENOMEM;
			rings[cpu].frames[i] = frame_ptr(frame);
		}
	}
	return 0;
}

void trace_start(void)
{
	u32 i;

	for (i = 0; i < MAX_CPUS; i++)
		rings[i].count = 0;
	step_listen(&listener);
}

static void print_ring(u32 cpu)
{
	struct trace_ring *ring = &rings[cpu];
	u64 n = ring->count > RING_EVENTS ? ring->count - RING_EVENTS : 0;

	if (n)
		printk("message trace: cpu %u lost its first %llu events\n",
		       cpu, (unsigned long long)n);
	for (; n < ring->count; n++) {
		const struct trace_event *e = event_at(ring, n);

		printk("trace cpu=%u tick=%llu step=%s subject=0x%llx\n", cpu,
		       (unsigned long long)e->tick, step_names[e->step],
		       (unsigned long long)e->subject);
	}
}

void trace_stop(void)
{
	u32 i;

	step_unlisten(&listener);
	for (i = 0; i < cpu_count; i++)
		print_ring(i);
}
