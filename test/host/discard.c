/*
 * Discard (T7) and migration (T6): brackets.
 */
#include "test/host/support.h"

static struct recorder recorder;

static void test_discard(void **state)
{
	struct frame *frame;
	u64 before;
	u32 i;

	(void)state;
	write_page(0, 1);
	before = frame_free_count();
	for (i = 1; i < 100; i++)
		write_page(i, 1);
	assert_int_equal(read_page(100), 0);
	frame = frame_of(mm, 50);
	recorder_add(&recorder, mm);
	load_on_cpu1(mm);

	mm_discard(mm, pages(1, 120));
	/* One bracket, one flush; frames go after the flush and the bracket. */
	assert_true(log_begins("start:unmap:1+120 local primary1 local@1 "
			       "end:unmap:1+120 FREE"));
	assert_int_equal(fake_log_count("FREE"), 99 + 1);
	assert_int_equal(frame_free_count(), before);
	assert_int_equal(frame_refcount(frame), 0);
	assert_int_equal(frame_refcount(zero_frame), 1);
	assert_int_equal(read_page(50), 0);
	assert_int_equal(read_page(0), 1);
	recorder_remove(&recorder);
}

/* O6: nobody reads junk through an old translation. */
static void test_discard_flushes(void **state)
{
	(void)state;
	write_page(0, 1);
	load_on_cpu1(mm);
	fake_cpu(1);
	assert_int_equal(read_page(0), 1);
	fake_cpu(0);
	mm_discard(mm, pages(0, 1));
	fake_cpu(1);
	assert_int_equal(read_page(0), 0);
	fake_cpu(0);
}

/*
 * T8 while two discards run at once: who fills a page that one of them has
 * cleared flushes it, for neither has done so yet.
 */
static u32 cleared_pages;
static u64 seen_by_cpu1;

static void discard_and_fill(enum step step, u64 subject)
{
	u32 self;

	(void)subject;
	if (step != STEP_T7)
		return;
	if (!cleared_pages++) {		/* of the first one: now the second */
		mm_discard(mm, pages(1, 1));
		return;
	}
	if (mm_fault(mm, page_hva(0), MM_WRITE))
		panic("page 0 cannot be filled");
	self = fake_cpu(1);
	seen_by_cpu1 = read_page(0);
	fake_cpu(self);
}

static void test_two_discards(void **state)
{
	(void)state;
	write_page(0, 1);
	write_page(1, 1);
	load_on_cpu1(mm);
	fake_cpu(1);
	assert_int_equal(read_page(0), 1);
	fake_cpu(0);
	cleared_pages = 0;
	fake_on_step = discard_and_fill;
	mm_discard(mm, pages(0, 1));
	fake_on_step = NULL;
	assert_int_equal(cleared_pages, 2);
	assert_int_equal(seen_by_cpu1, 0);
}

/* Nothing there, or another range without tables: a bracket all the same. */
static void test_discard_nothing(void **state)
{
	(void)state;
	recorder_add(&recorder, mm);
	mm_discard(mm, pages(0, 4));
	assert_log("start:unmap:0+4 local end:unmap:0+4");
	recorder_remove(&recorder);
}

/* More pages than one list of frames holds. */
static void test_discard_many(void **state)
{
	u64 before = frame_free_count();
	u32 i;

	(void)state;
	for (i = 0; i < AREA_PAGES; i++)
		write_page(i, i);
	fake_log_clear();
	mm_discard(mm, pages(0, AREA_PAGES));
	assert_int_equal(fake_log_count("local"), 1);
	/* What remains: two upper tables, two lower ones with links. */
	assert_int_equal(frame_free_count(), before - 6);
}

/*
 * No memory for the list, at once or when the first one is full: a flush for
 * each page that finds no place, and nothing is lost.
 */
static void test_discard_no_memory(void **state)
{
	static const struct {
		u32 fail_at, flushes;
	} rows[] = {
		{ 1, 1 + 1 },	/* the second page finds memory again */
		{ 2, 1 + 1 },	/* so does the 512th */
	};
	u64 before;
	u32 i, n;

	(void)state;
	write_page(0, 1);
	write_page(600, 1);
	mm_discard(mm, pages(0, 601));
	before = frame_free_count();
	for (n = 0; n < array_count(rows); n++) {
		for (i = 0; i < 600; i++)
			write_page(i, i);
		fake_log_clear();
		frame_fail_at(rows[n].fail_at);
		mm_discard(mm, pages(0, 600));
		assert_int_equal(fake_log_count("local"), rows[n].flushes);
		assert_int_equal(frame_free_count(), before);
	}
}

