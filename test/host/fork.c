/*
 * Fork, protect: the protect event, once an area, with one flush.
 */
#include "test/host/support.h"

#include "mm/gup.h"
#include "mm/habits.h"

static struct recorder recorder;

/* A second and a third area of mm, at these pages. */
#define CONTROL	2000
#define MORE	3000

static void test_fork(void **state)
{
	struct mm *child;
	u32 i;

	(void)state;
	assert_int_equal(mm_mmap(mm, pages(CONTROL, 4), VMA_WRITE | VMA_NOFORK),
			 0);
	assert_int_equal(mm_mmap(mm, pages(MORE, 4), VMA_WRITE), 0);
	for (i = 0; i < 4; i++) {
		write_page(i, 10 + i);
		write_page(CONTROL + i, 20 + i);
		write_page(MORE + i, 30 + i);
	}
	assert_int_equal(read_page(4), 0);
	recorder_add(&recorder, mm);
	load_on_cpu1(mm);

	child = mm_fork(mm);
	/* One event and one flush for each area that the child gets. */
	assert_log("protect-start:0+1024 R1 local primary1 local@1 R2 "
		   "protect-end:0+1024 R3 "
		   "protect-start:3000+4 R1 local primary1 local@1 R2 "
		   "protect-end:3000+4 R3");
	assert_int_equal(child->vma_count, 2);
	for (i = 0; i < 4; i++) {
		assert_ptr_equal(frame_of(child, i), frame_of(mm, i));
		assert_int_equal(frame_refcount(frame_of(mm, i)), 2);
		assert_int_equal(rmap_mapcount(frame_of(mm, i)), 2);
		assert_false(pte_writable(entry_of(mm, i)));
		assert_false(pte_writable(entry_of(child, i)));
		assert_ptr_equal(frame_of(child, MORE + i),
				 frame_of(mm, MORE + i));
		assert_true(pte_writable(entry_of(mm, CONTROL + i)));
		assert_int_equal(frame_refcount(frame_of(mm, CONTROL + i)), 1);
	}
	assert_ptr_equal(frame_of(child, 4), zero_frame);
	/* The child has no listener. */
	assert_null(child->notifiers);

	fake_cpu(1);
	mm_switch(child);
	for (i = 0; i < 4; i++)
		assert_int_equal(read_page(i), 10 + i);
	write_page(1, 99);
	assert_int_equal(fake_read(page_hva(CONTROL), &(u64){ 0 }), -EFAULT);
	mm_switch(NULL);
	fake_cpu(0);
	assert_int_equal(read_page(1), 11);
	recorder_remove(&recorder);
	mm_put(child);
}

/* O2 for the host itself: no CPU goes on writing through what it cached. */
static void test_fork_drops_writable(void **state)
{
	struct mm *child;
	u64 value;

	(void)state;
	write_page(0, 1);
	load_on_cpu1(mm);
	fake_cpu(1);
	write_page(0, 2);
	assert_true(fake_tlb_holds_writable(page_hva(0)));
	fake_cpu(0);
	child = mm_fork(mm);
	fake_cpu(1);
	write_page(0, 3);
	mm_switch(child);
	assert_int_equal(fake_read(page_hva(0), &value), 0);
	assert_int_equal(value, 2);
	fake_cpu(0);
	load_on_cpu1(NULL);
	mm_put(child);
}

/* Three generations; each writes, and the last one takes over. */
static void test_generations(void **state)
{
	struct mm *child, *grandchild;
	struct frame *frame;

	(void)state;
	write_page(0, 1);
	frame = frame_of(mm, 0);
	child = mm_fork(mm);
	grandchild = mm_fork(child);
	assert_int_equal(frame_refcount(frame), 3);
	write_page(0, 2);
	assert_int_equal(frame_refcount(frame), 2);
	mm_switch(child);
	write_page(0, 3);
	assert_int_equal(frame_refcount(frame), 1);
	mm_switch(grandchild);
	assert_int_equal(read_page(0), 1);
	write_page(0, 4);
	assert_ptr_equal(frame_of(grandchild, 0), frame);
	mm_switch(mm);
	assert_int_equal(read_page(0), 2);
	mm_put(child);
	mm_put(grandchild);
}

