/*
 * The scanner: what is merged in which pass, into which frame, at which cost.
 */
#include "test/host/support.h"

#include "arch/x86/page.h"
#include "mm/habits.h"
#include "mm/ksm.h"

extern struct counter count_ksm_merged, count_ksm_aborted, count_ksm_broken;

static struct recorder recorder;
static u64 merged_before, aborted_before;

static void begin(u64 page_count)
{
	recorder_add(&recorder, mm);
	fake_log_clear();
	assert_int_equal(ksm_add(mm, pages(0, page_count)), 0);
	merged_before = counter_sum(&count_ksm_merged);
	aborted_before = counter_sum(&count_ksm_aborted);
}

static u32 pass(void)
{
	u32 looked_at = 0;

	ksm_begin_pass();
	while (ksm_scan_next())
		looked_at++;
	return looked_at;
}

static u64 merged(void)
{
	return counter_sum(&count_ksm_merged) - merged_before;
}

static u64 aborted(void)
{
	return counter_sum(&count_ksm_aborted) - aborted_before;
}

static void end(void)
{
	ksm_exit();
	recorder_remove(&recorder);
}

#define COUNT	16

/*
 * All equal. The first pass only takes digests. In the second the first page
 * is write-protected in place (one change_pte) and each other one takes two:
 * 1 + 2 * (n - 1), as docs/contract.md has it.
 */
static void test_all_same(void **state)
{
	struct frame *frame;
	u32 i;

	(void)state;
	for (i = 0; i < COUNT; i++)
		write_page(i, 5);
	frame = frame_of(mm, 0);
	begin(COUNT);
	assert_int_equal(pass(), COUNT);
	assert_log("");
	assert_int_equal(pass(), COUNT);
	assert_int_equal(merged(), COUNT - 1);
	assert_int_equal(aborted(), 0);
	assert_int_equal(fake_log_count("N4"), 1 + 2 * (COUNT - 1));
	assert_int_equal(fake_log_count("page"), 1 + 2 * (COUNT - 1));
	for (i = 0; i < COUNT; i++) {
		assert_ptr_equal(frame_of(mm, i), frame);	/* in place */
		assert_false(pte_writable(entry_of(mm, i)));
	}
	/* Sixteen mappings, and the stable tree. */
	assert_int_equal(frame_refcount(frame), COUNT + 1);

	/* Nothing is left to do. */
	fake_log_clear();
	pass();
	assert_log("");
	assert_int_equal(merged(), COUNT - 1);
	end();
	assert_int_equal(frame_refcount(frame), COUNT);
}

static void test_pairs(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < COUNT; i++)
		write_page(i, 100 + i / 2);
	begin(COUNT);
	pass();
	pass();
	assert_int_equal(merged(), COUNT / 2);
	/* One T4 for the first of a pair, T4 and T3a for the second. */
	assert_int_equal(fake_log_count("N4"), 3 * COUNT / 2);
	for (i = 0; i < COUNT; i += 2)
		assert_ptr_equal(frame_of(mm, i), frame_of(mm, i + 1));
	for (i = 2; i < COUNT; i += 2)
		assert_ptr_not_equal(frame_of(mm, 0), frame_of(mm, i));
	for (i = 0; i < COUNT; i++)
		assert_int_equal(read_page(i), 100 + i / 2);
	end();
}

/*
 * The page of an unstable node has become the zero frame, which no tree may
 * hold: it is never freed, and everybody has it.
 */
static void test_node_became_zero(void **state)
{
	(void)state;
	write_page(0, 5);
	write_page(1, 5);
	begin(2);
	pass();
	ksm_begin_pass();
	assert_true(ksm_scan_next());		/* page 0 waits for its like */
	mm_discard(mm, pages(0, 1));
	assert_int_equal(read_page(0), 0);
	assert_ptr_equal(frame_of(mm, 0), zero_frame);
	while (ksm_scan_next())
		;
	assert_false(frame_is_stable(zero_frame));
	assert_int_equal(merged(), 0);
	end();
}

