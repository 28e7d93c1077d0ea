/*
 * Faults of the primary MMU: which frame, which events in which order, how
 * many flushes. CPU 1 has the same address space loaded, so that every flush
 * of the primary shows as one IPI.
 */
#include "test/host/support.h"

/* @page of mm is shared with a child; returns the child. */
static struct mm *share(u64 page, u64 value)
{
	struct mm *child;

	write_page(page, value);
	child = mm_fork(mm);
	assert_non_null(child);
	return child;
}

static void test_zero_page(void **state)
{
	(void)state;
	assert_int_equal(read_page(0), 0);
	assert_ptr_equal(frame_of(mm, 0), zero_frame);
	assert_false(pte_writable(entry_of(mm, 0)));
	assert_int_equal(read_page(1), 0);
	assert_ptr_equal(frame_of(mm, 1), zero_frame);
	assert_int_equal(frame_refcount(zero_frame), 3);
	assert_int_equal(rmap_mapcount(zero_frame), 2);
	assert_log("");		/* T8: no event, no flush */
}

/* Areas 4 GiB, 2^32 pages and almost 2^47 bytes apart: no page stands for that
 * of another one. */
static void test_far(void **state)
{
	static const u64 firsts[] = {
		0, 1ull << 20, 1ull << 32,
		((HVA_END - HVA_START) >> PAGE_SHIFT) - 4,
	};
	u64 i, j;

	(void)state;
	for (i = 1; i < array_count(firsts); i++)
		assert_int_equal(mm_mmap(mm, pages(firsts[i], 4), VMA_WRITE),
				 0);
	assert_int_equal(mm_mmap(mm, pages((1ull << 32) + 3, 8), 0), -EINVAL);
	for (i = 0; i < array_count(firsts); i++)
		write_page(firsts[i], 10 + i);
	for (i = 0; i < array_count(firsts); i++) {
		mm_discard(mm, pages(firsts[i], 4));
		for (j = 0; j < array_count(firsts); j++)
			assert_int_equal(read_page(firsts[j]),
					 j > i ? 10 + j : 0);
	}
	/* One range over 16 GiB, most of which is not there. */
	for (i = 0; i < array_count(firsts); i++)
		write_page(firsts[i], 20 + i);
	mm_discard(mm, pages(0, 1ull << 22));
	assert_int_equal(read_page(firsts[0]), 0);
	assert_int_equal(read_page(firsts[1]), 0);
	assert_int_equal(read_page(firsts[2]), 22);
	assert_int_equal(fake_write(page_hva(firsts[2] + 4), 1), -EFAULT);
}

static void test_first_touch(void **state)
{
	u64 before = frame_free_count();

	(void)state;
	write_page(0, 7);
	/* Three tables, the links of the lowest, and the page. */
	assert_int_equal(frame_free_count(), before - 5);
	write_page(1, 8);
	assert_int_equal(frame_free_count(), before - 6);
	assert_true(pte_writable(entry_of(mm, 0)));
	assert_int_equal(frame_refcount(frame_of(mm, 0)), 1);
	assert_int_equal(read_page(0), 7);
	assert_log("");
}

/* Writing to a page that read as zero is a copy: P changes its frame (T1). */
static void test_zero_break(void **state)
{
	struct recorder recorder;

	(void)state;
	recorder_add(&recorder, mm);
	assert_int_equal(read_page(0), 0);
	write_page(0, 5);
	assert_log("N0 start:copy:0+1 N1 page N2 cleared:0 N3 change:0 N4 N5 "
		   "end:copy:0+1 N6");
	assert_int_equal(pte_pfn(recorder.old).n, frame_pfn(zero_frame).n);
	assert_int_equal(frame_refcount(zero_frame), 1);
	assert_int_equal(*(u64 *)frame_ptr(zero_frame), 0);
	recorder_remove(&recorder);
}

