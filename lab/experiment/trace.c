#include "lab/experiment/trace.h"

#include "arch/x86/cpu.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/step.h"
#include "mm/frame.h"

struct trace_event {
	u64 tick;
	u64 object, subject, from, to;
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
static bool wanted;		/* the phase that runs */
static u64 first_tick;		/* of what was wanted; 0: nothing yet */

static struct trace_event *event_at(struct trace_ring *ring, u64 n)
{
	n %= RING_EVENTS;
	return &ring->frames[n / FRAME_EVENTS][n % FRAME_EVENTS];
}

static void record(struct step_listener *listener,
		   const struct step_event *event)
{
	struct trace_ring *ring = &rings[cpu_id()];
	u64 n;

	(void)listener;
	if (!READ_ONCE(wanted))
		return;
	n = __atomic_fetch_add(&ring->count, 1, __ATOMIC_RELAXED);
	/* An IPI's handler may come in between: it gets the next place. */
	*event_at(ring, n) = (struct trace_event){
		read_tsc(), (uintptr_t)event->object, event->subject,
		event->from, event->to, event->step,
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

void trace_phase(const char *name, bool is_wanted)
{
	u64 tick = read_tsc();

	printk("trace cpu=%u tick=%llu step=PHASE phase=%s%s\n", cpu_id(),
	       (unsigned long long)tick, name,
	       is_wanted ? "" : " kept=no");
	if (is_wanted && !first_tick)
		first_tick = tick;
	WRITE_ONCE(wanted, is_wanted);
}

void trace_start(void)
{
	u32 i;

	for (i = 0; i < MAX_CPUS; i++)
		rings[i].count = 0;
	first_tick = 0;
	WRITE_ONCE(wanted, false);
	step_listen(&listener);
}

/* A serial line is slow: what is 0 is left out. */
static void print_word(const char *name, u64 value)
{
	if (value)
		printk(" %s=0x%llx", name, (unsigned long long)value);
}

static void print_event(u32 cpu, const struct trace_event *event)
{
	printk("trace cpu=%u tick=%llu step=%s", cpu,
	       (unsigned long long)event->tick, step_names[event->step]);
	print_word("object", event->object);
	print_word("subject", event->subject);
	print_word("from", event->from);
	print_word("to", event->to);
	printk("\n");
}

static void print_ring(u32 cpu)
{
	struct trace_ring *ring = &rings[cpu];
	u64 n = ring->count > RING_EVENTS ? ring->count - RING_EVENTS : 0;

	if (n)
		printk("trace cpu=%u tick=%llu step=LOST subject=0x%llx\n",
		       cpu, (unsigned long long)first_tick,
		       (unsigned long long)n);
	for (; n < ring->count; n++)
		print_event(cpu, event_at(ring, n));
}

void trace_stop(void)
{
	u32 i;

	step_unlisten(&listener);
	for (i = 0; i < cpu_count; i++)
		print_ring(i);
}
