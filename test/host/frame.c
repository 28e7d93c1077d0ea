/*
 * Frames: counts, failure, junk; and the division of memory at boot.
 */
#include "test/host/support.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define JUNK	0x6b6b6b6b6b6b6b6bull

static void test_alloc_free(void **state)
{
	u64 before = frame_free_count();
	struct frame *a = frame_alloc(), *b = frame_alloc_zeroed();
	u64 *word;

	(void)state;
	assert_non_null(a);
	assert_ptr_not_equal(a, b);
	assert_int_equal(frame_free_count(), before - 2);
	assert_int_equal(frame_refcount(a), 1);
	for (word = frame_ptr(b); word < (u64 *)frame_ptr(b) + PAGE_WORDS;
	     word++)
		assert_int_equal(*word, 0);

	memset(frame_ptr(b), 0x11, PAGE_SIZE);
	word = frame_ptr(b);
	frame_put(b);
	/* O6: who reads a freed frame sees it. */
	assert_int_equal(word[0], JUNK);
	assert_int_equal(word[PAGE_WORDS - 1], JUNK);
	frame_put(a);
	assert_int_equal(frame_free_count(), before);
}

static void test_references(void **state)
{
	u64 before = frame_free_count();
	struct frame *frame = frame_alloc();

	(void)state;
	frame_get(frame);
	assert_true(frame_tryget(frame));
	assert_int_equal(frame_refcount(frame), 3);
	frame_put(frame);
	frame_put(frame);
	assert_int_equal(frame_free_count(), before - 1);
	frame_put(frame);
	assert_int_equal(frame_free_count(), before);
	/* F2: the count is zero, and stays so. */
	assert_false(frame_tryget(frame));
	assert_int_equal(frame_refcount(frame), 0);
}

static void test_conversions(void **state)
{
	struct frame *frame = frame_alloc();
	char *p = frame_ptr(frame);

	(void)state;
	assert_ptr_equal(pfn_frame(frame_pfn(frame)), frame);
	assert_ptr_equal(ptr_frame(p), frame);
	assert_ptr_equal(ptr_frame(p + PAGE_SIZE - 1), frame);
	assert_ptr_not_equal(ptr_frame(p + PAGE_SIZE), frame);
	frame_put(frame);
}

static void test_credit(void **state)
{
	struct frame *frame = frame_alloc();

	(void)state;
	assert_int_equal(frame->flags, 0);
	frame_credit(frame, FRAME_ACCESSED);
	frame_credit(frame, 0);
	frame_credit(frame, FRAME_DIRTY);
	assert_int_equal(frame->flags, FRAME_ACCESSED | FRAME_DIRTY);
	frame_put(frame);
	frame = frame_alloc();
	assert_int_equal(frame->flags, 0);
	frame_put(frame);
}

static void test_fail_at(void **state)
{
	u64 before = frame_free_count();
	struct frame *a, *b;

	(void)state;
	frame_fail_at(2);
	a = frame_alloc();
	assert_non_null(a);
	assert_null(frame_alloc());
	assert_int_equal(frame_free_count(), before - 1);
	b = frame_alloc();
	assert_non_null(b);
	frame_put(a);
	frame_put(b);
	frame_fail_at(1);
	assert_null(frame_alloc_zeroed());
	assert_int_equal(frame_free_count(), before);
}

static void test_exhaustion(void **state)
{
	u64 before = frame_free_count(), taken = 0;
	struct frame *list = NULL, *frame;

	(void)state;
	/* A page's own first word links the list. */
	while ((frame = frame_alloc())) {
		*(struct frame **)frame_ptr(frame) = list;
		list = frame;
		taken++;
	}
	assert_int_equal(taken, before);
	assert_int_equal(frame_free_count(), 0);
	while (list) {
		frame = list;
		list = *(struct frame **)frame_ptr(frame);
		frame_put(frame);
	}
	assert_int_equal(frame_free_count(), before);
}

static void test_zero_frame(void **state)
{
	u64 *word = frame_ptr(zero_frame);

	(void)state;
	assert_int_equal(frame_refcount(zero_frame), 1);
	assert_int_equal(word[0], 0);
	assert_int_equal(word[PAGE_WORDS - 1], 0);
}

static void put_twice(void *arg)
{
	frame_put(arg);
	frame_put(arg);
}

static void get_free(void *arg)
{
	frame_put(arg);
	frame_get(arg);
}

static void put_mapped(void *arg)
{
	struct frame *frame = arg;

	frame->mapcount = 1;
	frame_put(frame);
}

static void put_stable(void *arg)
{
	struct frame *frame = arg;

	frame->flags = FRAME_STABLE;
	frame_put(frame);
}

static void test_misuse(void **state)
{
	struct frame *frame = frame_alloc();

	(void)state;
	assert_true(fake_panics(put_twice, frame, "count == ~0u"));
	assert_true(fake_panics(get_free, frame, "atomic_add"));
	assert_true(fake_panics(put_mapped, frame, "INV-FREE"));
	assert_true(fake_panics(put_stable, frame, "INV-FREE"));
	frame_put(frame);
}