static void test_copy(void **state)
{
	struct recorder recorder;
	struct frame *old;
	struct mm *child;

	(void)state;
	child = share(3, 11);
	old = frame_of(mm, 3);
	recorder_add(&recorder, mm);
	assert_int_equal(read_page(3), 11);
	load_on_cpu1(mm);

	write_page(3, 12);
	/* O1, O2: N2 with its IPI, then the listener, then N5. */
	assert_log("N0 start:copy:3+1 N1 page primary1 local@1 N2 cleared:3 "
		   "N3 change:3 N4 N5 end:copy:3+1 N6");
	assert_ptr_equal(pfn_frame(pte_pfn(recorder.old)), old);
	assert_true(pte_same(recorder.new, entry_of(mm, 3)));
	assert_true(pte_writable(recorder.new));
	assert_ptr_equal(frame_of(child, 3), old);
	assert_int_equal(frame_refcount(old), 1);
	assert_int_equal(rmap_mapcount(old), 1);
	assert_int_equal(*(u64 *)frame_ptr(old), 11);
	assert_int_equal(read_page(3), 12);

	load_on_cpu1(NULL);
	recorder_remove(&recorder);
	mm_put(child);
}

static void test_takeover(void **state)
{
	struct recorder recorder;
	struct frame *frame;

	(void)state;
	mm_put(share(3, 11));
	frame = frame_of(mm, 3);
	recorder_add(&recorder, mm);
	load_on_cpu1(mm);
	write_page(3, 12);
	/* T2: same frame, no flush of the primary, no bracket. */
	assert_log("before:3 T2 upgrade:3 done:3+1");
	assert_ptr_equal(frame_of(mm, 3), frame);
	assert_true(pte_same(recorder.new, entry_of(mm, 3)));
	load_on_cpu1(NULL);
	recorder_remove(&recorder);
}

/* The map count is 1, but somebody holds a reference: no takeover. */
static void test_pinned_is_copied(void **state)
{
	struct frame *frame;

	(void)state;
	mm_put(share(3, 11));
	frame = frame_of(mm, 3);
	frame_get(frame);
	write_page(3, 12);
	assert_ptr_not_equal(frame_of(mm, 3), frame);
	assert_int_equal(*(u64 *)frame_ptr(frame), 11);
	assert_int_equal(frame_refcount(frame), 1);
	frame_put(frame);
}

/* A translation older than the takeover costs one fault and no event. */
static void test_spurious(void **state)
{
	u32 self;

	(void)state;
	write_page(3, 11);
	load_on_cpu1(mm);
	mm_put(mm_fork(mm));
	self = fake_cpu(1);
	assert_int_equal(read_page(3), 11);
	fake_cpu(self);
	write_page(3, 12);			/* takes the page over */
	fake_log_clear();

	fake_cpu(1);
	assert_true(fake_tlb_holds(page_hva(3)));
	assert_false(fake_tlb_holds_writable(page_hva(3)));
	write_page(3, 13);
	assert_log("");
	fake_cpu(0);
	assert_int_equal(read_page(3), 13);
	assert_int_equal(mm_fault(mm, page_hva(3), MM_WRITE), 0);
	load_on_cpu1(NULL);
}

/* O2 on CPU 1's own TLB: without the IPI it would go on reading the old one. */
static void test_no_stale_read(void **state)
{
	struct mm *child;
	u32 self;

	(void)state;
	child = share(3, 11);
	load_on_cpu1(mm);
	self = fake_cpu(1);
	assert_int_equal(read_page(3), 11);
	assert_true(fake_tlb_holds(page_hva(3)));
	fake_cpu(self);
	write_page(3, 12);
	fake_cpu(1);
	assert_false(fake_tlb_holds(page_hva(3)));
	assert_int_equal(read_page(3), 12);
	fake_cpu(0);
	load_on_cpu1(NULL);
	mm_put(child);
}

/* CPU 1 runs this once, while CPU 0 has copied and does not hold PTL. */
static enum mm_access other_access;

static void other_cpu_first(enum step step, u64 subject)
{
	u32 self;

	if (step != STEP_N0 || subject != page_hva(3).v)
		return;
	fake_on_step = NULL;
	self = fake_cpu(1);
	assert_int_equal(mm_fault(mm, page_hva(3), other_access), 0);
	fake_cpu(self);
}

