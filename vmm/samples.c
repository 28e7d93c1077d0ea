#include "vmm/samples.h"

#include "lib/string.h"

void samples_clear(struct samples *samples)
{
	samples->count = 0;
	samples->kept = 0;
	samples->min = ~0ull;
	samples->max = 0;
	samples->stride = 1;
}

/* Full: drop every second sample, and keep only every second from here on. */
static void thin_out(struct samples *samples)
{
	u32 i;

	for (i = 0; i < samples->kept / 2; i++)
		samples->ticks[i] = samples->ticks[2 * i];
	samples->kept /= 2;
	samples->stride *= 2;
}

void samples_add(struct samples *samples, u64 ticks)
{
	if (ticks < samples->min)
		samples->min = ticks;
	if (ticks > samples->max)
		samples->max = ticks;
	if (samples->count++ % samples->stride)
		return;
	if (samples->kept == SAMPLES_MAX)
		thin_out(samples);
	samples->ticks[samples->kept++] = ticks;
}

static void swap(u64 *a, u64 *b)
{
	u64 t = *a;

	*a = *b;
	*b = t;
}

static void sift_down(u64 *heap, u32 at, u32 count)
{
	for (;;) {
		u32 child = 2 * at + 1;

		if (child >= count)
			return;
		if (child + 1 < count && heap[child + 1] > heap[child])
			child++;
		if (heap[at] >= heap[child])
			return;
		swap(&heap[at], &heap[child]);
		at = child;
	}
}

u64 samples_median(struct samples *samples)
{
	u64 *heap = samples->ticks;
	u32 n = samples->kept, i;

	if (!n)
		return 0;
	for (i = n / 2; i-- > 0; )
		sift_down(heap, i, n);
	for (i = n; i-- > 1; ) {
		swap(&heap[0], &heap[i]);
		sift_down(heap, 0, i);
	}
	return heap[(n - 1) / 2];
}

void samples_powers(const struct samples *samples, u32 counts[SAMPLES_POWERS])
{
	u32 i;

	memset(counts, 0, SAMPLES_POWERS * sizeof(*counts));
	for (i = 0; i < samples->kept; i++)
		counts[63 - __builtin_clzll(samples->ticks[i] | 1)]++;
}
