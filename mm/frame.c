#include "mm/frame.h"

#include "arch/x86/cpu.h"
#include "arch/x86/page.h"
#include "lib/print.h"
#include "lib/step.h"
#include "lib/string.h"
#include "mm/notifier.h"

/* rmap.h packs a pfn into 23 bits; more memory than this is left alone. */
#define MAX_PFN		(1ull << 23)
#define MAX_FRAMES	(1ull << 21)	/* 8 GiB are plenty for an experiment */

#define JUNK		0x6b6b6b6b6b6b6b6bull

struct frame *frames;
struct frame *zero_frame;

static spinlock_t frame_lock;	/* leaf: free_list, free_count, fail_in */
static struct frame *free_list;
static u64 free_count;
static u64 total_count;
static u64 pfn_end;
static u64 fail_in;
static bool poison = true;

static u64 range_frames(const struct memory_range *range)
{
	return (range->end.v - range->start.v) >> PAGE_SHIFT;
}

/* How many frame numbers the table must cover for @ranges. */
static u64 table_size(const struct memory_range *ranges, u32 count)
{
	u64 frames_seen = 0, last = 0;
	u32 i;

	for (i = 0; i < count && frames_seen < MAX_FRAMES; i++) {
		u64 room = MAX_FRAMES - frames_seen;
		u64 n = range_frames(&ranges[i]);

		if (n > room)
			n = room;
		frames_seen += n;
		last = hpa_to_pfn(ranges[i].start).n + n;
	}
	return last < MAX_PFN ? last : MAX_PFN;
}

static void free_range(u64 pfn, u64 end)
{
	/* Downwards, so that the lowest frame is taken first. */
	while (end-- > pfn) {
		frames[end].next_free = free_list;
		free_list = &frames[end];
		free_count++;
	}
}

void frame_init(const struct memory_range *ranges, u32 count)
{
	u64 size = table_size(ranges, count);
	u64 bytes = (size * sizeof(struct frame) + ~PAGE_MASK) & PAGE_MASK;
	u32 home, i;

	for (home = 0; home < count; home++)
		if (ranges[home].end.v - ranges[home].start.v >= bytes)
			break;
	if (home == count)
		panic("no %llu KiB of memory in one piece for the frame table",
		      (unsigned long long)bytes >> 10);

	pfn_end = size;
	frames = hpa_to_ptr(ranges[home].start);
	memset(frames, 0, bytes);
	for (i = count; i-- > 0; ) {
		u64 start = hpa_to_pfn(ranges[i].start).n;
		u64 end = hpa_to_pfn(ranges[i].end).n;

		if (i == home)
			start += bytes >> PAGE_SHIFT;
		if (end > size)
			end = size;
		if (start < end)
			free_range(start, end);
	}
	total_count = free_count;
	zero_frame = frame_alloc_zeroed();
}

/* NULL: none is free, or @denied, which a test wants. */
static struct frame *take(bool *denied)
{
	struct frame *frame = NULL;

	spin_lock(&frame_lock);
	*denied = unlikely(fail_in && !--fail_in);
	if (!*denied) {
		frame = free_list;
		if (frame) {
			free_list = frame->next_free;
			free_count--;
		}
	}
	spin_unlock(&frame_lock);
	if (!frame)
		return NULL;

	STEP_BUG_ON(frame->refcount || frame->pins || frame->mapcount ||
		    frame->awaited);
	frame->flags = 0;
	frame->mappings = 0;
	/* Pairs with frame_tryget(): the fields above come first. */
	store_release(&frame->refcount, 1);
	step(STEP_ALLOC, NULL, frame_pfn(frame).n);
	cpu_progress();		/* building a big VM takes long */
	return frame;
}

struct frame *frame_alloc_now(void)
{
	bool denied;

	return take(&denied);
}

struct frame *frame_alloc(void)
{
	bool denied;
	struct frame *frame = take(&denied);

	if (likely(frame))
		return frame;
	/* Try again even if nothing waited here: somebody else may have
	 * completed it, and so freed frames. */
	if (mmu_notifier_complete(NEED_FRAMES) || !denied)
		frame = frame_alloc_now();
	return frame;
}

struct frame *frame_alloc_zeroed(void)
{
	struct frame *frame = frame_alloc();

	if (frame)
		page_fill(frame_ptr(frame), 0);
	return frame;
}

void frame_get(struct frame *frame)
{
	BUG_ON(atomic_add(&frame->refcount, 1) == 1);
}

bool frame_tryget(struct frame *frame)
{
	u32 count = READ_ONCE(frame->refcount);

	while (count) {
		if (atomic_cmpxchg(&frame->refcount, count, count + 1))
			return true;
		count = READ_ONCE(frame->refcount);
	}
	return false;
}

void frame_set_poison(bool on)
{
	poison = on;
}

void frame_put(struct frame *frame)
{
	u32 count = atomic_sub(&frame->refcount, 1);

	BUG_ON(count == ~0u);
	if (count)
		return;

	if (frame->mapcount || frame_is_stable(frame) || frame->awaited)
		panic("INV-FREE: pfn %llx freed with mapcount %u, flags %x",
		      (unsigned long long)frame_pfn(frame).n, frame->mapcount,
		      frame->flags);
	step(STEP_FREE, NULL, frame_pfn(frame).n);
	cpu_progress();
	if (poison)
		page_fill(frame_ptr(frame), JUNK);
	spin_lock(&frame_lock);
	frame->next_free = free_list;
	free_list = frame;
	free_count++;
	spin_unlock(&frame_lock);
}

u64 frame_free_count(void)
{
	return READ_ONCE(free_count);
}

u64 frame_total_count(void)
{
	return total_count;
}

u64 frame_pfn_end(void)
{
	return pfn_end;
}

u64 frame_fail_at(u64 n)
{
	u64 left;

	spin_lock(&frame_lock);
	left = fail_in;
	fail_in = n;
	spin_unlock(&frame_lock);
	return left;
}
