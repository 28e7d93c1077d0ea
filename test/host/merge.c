/*
 * Merging two pages in two steps (O4, O5): order, flushes, and what stops it.
 */
#include "test/host/support.h"

#include "mm/gup.h"
#include "mm/merge.h"
#include "test/fake/stepper.h"

static struct recorder recorder;

/* Pages 0 and 1, equal, with a scanner's reference to each. */
static struct frame *first, *second;

static void make_pair(u64 a, u64 b)
{
	write_page(0, a);
	write_page(1, b);
	first = frame_of(mm, 0);
	second = frame_of(mm, 1);
	frame_get(first);
	frame_get(second);
	recorder_add(&recorder, mm);
	load_on_cpu1(mm);
}

static void put_pair(void)
{
	frame_put(first);
	frame_put(second);
	recorder_remove(&recorder);
}

#define T4_OF_1 "N0 start:wrprotect:1+1 N1 page primary1 local@1 N2 " \
		"cleared:1 N3 change:1 N4 N5 end:wrprotect:1+1"
#define T3A_OF_1 "N0 start:merge:1+1 N1 page primary1 local@1 N2 cleared:1 " \
		 "N3 change:1 N4 N5 end:merge:1+1 N6"

static void test_merge(void **state)
{
	(void)state;
	make_pair(7, 7);
	assert_int_equal(merge_wrprotect(mm, page_hva(0), first), 0);
	assert_log("N0 start:wrprotect:0+1 N1 page primary1 local@1 N2 "
		   "cleared:0 N3 change:0 N4 N5 end:wrprotect:0+1");
	/* T4: the same frame, without W. */
	assert_int_equal(pte_pfn(recorder.old).n, pte_pfn(recorder.new).n);
	assert_true(pte_writable(recorder.old));
	assert_false(pte_writable(recorder.new));

	assert_int_equal(merge_page(mm, page_hva(1), second, first), 0);
	assert_log(T4_OF_1 " " T3A_OF_1);
	/* T3a: another frame, read-only to read-only. */
	assert_ptr_equal(pfn_frame(pte_pfn(recorder.old)), second);
	assert_ptr_equal(pfn_frame(pte_pfn(recorder.new)), first);
	assert_ptr_equal(frame_of(mm, 1), first);
	assert_int_equal(frame_refcount(first), 3);
	assert_int_equal(rmap_mapcount(first), 2);
	assert_int_equal(frame_refcount(second), 1);	/* the scanner's */
	assert_int_equal(rmap_mapcount(second), 0);

	/* Both are broken by copies: the scanner still holds the frame. */
	put_pair();
	write_page(0, 8);
	assert_int_equal(read_page(1), 7);
	write_page(1, 9);
	assert_int_equal(read_page(0), 8);
}

/* The second step needs no T4 when P is read-only already. */
static void test_already_readonly(void **state)
{
	(void)state;
	make_pair(7, 7);
	assert_int_equal(merge_wrprotect(mm, page_hva(1), second), 0);
	fake_log_clear();
	assert_int_equal(merge_wrprotect(mm, page_hva(1), second), 0);
	assert_log("");
	assert_int_equal(merge_wrprotect(mm, page_hva(0), first), 0);
	fake_log_clear();
	assert_int_equal(merge_page(mm, page_hva(1), second, first), 0);
	assert_log(T3A_OF_1);
	put_pair();
}

/* O17: a reference found at N3 stops it, and P is as it was. */
static void test_pinned(void **state)
{
	pte_t before;

	(void)state;
	make_pair(7, 7);
	before = entry_of(mm, 1);
	frame_get(second);		/* a gup's */
	assert_int_equal(merge_page(mm, page_hva(1), second, first), -EBUSY);
	assert_log("N0 start:wrprotect:1+1 N1 page primary1 local@1 N2 "
		   "cleared:1 end:wrprotect:1+1");
	assert_int_equal(entry_of(mm, 1).v, before.v);
	frame_put(second);

	/* Read-only already: refused without touching P. */
	assert_int_equal(merge_wrprotect(mm, page_hva(1), second), 0);
	frame_get(second);
	before = entry_of(mm, 1);
	fake_log_clear();
	assert_int_equal(merge_page(mm, page_hva(1), second, first), -EBUSY);
	assert_log("");
	assert_int_equal(entry_of(mm, 1).v, before.v);
	frame_put(second);
	put_pair();
	write_page(1, 8);
	assert_int_equal(read_page(0), 7);
}

/* A pin that comes between the comparison and N2 of the second step. */
static void pin_at_n0(enum step step, u64 subject)
{
	(void)subject;
	if (step == STEP_N0)
		frame_get(second);
}