/* N1: another CPU resolved the fault meanwhile. */
static void test_lost_race(void **state)
{
	u64 before;
	struct mm *child;

	(void)state;
	child = share(3, 11);
	load_on_cpu1(mm);
	before = frame_free_count();
	other_access = MM_WRITE;
	fake_on_step = other_cpu_first;
	write_page(3, 12);
	assert_log("N0 N0@1 N1@1 page@1 primary0@1 local N2@1 N3@1 N4@1 N5@1 "
		   "N6@1 FREE");
	assert_int_equal(frame_free_count(), before - 1);
	assert_int_equal(read_page(3), 12);
	load_on_cpu1(NULL);
	mm_put(child);
}

static void test_denied(void **state)
{
	struct hva_range range = pages(2000, 4);
	u64 value;

	(void)state;
	assert_int_equal(fake_read(page_hva(AREA_PAGES), &value), -EFAULT);
	assert_int_equal(mm_mmap(mm, range, 0), 0);
	assert_int_equal(fake_read(range.start, &value), 0);
	assert_int_equal(fake_write(range.start, 1), -EFAULT);
	assert_ptr_equal(frame_of(mm, 2000), zero_frame);
	assert_int_equal(mm_page_fault((hva_t){ 0x1000 }, 0), -EFAULT);
	assert_int_equal(mm_page_fault((hva_t){ HVA_END }, 0), -EFAULT);
	mm_switch(NULL);
	assert_int_equal(mm_page_fault(page_hva(0), 0), -EFAULT);
	mm_switch(mm);
}