static void test_migrate(void **state)
{
	struct frame *old;
	struct mm *child;

	(void)state;
	write_page(0, 41);
	write_page(1, 42);
	child = mm_fork(mm);
	old = frame_of(mm, 0);
	frame_get(old);
	recorder_add(&recorder, mm);
	load_on_cpu1(child);

	assert_int_equal(mm_migrate(old), 0);
	/* One bracket for the listener of mm; both were flushed. */
	assert_int_equal(fake_log_count("start:migrate:0+1"), 1);
	assert_int_equal(fake_log_count("end:migrate:0+1"), 1);
	assert_int_equal(fake_log_count("page"), 1);
	assert_int_equal(fake_log_count("primary1"), 1);
	assert_int_equal(fake_log_count("FREE"), 0);
	assert_int_equal(rmap_mapcount(old), 0);
	assert_int_equal(frame_refcount(old), 1);
	assert_ptr_not_equal(frame_of(mm, 0), old);
	assert_ptr_equal(frame_of(mm, 0), frame_of(child, 0));
	assert_int_equal(frame_refcount(frame_of(mm, 0)), 2);
	assert_int_equal(read_page(0), 41);
	frame_put(old);
	load_on_cpu1(NULL);
	mm_put(child);
	write_page(0, 43);
	recorder_remove(&recorder);
}

/* The order within one mapping, and that the right to write stays. */
static void test_migrate_order(void **state)
{
	struct frame *old;

	(void)state;
	write_page(0, 41);
	old = frame_of(mm, 0);
	frame_get(old);
	recorder_add(&recorder, mm);
	load_on_cpu1(mm);
	fake_log_steps(FAKE_STEPS_MM | FAKE_STEP(COPY));
	assert_int_equal(mm_migrate(old), 0);
	assert_log("start:migrate:0+1 page primary1 local@1 COPY "
		   "end:migrate:0+1");
	assert_true(pte_writable(entry_of(mm, 0)));
	frame_put(old);
	assert_log("FREE");
	assert_int_equal(read_page(0), 41);
	recorder_remove(&recorder);
}

static void test_migrate_refused(void **state)
{
	struct frame *old;
	pte_t before;

	(void)state;
	write_page(0, 41);
	old = frame_of(mm, 0);
	before = entry_of(mm, 0);
	frame_get(old);
	frame_get(old);			/* somebody else's */
	assert_int_equal(mm_migrate(old), -EBUSY);
	assert_true(pte_same(entry_of(mm, 0), before));
	frame_put(old);

	frame_fail_at(1);
	assert_int_equal(mm_migrate(old), -ENOMEM);
	assert_true(pte_same(entry_of(mm, 0), before));
	frame_put(old);
	assert_int_equal(read_page(0), 41);

	frame_get(zero_frame);
	assert_int_equal(read_page(1), 0);
	assert_int_equal(mm_migrate(zero_frame), -EBUSY);
	frame_put(zero_frame);

	/* Not mapped at all: nothing to do. */
	old = frame_alloc();
	assert_int_equal(mm_migrate(old), 0);
	frame_put(old);
}

/* A mapping of an address space that is going away stays, and is reported. */
static void test_migrate_dying(void **state)
{
	struct frame *old;
	struct mm *child;

	(void)state;
	write_page(0, 41);
	child = mm_fork(mm);
	old = frame_of(mm, 0);
	frame_get(old);
	child->users = 0;		/* as mm_put() leaves it */
	assert_int_equal(mm_migrate(old), -EAGAIN);
	assert_ptr_equal(frame_of(child, 0), old);
	child->users = 1;
	mm_put(child);
	assert_int_equal(mm_migrate(old), 0);
	assert_ptr_not_equal(frame_of(mm, 0), old);
	frame_put(old);
	assert_int_equal(read_page(0), 41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_discard),
		TEST(test_discard_flushes),
		TEST(test_two_discards),
		TEST(test_discard_nothing),
		TEST(test_discard_many),
		TEST(test_discard_no_memory),
		TEST(test_migrate),
		TEST(test_migrate_order),
		TEST(test_migrate_refused),
		TEST(test_migrate_dying),
	};

	return RUN(tests);
}