#define K(n)	((u64)(n) << 10)
#define G(n)	((u64)(n) << 30)
#define M(n)	((u64)(n) << 20)

/* The frame table's bytes, if memory ends at @end. */
#define TABLE(end)	(((end) / PAGE_SIZE * sizeof(struct frame) +	\
			  PAGE_SIZE - 1) & PAGE_MASK)

/*
 * Memory as a boot loader may find it, and how many frames come of it: all
 * pages but those of the frame table (and the zero frame, which is counted).
 */
static const struct {
	const char *name;
	struct memory_range ranges[3];
	u32 count;
	u64 pages;
} machines[] = {
	{ "one range",		{ { { M(1) }, { M(33) } } }, 1,
	  M(32) / 4096 },
	{ "a hole",		{ { { M(1) }, { M(9) } },
				  { { M(17) }, { M(33) } } }, 2,
	  M(24) / 4096 },
	{ "small first",	{ { { M(1) }, { M(1) + K(8) } },
				  { { M(4) }, { M(12) } } }, 2,
	  K(8) / 4096 + M(8) / 4096 },
	{ "smallest last",	{ { { M(1) }, { M(5) } },
				  { { M(6) }, { M(7) } },
				  { { M(8) }, { M(8) + K(4) } } }, 3,
	  M(5) / 4096 + 1 },
	{ "the table fits exactly",
				{ { { M(1) }, { M(1) + TABLE(M(2) + K(16)) } },
				  { { M(2) }, { M(2) + K(16) } } }, 2,
	  TABLE(M(2) + K(16)) / 4096 + 4 },
};

/* No more than 8 GiB are used: all of them, where memory is in one piece. */
#define USED_END	(M(1) + G(8))

#define MAX_TOUCHED	(M(256) / 4096)	/* 4 GiB may be more than there is */

/* The same past 4 GiB, where pfns have more than 20 bits. */
static const __typeof__(machines[0]) far_machines[] = {
	{ "over 4 GiB",		{ { { M(1) }, { M(101) } },
				  { { M(4095) }, { M(4098) } } }, 2,
	  M(103) / 4096 },
	{ "all past 4 GiB",	{ { { M(4100) }, { M(4200) } } }, 1,
	  M(100) / 4096 },
	{ "one of 4 GiB",	{ { { M(1) }, { M(4098) } } }, 1,
	  M(4097) / 4096 },
	{ "one of 8 GiB and 4 MiB", { { { M(1) }, { USED_END + M(4) } } }, 1,
	  G(8) / 4096 },
};

/* In a child process, because frame_init() is called once only. */
static void init_and_count(void *arg)
{
	const __typeof__(machines[0]) *machine = arg;
	u64 end = machine->ranges[machine->count - 1].end.v;
	u64 table = TABLE(end < USED_END ? end : USED_END) >> PAGE_SHIFT;
	u64 base = frame_total_count(), i;

	/* What the first call left behind is out of the way. */
	while (frame_alloc())
		;
	frame_init(machine->ranges, machine->count);
	for (i = 0; i < frame_total_count() - 1; i++) {
		struct frame *frame = frame_alloc();
		u64 at = pfn_to_hpa(frame_pfn(frame)).v;
		u32 r = 0;

		while (at < machine->ranges[r].start.v ||
		       at >= machine->ranges[r].end.v)
			r++;		/* ASan: outside of them all */
		if (i < MAX_TOUCHED)
			memset(frame_ptr(frame), 0xff, PAGE_SIZE);
	}
	panic("%llu frames, %llu expected, %s, before %llu",
	      (unsigned long long)frame_total_count(),
	      (unsigned long long)(machine->pages - table),
	      frame_total_count() == machine->pages - table &&
	      !frame_alloc() ? "as it should be" : "wrong",
	      (unsigned long long)base);
}

/* RAM as far as 32 bits of an address do not reach; only what is used costs
 * memory. */
#define FAR_RAM	G(9)

static void far_init_and_count(void *arg)
{
	/* What the first call left behind is in the old RAM. */
	while (frame_alloc())
		;
	fake_ram = mmap(NULL, FAR_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fake_ram == MAP_FAILED)
		panic("no address space");
	init_and_count(arg);
}

static void init_too_small(void *arg)
{
	struct memory_range far = { { M(1024) }, { M(1024) + K(64) } };

	(void)arg;
	frame_init(&far, 1);
}

static void test_init(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < array_count(machines); i++)
		assert_true(fake_panics(init_and_count, (void *)&machines[i],
					"as it should be"));
	for (i = 0; i < array_count(far_machines); i++)
		assert_true(fake_panics(far_init_and_count,
					(void *)&far_machines[i],
					"as it should be"));
	assert_true(fake_panics(init_too_small, NULL,
				"memory in one piece for the frame table"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc_free),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_credit),
		cmocka_unit_test(test_fail_at),
		cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_zero_frame),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_init),
	};

	return RUN(tests);
}