static void test_pinned_late(void **state)
{
	pte_t before;

	(void)state;
	make_pair(7, 7);
	assert_int_equal(merge_wrprotect(mm, page_hva(1), second), 0);
	before = entry_of(mm, 1);
	fake_log_clear();
	fake_on_step = pin_at_n0;
	assert_int_equal(merge_page(mm, page_hva(1), second, first), -EBUSY);
	fake_on_step = NULL;
	assert_log("N0 start:merge:1+1 N1 page primary1 local@1 N2 cleared:1 "
		   "end:merge:1+1");
	assert_int_equal(entry_of(mm, 1).v, before.v);
	frame_put(second);
	put_pair();
	assert_int_equal(read_page(1), 7);
}

/* O5: written between the search and the comparison under protection. */
static void test_content_differs(void **state)
{
	(void)state;
	make_pair(7, 8);
	assert_int_equal(merge_page(mm, page_hva(1), second, first), -EAGAIN);
	assert_log(T4_OF_1);		/* left read-only, repaired by a T2 */
	put_pair();
	fake_log_clear();
	write_page(1, 9);
	assert_log("T2");
	assert_ptr_equal(frame_of(mm, 1), second);
	assert_int_equal(read_page(0), 7);
}

/* CPU 1 writes in every gap of the merge: it is lost in none of them. */
static enum step write_at;
static bool written;

static void write_in_gap(enum step step, u64 subject)
{
	u32 self;

	if (step != write_at || written || subject != page_hva(1).v)
		return;
	written = true;
	self = fake_cpu(1);
	write_page(1, 99);
	fake_cpu(self);
}

static void test_write_in_between(void **state)
{
	/* Points at which no lock is held: before, and after each step. */
	static const enum step gaps[] = { STEP_N0, STEP_N6 };
	u32 i;

	(void)state;
	for (i = 0; i < array_count(gaps); i++) {
		make_pair(7, 7);
		written = false;
		write_at = gaps[i];
		fake_on_step = write_in_gap;
		(void)!merge_page(mm, page_hva(1), second, first);
		fake_on_step = NULL;
		assert_true(written);
		assert_int_equal(read_page(1), 99);
		assert_int_equal(read_page(0), 7);
		put_pair();
		mm_discard(mm, pages(0, 2));
	}
}

static void test_not_there(void **state)
{
	struct frame *other;

	(void)state;
	make_pair(7, 7);
	other = frame_alloc();
	/* It maps something else; it is not mapped; there is no table. */
	assert_int_equal(merge_wrprotect(mm, page_hva(0), other), -EAGAIN);
	assert_int_equal(merge_page(mm, page_hva(0), other, first), -EAGAIN);
	assert_int_equal(merge_wrprotect(mm, page_hva(2), other), -EAGAIN);
	assert_int_equal(merge_wrprotect(mm, page_hva(700), other), -EAGAIN);
	assert_log("");		/* nobody was disturbed */
	frame_put(other);
	put_pair();
}

/*
 * A takeover (T2) has counted the references, and then the scanner takes one:
 * P was read-only when the scanner looked, and is writable when it has PTL.
 * With its reference and its word that P is protected nobody may write.
 */
static struct gup scanned;
static int protect_error;
static u32 refused, writable;

static void leave_alone(void)
{
	struct frame *frame;

	if (mm_fault(mm, page_hva(0), MM_WRITE))
		panic("page 0 cannot be filled");
	frame = frame_of(mm, 0);
	frame_get(frame);
	if (merge_wrprotect(mm, page_hva(0), frame))
		panic("page 0 is not protected");
	frame_put(frame);
}

static void take_over(void)
{
	if (mm_fault(mm, page_hva(0), MM_WRITE))
		panic("page 0 cannot be written to");
}

static void protect(void)
{
	protect_error = gup_fast(mm, page_hva(0), MM_READ, &scanned);
	if (protect_error)
		return;
	protect_error = merge_wrprotect(mm, page_hva(0), scanned.frame);
	if (protect_error)
		frame_put(scanned.frame);
}

static void after_protect(void)
{
	pte_t pte = entry_of(mm, 0);

	refused += protect_error != 0;
	if (!protect_error) {
		writable += pte_writable(pte) &&
			    pte_pfn(pte).n == frame_pfn(scanned.frame).n;
		frame_put(scanned.frame);
	}
	mm_discard(mm, pages(0, 1));
}

static void test_protect_meets_takeover(void **state)
{
	static const struct stepped_race race = {
		leave_alone, take_over, protect, after_protect, 0,
	};

	(void)state;
	fake_log_off();
	mm_switch(NULL);		/* no flush waits for CPU 0 */
	refused = writable = 0;
	fake_step_through(&race);
	assert_true(refused > 0);
	assert_int_equal(writable, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_merge),
		TEST(test_already_readonly),
		TEST(test_pinned),
		TEST(test_pinned_late),
		TEST(test_content_differs),
		TEST(test_write_in_between),
		TEST(test_not_there),
		TEST(test_protect_meets_takeover),
	};

	return RUN(tests);
}