static void test_no_memory(void **state)
{
	struct mm *child = NULL;
	u64 before;
	u32 n, i;

	(void)state;
	assert_int_equal(mm_mmap(mm, pages(MORE, 4), VMA_WRITE), 0);
	for (i = 0; i < 4; i++) {
		write_page(i * 300, i);
		write_page(MORE + i, i);
	}
	recorder_add(&recorder, mm);
	before = frame_free_count();
	for (n = 1; !child; n++) {
		fake_log_clear();
		frame_fail_at(n);
		child = mm_fork(mm);
		/* Whoever was told of a start is told of the end. */
		assert_int_equal(fake_log_count("R1"), fake_log_count("R3"));
		if (!child)
			assert_int_equal(frame_free_count(), before);
	}
	/* mm, root; two upper tables; three lower ones with links. */
	assert_int_equal(n - 2, 2 + 2 + 2 * 3);
	mm_put(child);
	assert_int_equal(frame_free_count(), before);
	for (i = 0; i < 4; i++) {
		assert_int_equal(read_page(i * 300), i);
		write_page(i * 300, 7);		/* parent is whole */
	}
	recorder_remove(&recorder);
}

static void test_protect(void **state)
{
	struct hva_range range = pages(MORE, 8);
	struct frame *frame;
	u32 i;

	(void)state;
	assert_int_equal(mm_mmap(mm, range, VMA_WRITE), 0);
	for (i = 0; i < 4; i++)
		write_page(MORE + i, i);
	assert_int_equal(read_page(MORE + 4), 0);
	frame = frame_of(mm, MORE);
	recorder_add(&recorder, mm);
	load_on_cpu1(mm);

	assert_int_equal(mm_protect_ro(mm, range), 0);
	assert_log("protect-start:3000+8 R1 local primary1 local@1 R2 "
		   "protect-end:3000+8 R3");
	assert_int_equal(fake_write(page_hva(MORE), 9), -EFAULT);
	assert_int_equal(fake_write(page_hva(MORE + 6), 9), -EFAULT);
	assert_int_equal(read_page(MORE + 1), 1);
	fake_log_clear();

	/* One page is held by somebody else, one is the zero frame. */
	frame_get(frame);
	assert_int_equal(mm_protect_rw(mm, range), 0);
	/* A right is gained: the primary is not flushed. */
	assert_log("before:3001 T2 upgrade:3001 before:3002 T2 upgrade:3002 "
		   "before:3003 T2 upgrade:3003 done:3000+8");
	assert_false(pte_writable(entry_of(mm, MORE)));
	assert_false(pte_writable(entry_of(mm, MORE + 4)));
	assert_true(pte_writable(entry_of(mm, MORE + 1)));
	frame_put(frame);

	/* A listener that wants a bracket gets one, and no upgrades. */
	assert_int_equal(mm_protect_ro(mm, range), 0);
	recorder.notifier.follows_upgrades = false;
	fake_log_clear();
	assert_int_equal(mm_protect_rw(mm, range), 0);
	assert_log("start:protect-rw:3000+8 T2 T2 T2 T2 "
		   "end:protect-rw:3000+8");
	for (i = 0; i < 4; i++)
		write_page(MORE + i, 8);
	load_on_cpu1(NULL);
	recorder_remove(&recorder);
}

