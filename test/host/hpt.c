/*
 * The format of a host entry, and host page tables.
 */
#include "test/host/support.h"

#define PFN(n)	((u64)(n) << PAGE_SHIFT)
#define P	PTE_PRESENT
#define W	PTE_WRITE
#define A	PTE_ACCESSED
#define D	PTE_DIRTY

static void test_format(void **state)
{
	static const struct {
		const char *name;
		u64 value;
		bool present, writable;
		u64 pfn;
	} rows[] = {
		{ "none",	 0,			false, false, 0 },
		{ "read-only",	 PFN(5) | P,		true, false, 5 },
		{ "writable",	 PFN(5) | P | W,	true, true, 5 },
		{ "W without P", PFN(5) | W,		false, false, 5 },
		{ "no-execute",	 PFN(5) | P | PTE_NX,	true, false, 5 },
		{ "pfn of 2^32", PFN(1ull << 32) | P | W, true, true,
		  1ull << 32 },
		{ "highest pfn", PTE_ADDR | P,		true, false,
		  (1ull << 40) - 1 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		pte_t pte = { rows[i].value };

		assert_int_equal(pte_present(pte), rows[i].present);
		assert_int_equal(pte_writable(pte), rows[i].writable);
		assert_int_equal(pte_pfn(pte).n, rows[i].pfn);
		assert_int_equal(pte_right(pte),
				 rows[i].writable ? PTE_RW : PTE_RO);
	}
	assert_int_equal(pte_make((pfn_t){ 9 }, PTE_RW).v,
			 PFN(9) | P | W | PTE_USER | PTE_NX);
	assert_int_equal(pte_make((pfn_t){ 9 }, PTE_RO).v,
			 PFN(9) | P | PTE_USER | PTE_NX);
	assert_int_equal(pte_make((pfn_t){ (1ull << 39) + 9 }, PTE_RW).v,
			 PFN((1ull << 39) + 9) | P | W | PTE_USER | PTE_NX);
	assert_int_equal(pte_pfn(pte_make_table((pfn_t){ 1ull << 39 })).n,
			 1ull << 39);
	assert_true(pte_writable(pte_make_table((pfn_t){ 9 })));
	assert_int_equal(pte_none().v, 0);
}

static void test_same(void **state)
{
	static const struct {
		const char *name;
		u64 a, b;
		bool same;
	} rows[] = {
		{ "equal",		PFN(1) | P,	PFN(1) | P,	true },
		{ "A noted",		PFN(1) | P,	PFN(1) | P | A,	true },
		{ "A, D noted",		PFN(1) | P | W | A | D,
					PFN(1) | P | W,			true },
		{ "another right",	PFN(1) | P,	PFN(1) | P | W,	false },
		{ "another frame",	PFN(1) | P,	PFN(2) | P,	false },
		{ "only 2^32 of it",	PFN(1) | P, PFN((1ull << 32) + 1) | P,
									false },
		{ "gone",		PFN(1) | P,	0,		false },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		assert_int_equal(pte_same((pte_t){ rows[i].a },
					  (pte_t){ rows[i].b }), rows[i].same);
}

static void test_walk(void **state)
{
	/* First and last entries of tables of each level, and the ends. */
	static const u64 places[] = {
		HVA_START, HVA_START + 511 * PAGE_SIZE,
		HVA_START + 512 * PAGE_SIZE, HVA_START + (1ull << 30),
		HVA_START + (1ull << 32), HVA_START + (1ull << 32) * PAGE_SIZE,
		HVA_START + (1ull << 39) - PAGE_SIZE, HVA_END - PAGE_SIZE,
	};
	pte_t *entries[array_count(places)];
	u32 i, j;

	(void)state;
	for (i = 0; i < array_count(places); i++)
		assert_null(hpt_walk(mm, (hva_t){ places[i] }));
	for (i = 0; i < array_count(places); i++) {
		hva_t hva = { places[i] };

		entries[i] = hpt_walk_alloc(mm, hva);
		assert_non_null(entries[i]);
		assert_ptr_equal(hpt_walk(mm, hva), entries[i]);
		assert_ptr_equal(hpt_walk_alloc(mm, hva), entries[i]);
		assert_int_equal(hpt_entry_hva(entries[i]).v, hva.v);
		assert_ptr_equal(hpt_entry_mm(entries[i]), mm);
		for (j = 0; j < i; j++)
			assert_ptr_not_equal(entries[i], entries[j]);
	}
	/* The first two share a table, and its lock; nobody else does. */
	assert_ptr_equal(hpt_lock(entries[0]), hpt_lock(entries[1]));
	assert_ptr_not_equal(hpt_lock(entries[1]), hpt_lock(entries[2]));
}

static void test_changes(void **state)
{
	pte_t *ptep = hpt_walk_alloc(mm, page_hva(0));
	pte_t rw = pte_make((pfn_t){ 300 }, PTE_RW);

	(void)state;
	spin_lock(hpt_lock(ptep));
	hpt_set(ptep, rw);
	assert_true(hpt_wrprotect(ptep));
	assert_false(pte_writable(*ptep));
	assert_false(hpt_wrprotect(ptep));
	hpt_upgrade(ptep);
	assert_int_equal(ptep->v, rw.v);
	/* What the hardware notes meanwhile is returned (O11). */
	ptep->v |= A | D;
	assert_int_equal(hpt_clear(ptep).v, rw.v | A | D);
	assert_int_equal(ptep->v, 0);
	assert_log("");

	hpt_set(ptep, rw);
	assert_int_equal(hpt_clear_flush(mm, page_hva(0), ptep).v, rw.v);
	assert_log("page");
	assert_int_equal(ptep->v, 0);
	hpt_flush_all(mm);
	assert_log("local");
	spin_unlock(hpt_lock(ptep));
}

static void set_unlocked(void *arg)
{
	hpt_set(arg, pte_make((pfn_t){ 300 }, PTE_RW));
}

static void clear_unlocked(void *arg)
{
	hpt_clear(arg);
}

static void set_over_present(void *arg)
{
	spin_lock(hpt_lock(arg));
	set_unlocked(arg);
	set_unlocked(arg);
}

static void upgrade_absent(void *arg)
{
	spin_lock(hpt_lock(arg));
	hpt_upgrade(arg);
}

static void test_misuse(void **state)
{
	pte_t *ptep = hpt_walk_alloc(mm, page_hva(0));

	(void)state;
	assert_true(fake_panics(set_unlocked, ptep, "spin_is_locked"));
	assert_true(fake_panics(clear_unlocked, ptep, "spin_is_locked"));
	assert_true(fake_panics(set_over_present, ptep, "pte_present"));
	assert_true(fake_panics(upgrade_absent, ptep, "pte_present"));
}

/* Only entries with a table are visited, in order, across large holes. */
static void test_for_each(void **state)
{
	struct hva_range all = { { HVA_START }, { HVA_END } };
	struct hva_range middle = pages(510, 4);
	u64 seen = 0, last = 0;

	(void)state;
	for_each_pte(it, mm, all) {
		(void)it.ptep;
		seen++;
	}
	assert_int_equal(seen, 0);

	assert_non_null(hpt_walk_alloc(mm, page_hva(0)));
	assert_non_null(hpt_walk_alloc(mm, (hva_t){ HVA_END - PAGE_SIZE }));
	for_each_pte(it, mm, all) {
		assert_int_equal(hpt_entry_hva(it.ptep).v, it.hva.v);
		assert_int_equal(it.level, 1);
		assert_true(it.hva.v > last);
		last = it.hva.v;
		seen++;
	}
	assert_int_equal(seen, 2 * TABLE_ENTRIES);
	assert_int_equal(last, HVA_END - PAGE_SIZE);

	/* The range begins in a table and ends where there is none. */
	seen = 0;
	for_each_pte(it, mm, middle) {
		assert_int_equal(hpt_entry_hva(it.ptep).v, it.hva.v);
		seen++;
	}
	assert_int_equal(seen, 2);
}

/*
 * Ranges that begin, end or lie in tables that are not there, against a flat
 * model: a list of the tables that are, in order.
 */
#define MODEL_TABLES	24

static u64 random_state = 8;

static u64 random_below(u64 n)
{
	random_state = random_state * 6364136223846793005ull + 1;
	return (random_state >> 33) % n;
}

static bool has_table[MODEL_TABLES];

static void check_range(struct hva_range range)
{
	u64 page = (range.start.v - HVA_START) >> PAGE_SHIFT;
	u64 end = (range.end.v - HVA_START) >> PAGE_SHIFT;

	for_each_pte(it, mm, range) {
		while (page < end && !has_table[page / TABLE_ENTRIES])
			page++;
		assert_int_equal(it.hva.v, page_hva(page).v);
		assert_int_equal(hpt_entry_hva(it.ptep).v, it.hva.v);
		assert_true(page < end);
		page++;
	}
	while (page < end && !has_table[page / TABLE_ENTRIES])
		page++;
	assert_int_equal(page, end);	/* nothing was left out */
}

static void test_random_ranges(void **state)
{
	const u64 page_count = MODEL_TABLES * TABLE_ENTRIES;
	u64 table, first, i;

	(void)state;
	for (i = 0; i < 400; i++) {
		if (i % 40 == 0 && i) {		/* one more each time */
			table = random_below(MODEL_TABLES);
			assert_non_null(hpt_walk_alloc(mm,
					page_hva(table * TABLE_ENTRIES)));
			has_table[table] = true;
		}
		first = random_below(page_count);
		/* Every third near the edge of a table, on either side. */
		if (i % 3 == 0)
			first = (first | (TABLE_ENTRIES - 1)) - i % 2;
		check_range(pages(first, random_below(page_count - first)));
		check_range(pages(first, i % 4));
	}
}

static int alloc_tables(void *arg)
{
	(void)arg;
	return hpt_walk_alloc(mm, (hva_t){ HVA_END - PAGE_SIZE }) ? 0 : -ENOMEM;
}

/* A lowest table is two frames: if the second fails the first goes back. */
static void test_no_memory(void **state)
{
	u64 before = frame_free_count();

	(void)state;
	frame_fail_at(1);
	assert_int_equal(alloc_tables(NULL), -ENOMEM);
	assert_int_equal(frame_free_count(), before);
	frame_fail_at(2);
	assert_int_equal(alloc_tables(NULL), -ENOMEM);
	assert_int_equal(frame_free_count(), before - 1);
	frame_fail_at(3);	/* one table is there: this is the links */
	assert_int_equal(alloc_tables(NULL), -ENOMEM);
	assert_int_equal(frame_free_count(), before - 2);
	frame_fail_at(2);
	assert_int_equal(alloc_tables(NULL), -ENOMEM);
	assert_int_equal(frame_free_count(), before - 2);
	frame_fail_at(3);
	assert_int_equal(alloc_tables(NULL), 0);
	assert_int_equal(frame_free_count(), before - 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_same),
		TEST(test_walk),
		TEST(test_changes),
		TEST(test_misuse),
		TEST(test_for_each),
		TEST(test_random_ranges),
		TEST(test_no_memory),
	};

	return RUN(tests);
}
