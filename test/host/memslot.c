/*
 * Memslots: finding a gfn, and the gfns of an hva range (aliases among them).
 */
#include "test/host/support.h"

#include "ept/memslot.h"

static struct memslot slot_of(u64 gfn, u64 count, u64 page)
{
	return (struct memslot){ { gfn }, count, page_hva(page) };
}

static void test_add(void **state)
{
	static const struct {
		const char *name;
		u64 gfn, count;
		int err;
	} rows[] = {
		{ "first",		100, 10,	0 },
		{ "empty",		500, 0,		-EINVAL },
		{ "the same",		100, 10,	-EINVAL },
		{ "inside",		104, 2,		-EINVAL },
		{ "around",		90, 40,		-EINVAL },
		{ "over the start",	95, 6,		-EINVAL },
		{ "over the end",	109, 6,		-EINVAL },
		{ "right before",	95, 5,		0 },
		{ "right behind",	110, 5,		0 },
		{ "gfn 0",		0, 1,		0 },
		{ "far",		1ull << 30, 1,	0 },
		{ "sixth",		1000, 1,	0 },
		{ "seventh",		2000, 1,	0 },
		{ "eighth",		3000, 1,	0 },
		{ "one too many",	4000, 1,	-EINVAL },
	};
	struct memslots slots = { 0 };
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		assert_int_equal(memslot_add(&slots, slot_of(rows[i].gfn,
				rows[i].count, i)), rows[i].err);
	for (i = 1; i < slots.count; i++)
		assert_true(slots.slots[i - 1].gfn.n < slots.slots[i].gfn.n);
}

static void test_wraps(void **state)
{
	struct memslots slots = { 0 };

	(void)state;
	assert_int_equal(memslot_add(&slots, slot_of(100, 1, 0)), 0);
	/* The end of it would be behind the end of all numbers. */
	assert_int_equal(memslot_add(&slots, slot_of(50, ~0ull, 0)), -EINVAL);
	assert_int_equal(memslot_add(&slots, slot_of(~0ull, 2, 0)), -EINVAL);
}

#define GIB_PAGES	(1ull << 18)
#define TOP		(1ull << 36)	/* 48 bits of a gpa */
#define HVA_PAGES	((HVA_END - HVA_START) >> PAGE_SHIFT)

/* Slots that differ in what 32 bits do not hold, and one of 8 TiB. */
static void test_far(void **state)
{
	static const struct {
		const char *name;
		u64 gfn, count, page;
		int err;
	} rows[] = {
		{ "low",		5, 10,			0,	0 },
		{ "4 GiB up",		(1ull << 20) + 5, 10,	100,	0 },
		{ "gfn past 2^32",	(1ull << 32) + 5, 10,	200,	0 },
		{ "the same",		(1ull << 32) + 14, 1, 300, -EINVAL },
		{ "8 TiB",		1ull << 33, 1ull << 31,	1ull << 32, 0 },
		{ "in its last GiB",	(1ull << 33) + (1ull << 31) - 1, 2,
		  300, -EINVAL },
		{ "over the last gfn",	TOP - 2, 3, 500,	-EINVAL },
		{ "behind it",		TOP, 1, 500,		-EINVAL },
		{ "over the last hva",	5000, 2, HVA_PAGES - 1,	-EINVAL },
		{ "behind it",		5000, 1, HVA_PAGES,	-EINVAL },
		{ "hva past 2^64",	5000, 1, -1ull,		-EINVAL },
		{ "the kernel's hva",	5000, 1, -HVA_PAGES,	-EINVAL },
		{ "the last hva",	5000, 1, HVA_PAGES - 1,	0 },
		{ "the last gfn",	TOP - 1, 1,		400,	0 },
	};
	struct memslots slots = { 0 };
	const struct memslot *slot;
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		assert_int_equal(memslot_add(&slots, slot_of(rows[i].gfn,
				rows[i].count, rows[i].page)), rows[i].err);
	for (i = 0; i < array_count(rows); i++) {
		gfn_t first = { rows[i].gfn };
		gfn_t last = { first.n + rows[i].count - 1 };
		gfn_t end = { last.n + 1 };

		if (rows[i].err)
			continue;
		slot = memslot_find(&slots, first);
		assert_non_null(slot);
		assert_ptr_equal(memslot_find(&slots, last), slot);
		assert_null(memslot_find(&slots, end));
		assert_int_equal(gfn_to_hva(slot, last).v,
				 page_hva(rows[i].page + rows[i].count - 1).v);
	}
	assert_null(memslot_find(&slots, (gfn_t){ (1ull << 33) - 1 }));
}