static void test_protect_invalid(void **state)
{
	static const struct {
		const char *name;
		u64 first, count;
	} rows[] = {
		{ "no area",	5000, 1 },
		{ "a part",	0, 8 },
		{ "more",	0, AREA_PAGES + 1 },
		{ "the end",	AREA_PAGES - 1, 1 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		struct hva_range range = pages(rows[i].first, rows[i].count);

		assert_int_equal(mm_protect_ro(mm, range), -EINVAL);
		assert_int_equal(mm_protect_rw(mm, range), -EINVAL);
	}
	assert_log("");
	write_page(0, 1);
}

/* --- Pins. */

static u64 *pin_page(u64 page, struct gup *gup)
{
	assert_int_equal(gup_pin(mm, page_hva(page), gup), 0);
	return frame_ptr(gup->frame);
}

/* The device keeps the frame that the page has; the child gets another one. */
static void test_fork_of_pinned(void **state)
{
	struct gup gup, other;
	struct mm *child;
	u64 *device;

	(void)state;
	write_page(0, 5);
	write_page(1, 6);
	device = pin_page(0, &gup);
	device[1] = 7;
	child = mm_fork(mm);
	assert_non_null(child);
	assert_ptr_equal(frame_of(mm, 0), gup.frame);
	assert_ptr_not_equal(frame_of(child, 0), gup.frame);
	assert_true(pte_writable(entry_of(child, 0)));
	assert_int_equal(frame_refcount(frame_of(child, 0)), 1);
	assert_int_equal(rmap_mapcount(gup.frame), 1);
	assert_ptr_equal(frame_of(child, 1), frame_of(mm, 1));

	/* The owner's write takes the frame over, whoever looks at it. */
	assert_int_equal(gup_fast(mm, page_hva(0), MM_READ, &other), 0);
	fake_log_clear();
	write_page(0, 8);
	assert_log("T2");
	assert_ptr_equal(frame_of(mm, 0), gup.frame);
	frame_put(other.frame);
	device[1] = 9;
	assert_int_equal(*(u64 *)frame_ptr(frame_of(mm, 0)), 8);
	mm_switch(child);
	assert_int_equal(read_page(0), 5);
	write_page(0, 4);
	mm_switch(mm);
	assert_int_equal(read_page(0), 8);
	assert_int_equal(((u64 *)frame_ptr(frame_of(child, 0)))[1], 7);

	/* Let go, it is shared as any other. */
	gup_unpin(gup.frame);
	mm_put(child);
	child = mm_fork(mm);
	assert_ptr_equal(frame_of(child, 0), frame_of(mm, 0));
	mm_put(child);
}

/* Each area has one: the child gets a copy in each. */
static void test_fork_of_two_areas(void **state)
{
	static const u64 where[] = { 0, MORE };
	struct gup gups[array_count(where)];
	struct mm *child;
	u32 i;

	(void)state;
	assert_int_equal(mm_mmap(mm, pages(MORE, 4), VMA_WRITE), 0);
	for (i = 0; i < array_count(where); i++) {
		write_page(where[i], 5 + i);
		pin_page(where[i], &gups[i]);
	}
	child = mm_fork(mm);
	assert_non_null(child);
	mm_switch(child);
	for (i = 0; i < array_count(where); i++) {
		assert_int_equal(read_page(where[i]), 5 + i);
		assert_ptr_not_equal(frame_of(child, where[i]),
				     gups[i].frame);
		gup_unpin(gups[i].frame);
	}
	mm_switch(mm);
	mm_put(child);
}

/* A pin is taken for writing: a page that is shared is copied first. */
static void test_pin_of_shared(void **state)
{
	struct mm *child;
	struct gup gup;

	(void)state;
	write_page(0, 5);
	child = mm_fork(mm);
	pin_page(0, &gup);
	assert_ptr_equal(frame_of(mm, 0), gup.frame);
	assert_ptr_not_equal(frame_of(child, 0), gup.frame);
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
	assert_int_equal(mm_protect_rw(mm, pages(0, AREA_PAGES)), 0);
	assert_true(pte_writable(entry_of(mm, 0)));
	frame_get(gup.frame);
	assert_int_equal(mm_migrate(gup.frame), -EBUSY);
	frame_put(gup.frame);
	gup_unpin(gup.frame);
	mm_put(child);
}

static void test_fork_of_pinned_no_memory(void **state)
{
	struct mm *child = NULL;
	struct gup gup;
	u64 before;
	u32 n;

	(void)state;
	write_page(0, 5);
	pin_page(0, &gup);
	before = frame_free_count();
	for (n = 1; !child; n++) {
		frame_fail_at(n);
		child = mm_fork(mm);
		if (!child)
			assert_int_equal(frame_free_count(), before);
	}
	frame_fail_at(0);
	/* mm, root, two tables, a leaf table and its links; the copy. */
	assert_int_equal(n - 2, 7);
	write_page(0, 6);
	assert_ptr_equal(frame_of(mm, 0), gup.frame);
	mm_put(child);
	gup_unpin(gup.frame);
}

/* --- Habits: an address space's own, and its children's. */

static u32 touches;

static void count_touch(struct mm *of, hva_t hva)
{
	touches++;
	first_touch_right.before(of, hva);
}

static u32 touches_in(struct mm *of, u64 page)
{
	u32 before = touches;

	assert_int_equal(mm_fault(of, page_hva(page), MM_WRITE), 0);
	return touches - before;
}

static void test_habits(void **state)
{
	const struct first_touch counted = { count_touch };
	struct habits own = habits_right;
	struct mm *child, *other = mm_create();

	(void)state;
	own.touch = &counted;
	mm->habits = &own;
	child = mm_fork(mm);
	assert_int_equal(mm_mmap(other, pages(0, 8), VMA_WRITE), 0);
	assert_int_equal(touches_in(mm, 0), 1);
	assert_int_equal(touches_in(child, 0), 1);
	assert_int_equal(touches_in(other, 0), 0);
	mm->habits = &habits_right;
	assert_int_equal(touches_in(mm, 1), 0);
	mm_put(child);
	mm_put(other);
}

/* The PTL of each table: hpt_wrprotect() asserts that it is held. */
static void test_protect_two_tables(void **state)
{
	struct hva_range area = pages(TABLE_ENTRIES - 2, 4);
	struct mm *other = mm_create();
	u64 page;

	(void)state;
	assert_non_null(other);
	assert_int_equal(mm_mmap(other, area, VMA_WRITE), 0);
	for (page = TABLE_ENTRIES - 2; page < TABLE_ENTRIES + 2; page++)
		assert_int_equal(mm_fault(other, page_hva(page), MM_WRITE), 0);
	assert_int_equal(mm_protect_ro(other, area), 0);
	for (page = TABLE_ENTRIES - 2; page < TABLE_ENTRIES + 2; page++) {
		assert_false(pte_writable(entry_of(other, page)));
		assert_false(spin_is_locked(hpt_lock(
			hpt_walk(other, page_hva(page)))));
	}
	mm_put(other);
}

static bool never(struct frame *frame)
{
	(void)frame;
	return false;
}

/* Who is left alone with a frame copies it, where the habit is so. */
static void test_takeover_habit(void **state)
{
	const struct takeover copies = { never };
	struct habits own = habits_right;
	struct frame *frame;

	(void)state;
	own.takeover = &copies;
	write_page(0, 1);
	frame = frame_of(mm, 0);
	mm_put(mm_fork(mm));
	mm->habits = &own;
	write_page(0, 2);
	assert_ptr_not_equal(frame_of(mm, 0), frame);
	mm_put(mm_fork(mm));
	frame = frame_of(mm, 0);
	mm->habits = &habits_right;
	write_page(0, 3);
	assert_ptr_equal(frame_of(mm, 0), frame);
}

/* ... but a pinned frame stays behind its page, whatever the habit. */
static void test_takeover_of_pinned(void **state)
{
	const struct takeover copies = { never };
	struct habits own = habits_right;
	struct mm *child;
	struct gup gup;

	(void)state;
	own.takeover = &copies;
	write_page(0, 5);
	mm->habits = &own;
	pin_page(0, &gup);
	child = mm_fork(mm);
	write_page(0, 6);
	assert_ptr_equal(frame_of(mm, 0), gup.frame);
	gup_unpin(gup.frame);
	mm_put(child);
	mm->habits = &habits_right;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fork),
		TEST(test_fork_drops_writable),
		TEST(test_generations),
		TEST(test_no_memory),
		TEST(test_protect),
		TEST(test_protect_invalid),
		TEST(test_fork_of_pinned),
		TEST(test_fork_of_two_areas),
		TEST(test_pin_of_shared),
		TEST(test_fork_of_pinned_no_memory),
		TEST(test_habits),
		TEST(test_protect_two_tables),
		TEST(test_takeover_habit),
		TEST(test_takeover_of_pinned),
	};

	return RUN(tests);
}