/* All different: nobody is touched. */
static void test_all_different(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < COUNT; i++)
		write_page(i, 100 + i);
	begin(COUNT);
	for (i = 0; i < 3; i++)
		pass();
	assert_int_equal(merged(), 0);
	assert_log("");
	end();
}

/* A page that changes between passes is left alone until it settles. */
static void test_volatile(void **state)
{
	u32 i;

	(void)state;
	write_page(0, 5);
	write_page(1, 5);
	begin(2);
	for (i = 0; i < 4; i++) {
		pass();
		assert_int_equal(merged(), 0);
		write_page(1, 5 + i % 2 * 3 + 1);
	}
	write_page(1, 5);
	pass();
	assert_int_equal(merged(), 0);
	pass();
	assert_int_equal(merged(), 1);
	end();
}

/* Zero pages are shared already. */
static void test_zero_pages(void **state)
{
	(void)state;
	assert_int_equal(read_page(0), 0);
	assert_int_equal(read_page(1), 0);
	write_page(2, 0);
	begin(3);
	pass();
	pass();
	assert_int_equal(merged(), 0);
	assert_ptr_equal(frame_of(mm, 0), zero_frame);
	end();
}

static void test_pinned(void **state)
{
	struct frame *pinned;

	(void)state;
	write_page(0, 5);
	write_page(1, 5);
	write_page(2, 5);
	pinned = frame_of(mm, 1);
	frame_get(pinned);
	begin(3);
	pass();
	pass();
	/* Pages 0 and 2 find each other; 1 is writable still. */
	assert_int_equal(merged(), 1);
	assert_int_equal(aborted(), 1);
	assert_ptr_equal(frame_of(mm, 1), pinned);
	assert_true(pte_writable(entry_of(mm, 1)));
	assert_ptr_equal(frame_of(mm, 0), frame_of(mm, 2));
	frame_put(pinned);
	pass();
	assert_int_equal(merged(), 2);
	assert_ptr_equal(frame_of(mm, 0), frame_of(mm, 1));
	end();
}

/* The first of a pair is pinned: nothing is lost, the next pass does it. */
static void test_pinned_first(void **state)
{
	struct frame *pinned;

	(void)state;
	write_page(0, 5);
	write_page(1, 5);
	pinned = frame_of(mm, 0);
	frame_get(pinned);
	begin(2);
	pass();
	pass();
	assert_int_equal(merged(), 0);
	assert_int_equal(aborted(), 1);
	frame_put(pinned);
	pass();
	assert_int_equal(merged(), 1);
	end();
}

/*
 * Two contents with one digest: page_digest() multiplies lane by lane, so that
 * a change of word 0 by x is undone by one of word 2 that is worked out here.
 */
static void write_word(u64 page, u32 word, u64 value)
{
	hva_t hva = hva_add(page_hva(page), word * sizeof(u64));

	assert_int_equal(fake_write(hva, value), 0);
}

static void make_collision(u64 page, u64 a, u64 b)
{
	const u64 factor = 0x9e3779b97f4a7c15ull;

	/* Lane a: ((1 ^ w0) * f ^ w2) * f ... is the same for both. */
	write_word(page, 0, a);
	write_word(page, 2, ((1 ^ a) * factor) ^ ((1 ^ b) * factor));
}

/* CRC32 of even and of odd words: each word counts, and its place. */
static void test_crc32(void **state)
{
	static u64 page[PAGE_WORDS] __aligned(4096);
	u64 zero, digest, i;

	(void)state;
	if (!__builtin_cpu_supports("sse4.2"))
		skip();
	zero = page_digest_crc32(page);
	for (i = 0; i < PAGE_WORDS; i++) {
		page[i] = 1;
		digest = page_digest_crc32(page);
		assert_int_not_equal(digest, zero);
		assert_int_equal(digest, page_digest_crc32(page));
		page[i] = 0;
		page[(i + 2) % PAGE_WORDS] = 1;
		assert_int_not_equal(digest, page_digest_crc32(page));
		page[(i + 2) % PAGE_WORDS] = 0;
	}
	assert_int_equal(page_digest_crc32(page), zero);
}