/* Of a slot of 8 TiB, ranges that begin and end past its first 4 GiB, and past
 * its first 2^32 bytes of pages. */
static void test_far_gfns(void **state)
{
	const u64 first = (1ull << 33) + 7, page = (1ull << 32) + 3;
	struct memslot slot = slot_of(first, 1ull << 31, page);
	static const struct {
		u64 at, count;		/* pages, from the slot's first */
	} rows[] = {
		{ 0, 1 }, { GIB_PAGES * 4 - 1, 2 }, { GIB_PAGES * 4, 1 },
		{ 1, GIB_PAGES * 5 }, { (1ull << 31) - 1, 1 },
		{ 0, 1ull << 31 },
	};
	gfn_t start, end;
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		assert_true(memslot_gfns(&slot, pages(page + rows[i].at,
						      rows[i].count),
					 &start, &end));
		assert_int_equal(start.n, first + rows[i].at);
		assert_int_equal(end.n, start.n + rows[i].count);
	}
	assert_false(memslot_gfns(&slot, pages(3, 8), &start, &end));
	assert_false(memslot_gfns(&slot, pages(page + (1ull << 31), 8),
				  &start, &end));
}

static void test_find(void **state)
{
	struct memslots slots = { 0 };
	u64 gfn, n;

	(void)state;
	assert_null(memslot_find(&slots, (gfn_t){ 0 }));
	for (n = 0; n < MAX_MEMSLOTS; n++)
		assert_int_equal(memslot_add(&slots,
				slot_of(10 + n * 20, 10, n * 100)), 0);
	/* Whatever the hint says. */
	for (slots.last_hit = 0; slots.last_hit < MAX_MEMSLOTS + 2;
	     slots.last_hit++)
		for (gfn = 0; gfn < 200; gfn++) {
			u32 hint = slots.last_hit;
			const struct memslot *slot =
				memslot_find(&slots, (gfn_t){ gfn });
			bool inside = gfn >= 10 && gfn < 160 &&
				      (gfn - 10) % 20 < 10;

			assert_int_equal(slot != NULL, inside);
			slots.last_hit = hint;
			if (!slot)
				continue;
			n = (gfn - 10) / 20;
			assert_int_equal(gfn_to_hva(slot, (gfn_t){ gfn }).v,
				page_hva(n * 100 + (gfn - 10) % 20).v);
		}
}

static void test_gfns(void **state)
{
	/* The slot: gfns 1000 to 1009 stand for pages 50 to 59. */
	static const struct {
		const char *name;
		u64 first, count;
		u64 start, end;		/* start = end: none */
	} rows[] = {
		{ "all of it",	50, 10,	1000, 1010 },
		{ "one page",	53, 1,	1003, 1004 },
		{ "last page",	59, 1,	1009, 1010 },
		{ "over both",	0, 500,	1000, 1010 },
		{ "the start",	45, 6,	1000, 1001 },
		{ "the end",	58, 6,	1008, 1010 },
		{ "before",	49, 1,	0, 0 },
		{ "behind",	60, 1,	0, 0 },
	};
	struct memslot slot = slot_of(1000, 10, 50);
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		struct hva_range range = pages(rows[i].first, rows[i].count);
		gfn_t start, end;

		if (rows[i].start == rows[i].end) {
			assert_false(memslot_gfns(&slot, range, &start, &end));
			continue;
		}
		assert_true(memslot_gfns(&slot, range, &start, &end));
		assert_int_equal(start.n, rows[i].start);
		assert_int_equal(end.n, rows[i].end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_far_gfns),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_gfns),
	};

	return RUN(tests);
}
