/*
 * Allocating while frames come back, stepped: one CPU runs the whole of its part
 * at each place of the other one's.
 */
#include "test/host/vm.h"

#include "mm/gup.h"
#include "mm/merge.h"
#include "test/fake/stepper.h"

#define SHARED	100	/* a page with the merged content */
#define STRIDE	41	/* instructions between two places */
#define FEW	60	/* frames, so that they are soon out */

/* Frames that nobody else gets, by their first words. */
static struct frame *hog(u64 left)
{
	struct frame *list = NULL, *frame;

	while (frame_free_count() > left && (frame = frame_alloc_now())) {
		*(struct frame **)frame_ptr(frame) = list;
		list = frame;
	}
	return list;
}

static void give_back(struct frame *list)
{
	while (list) {
		struct frame *next = *(struct frame **)frame_ptr(list);

		frame_put(list);
		list = next;
	}
}

static struct frame *rest;
static u32 wrong, orders;

/* --- Two allocations, and what is free waits for a flush. */

static struct frame *got[2];

static void protect(u64 page)
{
	struct frame *frame = frame_of(mm, page);

	frame_get(frame);
	if (merge_wrprotect(mm, page_hva(page), frame))
		panic("page %llu is not protected", (unsigned long long)page);
	frame_put(frame);
}

static void merge_one(u64 page)
{
	struct frame *frame = frame_of(mm, page), *to = frame_of(mm, SHARED);

	frame_get(frame);
	frame_get(to);
	if (merge_page_in_pass(mm, page_hva(page), frame, to))
		panic("page %llu is not merged", (unsigned long long)page);
	frame_put(frame);
	frame_put(to);
}

/* Two merges whose flush waits, and so their old frames; all others are out. */
static void two_wait(void)
{
	u64 page;

	mm_switch(mm);
	vm_start(policy_find("defer"), 4);
	write_page(SHARED, 5);
	for (page = 0; page < 2; page++) {
		guest_write_page(page, 5);
		protect(page);
		(void)guest_read_page(page);
	}
	protect(SHARED);
	merge_one(0);
	merge_one(1);
	if (vm.pending.events != 2)
		panic("%llu flushes wait",
		      (unsigned long long)vm.pending.events);
	rest = hog(0);
	mm_switch(NULL);
}

static void allocate_first(void)
{
	got[0] = frame_alloc();
}

static void allocate_second(void)
{
	got[1] = frame_alloc();
}

static void both_have_one(void)
{
	u32 i;

	orders++;
	mm_switch(mm);
	for (i = 0; i < 2; i++) {
		wrong += !got[i];
		if (got[i])
			frame_put(got[i]);
		got[i] = NULL;
	}
	give_back(rest);
	vm_stop();
	mm_discard(mm, pages(0, AREA_PAGES));
}

static void test_two_allocations(void **state)
{
	static const struct stepped_race race = {
		two_wait, allocate_first, allocate_second, both_have_one,
		STRIDE,
	};
	struct frame *most;

	(void)state;
	fake_log_off();
	most = hog(FEW);
	wrong = orders = 0;
	fake_step_through(&race);
	give_back(most);
	fake_counters_start();
	assert_true(orders > 100);
	assert_int_equal(wrong, 0);
}

/* --- The last pin of a frame that nobody maps goes, and it is allocated. */

static struct frame *pinned;

static void pin_alone(void)
{
	struct gup gup;

	mm_switch(mm);
	write_page(0, 5);
	if (gup_pin(mm, page_hva(0), &gup))
		panic("page 0 cannot be pinned");
	pinned = gup.frame;
	mm_discard(mm, pages(0, 1));
	mm_switch(NULL);
	rest = hog(0);
}

static void unpin(void)
{
	gup_unpin(pinned);
}

static void allocate_any(void)
{
	struct frame *frame = frame_alloc_now();

	if (frame)
		frame_put(frame);
}

static void all_is_back(void)
{
	orders++;
	give_back(rest);
}

/* A frame with a pin is never free: frame_alloc_now() would say so. */
static void test_unpin(void **state)
{
	static const struct stepped_race race = {
		pin_alone, unpin, allocate_any, all_is_back, 1,
	};
	struct frame *most;

	(void)state;
	fake_log_off();
	most = hog(FEW);
	orders = 0;
	fake_step_through(&race);
	give_back(most);
	fake_counters_start();
	assert_true(orders > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_two_allocations),
		TEST(test_unpin),
	};

	return RUN(tests);
}