static void test_collision(void **state)
{
	(void)state;
	write_page(0, 3);
	make_collision(1, 4, 3);
	write_page(2, 3);
	assert_memory_not_equal(frame_ptr(frame_of(mm, 0)),
				frame_ptr(frame_of(mm, 1)), PAGE_SIZE);
	begin(3);
	pass();
	pass();
	/* Same digest, so it is tried, and the comparison decides (O5). */
	assert_int_equal(aborted(), 1);
	assert_int_equal(merged(), 1);
	assert_ptr_equal(frame_of(mm, 0), frame_of(mm, 2));
	assert_ptr_not_equal(frame_of(mm, 0), frame_of(mm, 1));
	assert_int_equal(read_page(1), 4);
	pass();
	assert_int_equal(aborted(), 2);
	end();
	write_page(1, 9);
	assert_int_equal(read_page(0), 3);
}

/* A stable frame that all its pages have left goes at the next pass. */
static void test_prune(void **state)
{
	struct frame *frame;
	u64 broken = counter_sum(&count_ksm_broken);

	(void)state;
	write_page(0, 5);
	write_page(1, 5);
	frame = frame_of(mm, 0);
	begin(2);
	pass();
	pass();
	assert_int_equal(frame_refcount(frame), 3);
	assert_true(frame->flags & FRAME_STABLE);
	write_page(0, 6);
	write_page(1, 7);
	assert_int_equal(counter_sum(&count_ksm_broken), broken + 2);
	assert_int_equal(frame_refcount(frame), 1);
	ksm_begin_pass();
	assert_int_equal(frame_refcount(frame), 0);
	end();
}

/* More of them than one round of the pruning takes. */
static void test_prune_many(void **state)
{
	u64 before;
	u32 i;

	(void)state;
	fake_log_off();
	before = frame_free_count();
	for (i = 0; i < 400; i++)
		write_page(i, 1000 + i / 2);
	begin(400);
	pass();
	pass();
	assert_int_equal(merged(), 200);
	mm_discard(mm, pages(0, 400));
	/* The pages are gone, the tree holds 200 frames. */
	assert_true(before - frame_free_count() >= 200);
	ksm_begin_pass();
	assert_true(before - frame_free_count() < 20);
	end();
}

/* A new page joins the stable frame of its content. */
static void test_join(void **state)
{
	struct frame *frame;

	(void)state;
	write_page(0, 5);
	write_page(1, 5);
	write_page(2, 6);
	begin(3);
	pass();
	pass();
	frame = frame_of(mm, 0);
	write_page(2, 5);
	fake_log_clear();
	pass();
	pass();
	assert_ptr_equal(frame_of(mm, 2), frame);
	assert_int_equal(fake_log_count("N4"), 2);	/* T4 and T3a */
	end();
}

/* --- What is merged is the address space's habit. */

static struct sharing own_sharing;
static struct habits own_habits;

static void use_sharing(struct sharing sharing)
{
	own_sharing = sharing;
	own_habits = habits_right;
	own_habits.sharing = &own_sharing;
	mm->habits = &own_habits;
}

static u64 sharers(u64 page)
{
	return rmap_mapcount(frame_of(mm, page));
}

/* Four pages a frame: each fifth one opens a new one, and none waits. */
static void test_limit(void **state)
{
	struct frame *first;
	u32 i;

	(void)state;
	for (i = 0; i < COUNT; i++)
		write_page(i, 5);
	use_sharing((struct sharing){ .passes = 2, .limit = 4 });
	begin(COUNT);
	pass();
	pass();
	assert_int_equal(merged(), COUNT - COUNT / 4);
	assert_int_equal(aborted(), 0);
	for (i = 0; i < COUNT; i++)
		assert_int_equal(sharers(i), 4);
	/* Full frames stay as they are, and go when nobody maps them. */
	pass();
	assert_int_equal(merged(), COUNT - COUNT / 4);
	first = frame_of(mm, 0);
	for (i = 0; i < COUNT; i++)
		write_page(i, 6 + i);
	assert_int_equal(frame_refcount(first), 1);
	ksm_begin_pass();
	assert_int_equal(frame_refcount(first), 0);
	end();
	mm->habits = &habits_right;
}