/* Bounds, overlaps, too many. */
static void test_map(void **state)
{
	static const struct {
		const char *name;
		struct hva_range range;
		int err;
	} rows[] = {
		{ "overlaps",	{ { HVA_START + PAGE_SIZE },
				  { HVA_START + 2 * PAGE_SIZE } }, -EINVAL },
		{ "below",	{ { HVA_START - PAGE_SIZE },
				  { HVA_START } }, -EINVAL },
		{ "beyond",	{ { HVA_END }, { HVA_END + PAGE_SIZE } },
		  -EINVAL },
		{ "empty",	{ { HVA_END - PAGE_SIZE },
				  { HVA_END - PAGE_SIZE } }, -EINVAL },
		{ "unaligned",	{ { HVA_END - PAGE_SIZE + 8 }, { HVA_END } },
		  -EINVAL },
		{ "last page",	{ { HVA_END - PAGE_SIZE }, { HVA_END } }, 0 },
		{ "again",	{ { HVA_END - PAGE_SIZE }, { HVA_END } },
		  -EINVAL },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		assert_int_equal(mm_mmap(mm, rows[i].range, 0), rows[i].err);
	for (i = mm->vma_count; i < MAX_VMAS; i++)
		assert_int_equal(mm_mmap(mm, pages(4000 + i, 1), 0), 0);
	assert_int_equal(mm_mmap(mm, pages(5000, 1), 0), -EINVAL);
}

static int fault_write(void *arg)
{
	hva_t *hva = arg;

	return mm_fault(mm, *hva, MM_WRITE);
}

/* What a failed fault left behind is tables, which are not leaked. */
static void test_no_memory_copy(void **state)
{
	hva_t hva = page_hva(3);
	struct mm *child;

	(void)state;
	child = share(3, 11);
	assert_int_equal(fail_each_allocation(fault_write, NULL, &hva), 1);
	write_page(3, 12);
	mm_put(child);
}

static void test_no_memory_first_touch(void **state)
{
	u64 before;
	u32 n;

	(void)state;
	/* Three tables, one with links, and the page: 5 in all. */
	for (n = 1; n <= 6; n++) {
		struct mm *fresh = mm_create();

		assert_non_null(fresh);
		assert_int_equal(mm_mmap(fresh, pages(0, 1), VMA_WRITE), 0);
		before = frame_free_count();
		frame_fail_at(n);
		assert_int_equal(mm_fault(fresh, page_hva(0), MM_WRITE),
				 n <= 5 ? -ENOMEM : 0);
		frame_fail_at(0);
		assert_true(before - frame_free_count() <= 5);
		mm_put(fresh);
	}
}

/* Another CPU writes to page 0 while memory is out. */
static int write_without_memory(u32 fail_at)
{
	u32 self = fake_cpu(1);
	int err;

	frame_fail_at(fail_at);
	err = mm_fault(mm, page_hva(0), MM_WRITE);
	frame_fail_at(0);
	fake_cpu(self);
	return err;
}

static int err_in_change;

static void write_behind_n2(enum step step, u64 subject)
{
	(void)subject;
	if (step == STEP_N2)
		err_in_change = write_without_memory(1);
}

/* The page is there before and after, so memory is not what is missing. */
static void test_no_memory_in_change(void **state)
{
	struct mm *child;

	(void)state;
	child = share(0, 1);
	err_in_change = 1;
	fake_on_step = write_behind_n2;
	write_page(0, 2);
	fake_on_step = NULL;
	assert_int_equal(err_in_change, 0);
	mm_put(child);
}

/* Memory is out, and before that is said the page goes another way: told to
 * listeners that postpone flushes, since those may free some. */
static void (*resolve)(void);

static bool resolve_meanwhile(struct mmu_notifier *n, enum mmu_need need)
{
	(void)n, (void)need;
	resolve();
	return false;
}

static void fill_page_0(void)
{
	frame_fail_at(0);
	assert_int_equal(mm_fault(mm, page_hva(0), MM_WRITE), 0);
}

static void discard_page_0(void)
{
	frame_fail_at(0);
	mm_discard(mm, pages(0, 1));
}

static void write_and_resolve(u32 fail_at, void (*fn)(void))
{
	struct mmu_notifier_ops ops;
	struct recorder recorder;

	recorder_add(&recorder, mm);
	recorder_remove(&recorder);
	ops = *recorder.notifier.ops;
	ops.complete = resolve_meanwhile;
	recorder.notifier.ops = &ops;
	recorder.notifier.postpones = true;
	mmu_notifier_register(mm, &recorder.notifier);
	resolve = fn;
	assert_int_equal(write_without_memory(fail_at), 0);
	recorder_remove(&recorder);
}

static void test_table_came_meanwhile(void **state)
{
	(void)state;
	write_and_resolve(1, fill_page_0);
}

static void test_page_came_meanwhile(void **state)
{
	(void)state;
	write_and_resolve(5, fill_page_0);
}

static void test_page_went_meanwhile(void **state)
{
	struct mm *child = share(0, 1);

	(void)state;
	write_and_resolve(1, discard_page_0);
	mm_put(child);
}

static void test_no_memory_create(void **state)
{
	u64 before = frame_free_count();
	u32 n;

	(void)state;
	for (n = 1; n <= 2; n++) {
		frame_fail_at(n);
		assert_null(mm_create());
		assert_int_equal(frame_free_count(), before);
		frame_fail_at(0);
	}
}

/* A CPU that loads another address space forgets the first, and is told no
 * more about it. */
static void test_switch(void **state)
{
	struct mm *child;

	(void)state;
	child = share(3, 11);
	load_on_cpu1(mm);
	assert_int_equal(mm->cpu_mask, 3);
	load_on_cpu1(child);
	assert_int_equal(mm->cpu_mask, 1);
	assert_int_equal(child->cpu_mask, 2);
	write_page(3, 12);
	assert_log("N0 N1 page N2 N3 N4 N5 N6");
	fake_cpu(1);
	assert_int_equal(read_page(3), 11);
	write_page(3, 13);
	fake_cpu(0);
	assert_int_equal(read_page(3), 12);
	load_on_cpu1(NULL);
	assert_int_equal(child->cpu_mask, 0);
	mm_put(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_zero_page),
		TEST(test_first_touch),
		TEST(test_far),
		TEST(test_zero_break),
		TEST(test_copy),
		TEST(test_takeover),
		TEST(test_pinned_is_copied),
		TEST(test_spurious),
		TEST(test_no_stale_read),
		TEST(test_lost_race),
		TEST(test_denied),
		TEST(test_map),
		TEST(test_no_memory_copy),
		TEST(test_no_memory_first_touch),
		TEST(test_no_memory_in_change),
		TEST(test_table_came_meanwhile),
		TEST(test_page_came_meanwhile),
		TEST(test_page_went_meanwhile),
		TEST(test_no_memory_create),
		TEST(test_switch),
	};

	return RUN(tests);
}