/* Full ones are forgotten at the end like the others. */
static void test_limit_exit(void **state)
{
	struct frame *frame;
	u32 i;

	(void)state;
	for (i = 0; i < 4; i++)
		write_page(i, 5);
	use_sharing((struct sharing){ .passes = 2, .limit = 2 });
	begin(4);
	pass();
	pass();
	frame = frame_of(mm, 0);
	assert_int_equal(frame_refcount(frame), 3);
	end();
	assert_int_equal(frame_refcount(frame), 2);
	mm->habits = &habits_right;
}

static void test_passes(void **state)
{
	(void)state;
	write_page(0, 5);
	write_page(1, 5);
	use_sharing((struct sharing){ .passes = 4 });
	begin(2);
	pass();
	pass();
	pass();
	assert_int_equal(merged(), 0);
	write_page(0, 6);	/* another content begins anew */
	pass();
	write_page(0, 5);
	pass();
	pass();
	pass();
	assert_int_equal(merged(), 0);
	pass();
	assert_int_equal(merged(), 1);
	end();
	mm->habits = &habits_right;
}

/* Pages of two processes; one of them ends while it is registered. */
static void test_two_processes(void **state)
{
	struct mm *other = mm_create();
	struct frame *frame;

	(void)state;
	assert_non_null(other);
	assert_int_equal(mm_mmap(other, pages(0, 4),
				VMA_WRITE | VMA_MERGEABLE), 0);
	assert_int_equal(mm_mmap(other, pages(8, 4), VMA_WRITE), 0);
	assert_int_equal(ksm_add(other, pages(8, 1)), -EINVAL);
	assert_int_equal(ksm_add(other, pages(3, 2)), -EINVAL);
	write_page(0, 5);
	mm_switch(other);
	write_page(0, 5);
	mm_switch(mm);
	begin(1);
	assert_int_equal(ksm_add(other, pages(0, 1)), 0);
	pass();
	pass();
	assert_int_equal(merged(), 1);
	frame = frame_of(mm, 0);
	assert_ptr_equal(frame_of(other, 0), frame);
	mm_put(other);			/* the scanner keeps it alive */
	pass();
	assert_int_equal(frame_refcount(frame), 3);
	end();
	assert_int_equal(frame_refcount(frame), 1);
}

static int add_600(void *arg)
{
	(void)arg;
	return ksm_add(mm, pages(0, 600));
}

static void test_no_memory(void **state)
{
	(void)state;
	assert_int_equal(fail_each_allocation(add_600, NULL, NULL) > 1, 1);
	assert_int_equal(pass(), 600);
	ksm_exit();
	assert_int_equal(pass(), 0);
	assert_int_equal(mm->users, 1);
}

/* Adding nothing is nothing, and what is added after it is scanned. */
static void test_empty_range(void **state)
{
	(void)state;
	assert_int_equal(ksm_add(mm, pages(0, 0)), 0);
	assert_int_equal(pass(), 0);
	assert_int_equal(ksm_add(mm, pages(0, 2)), 0);
	assert_int_equal(pass(), 2);
	ksm_exit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_same),
		TEST(test_node_became_zero),
		TEST(test_pairs),
		TEST(test_all_different),
		TEST(test_volatile),
		TEST(test_zero_pages),
		TEST(test_pinned),
		TEST(test_pinned_first),
		TEST(test_collision),
		TEST(test_crc32),
		TEST(test_prune),
		TEST(test_prune_many),
		TEST(test_join),
		TEST(test_limit),
		TEST(test_limit_exit),
		TEST(test_passes),
		TEST(test_two_processes),
		TEST(test_no_memory),
		TEST(test_empty_range),
	};

	return RUN(tests);
}
