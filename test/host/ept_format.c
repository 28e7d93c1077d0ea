/*
 * Second-level entries: bits of each format, and which change owes a flush.
 */
#include "test/host/support.h"

#include "ept/ept.h"

#define PFN(n)	((u64)(n) << PAGE_SHIFT)

#define FAR	(1ull << 32)
#define TOP	(1ull << 39)		/* the highest bit of a pfn */

/* Symbols for the table below; each format gives them their bits. */
enum { RO = 1 << 0, RW = 1 << 1, A = 1 << 2, D = 1 << 3, UC = 1 << 4,
       LARGE = 1 << 5, ZAPPED = 1 << 6 };

struct bits {
	u64 ro, rw, a, d, uc;
};

static const struct bits ept_bits = {
	.ro = 0x35, .rw = 0x37, .a = 1 << 8, .d = 1 << 9, .uc = 0x30,
};
static const struct bits npt_bits = {
	.ro = 0x5, .rw = 0x7, .a = 1 << 5, .d = 1 << 6, .uc = 0x18,
};

static spte_t entry(const struct bits *bits, u64 pfn, u32 flags)
{
	u64 v = PFN(pfn);

	v |= flags & RO ? bits->ro : 0;
	v |= flags & RW ? bits->rw : 0;
	v |= flags & A ? bits->a : 0;
	v |= flags & D ? bits->d : 0;
	v ^= flags & UC ? bits->uc : 0;		/* another memory type */
	v |= flags & LARGE ? SPTE_LEAF : 0;
	v |= flags & ZAPPED ? SPTE_ZAPPED : 0;
	return (spte_t){ v };
}

static const struct {
	const char *name;
	u64 old_pfn;
	u32 old;
	u64 new_pfn;
	u32 new;
	bool flush;
} flush_rows[] = {
	{ "nothing",			1, RO,		1, RO,		false },
	{ "absent to present",		0, 0,		1, RO,		false },
	{ "zapped to present",		0, ZAPPED,	1, RW,		false },
	{ "absent to zapped",		0, 0,		0, ZAPPED,	false },
	{ "zap read-only",		1, RO,		0, ZAPPED,	true },
	{ "zap writable",		1, RW,		0, ZAPPED,	true },
	{ "to nothing at all",		1, RO,		0, 0,		true },
	{ "lose write",			1, RW,		1, RO,		true },
	{ "gain write",			1, RO,		1, RW,		false },
	{ "change frame, RO",		1, RO,		2, RO,		true },
	{ "change frame, to RW",	1, RO,		2, RW,		true },
	{ "change frame, RW",		1, RW,		2, RW,		true },
	{ "superset of the frame",	1, RO,		3, RO,		true },
	{ "only 2^32 of the frame",	1, RO,		FAR + 1, RO,	true },
	{ "only its highest bit",	1, RO,		TOP + 1, RO,	true },
	{ "far, gain write",		TOP, RO,	TOP, RW,	false },
	{ "memory type",		1, RO,		1, RO | UC,	true },
	{ "split or join",		1, RO | LARGE,	1, RO,		true },
	{ "gain write, keep A",		1, RO | A,	1, RW | A,	false },
};

static const struct {
	const char *name;
	u32 old, new;
	bool flush;		/* where the hardware keeps A and D */
} notes[] = {
	{ "clear A",		RO | A,		RO,	true },
	{ "clear D",		RW | A | D,	RW | A,	true },
	{ "gain W, lose A",	RO | A,		RW,	true },
	{ "set A",		RO,		RO | A,	false },
};

static void check_format(const struct spte_format *f, const struct bits *bits,
			 bool has_notes)
{
	u32 i;

	for (i = 0; i < array_count(flush_rows); i++) {
		spte_t old = entry(bits, flush_rows[i].old_pfn,
				   flush_rows[i].old);
		spte_t new = entry(bits, flush_rows[i].new_pfn,
				   flush_rows[i].new);

		if (spte_needs_flush(f, old, new) != flush_rows[i].flush)
			fail_msg("%s: %s", f->name, flush_rows[i].name);
	}
	for (i = 0; i < array_count(notes); i++) {
		spte_t old = entry(bits, 1, notes[i].old);
		spte_t new = entry(bits, 1, notes[i].new);

		if (spte_needs_flush(f, old, new) !=
		    (has_notes && notes[i].flush))
			fail_msg("%s: %s", f->name, notes[i].name);
	}
}

static void test_needs_flush(void **state)
{
	(void)state;
	check_format(spte_format(HVM_EPT, true), &ept_bits, true);
	check_format(spte_format(HVM_EPT, false), &ept_bits, false);
	check_format(spte_format(HVM_NPT, true), &npt_bits, true);
	/* NPT always keeps A and D. */
	assert_ptr_equal(spte_format(HVM_NPT, false),
			 spte_format(HVM_NPT, true));
}

static void check_make(const struct spte_format *f, const struct bits *bits,
		       u64 pfn)
{
	spte_t ro = spte_make(f, pte_make((pfn_t){ pfn }, PTE_RO));
	spte_t rw = spte_make(f, pte_make((pfn_t){ pfn }, PTE_RW));

	assert_int_equal(ro.v, PFN(pfn) | bits->ro);
	assert_int_equal(rw.v, PFN(pfn) | bits->rw);
	assert_int_equal(spte_add_write(f, ro).v, rw.v);
	assert_int_equal(spte_wrprotect(f, rw).v, ro.v);
	assert_int_equal(spte_pfn(rw).n, pfn);
	assert_true(spte_allows(f, ro, HVM_READ));
	assert_true(spte_allows(f, ro, HVM_FETCH));
	assert_false(spte_allows(f, ro, HVM_WRITE));
	assert_false(spte_allows(f, ro, HVM_READ | HVM_WRITE));
	assert_true(spte_allows(f, rw, HVM_WRITE));
	assert_false(spte_allows(f, spte_zapped(), HVM_READ));
	assert_false(spte_present(f, spte_zapped()));
	assert_true(spte_was_zapped(spte_zapped()));
	assert_false(spte_was_zapped(rw));
	/* A table grants everything: the leaf decides. */
	assert_int_equal(spte_make_table(f, (pfn_t){ pfn }).v, PFN(pfn) | 7);
}

static void test_make(void **state)
{
	static const u64 pfns[] = { 9, FAR + 9, FAR - 1, 2 * TOP - 1 };
	u32 i;

	(void)state;
	for (i = 0; i < array_count(pfns); i++) {
		check_make(spte_format(HVM_EPT, true), &ept_bits, pfns[i]);
		check_make(spte_format(HVM_EPT, false), &ept_bits, pfns[i]);
		check_make(spte_format(HVM_NPT, true), &npt_bits, pfns[i]);
	}
}

/* What P's change makes of S, for each choice of a policy. */
static void test_choices(void **state)
{
	const struct spte_format *f = spte_format(HVM_EPT, true);
	spte_t ro = entry(&ept_bits, 1, RO | A), rw = entry(&ept_bits, 1, RW);
	pte_t new_ro = pte_make((pfn_t){ 2 }, PTE_RO);
	pte_t new_rw = pte_make((pfn_t){ 2 }, PTE_RW);

	(void)state;
	assert_int_equal(spte_change_zap(f, ro, new_rw).v, spte_zapped().v);
	assert_int_equal(protects[PROTECT_WRPROTECT]
				.change(f, rw, pte_none()).v,
			 entry(&ept_bits, 1, RO).v);
	assert_int_equal(changes[CHANGE_REWRITE].change(f, ro, new_ro).v,
			 entry(&ept_bits, 2, RO).v);
	assert_int_equal(changes[CHANGE_REWRITE].change(f, ro, new_rw).v,
			 entry(&ept_bits, 2, RO).v);	/* W: later */
	assert_int_equal(changes[CHANGE_REWRITE_RO].change(f, ro, new_ro).v,
			 entry(&ept_bits, 2, RO).v);
	assert_int_equal(changes[CHANGE_REWRITE_RO].change(f, ro, new_rw).v,
			 spte_zapped().v);
}

static void test_transitions(void **state)
{
	static const enum transition reasons[INVALIDATE_REASON_COUNT] = {
		[INVALIDATE_COPY] = TRANSITION_T1,
		[INVALIDATE_WRPROTECT] = TRANSITION_T4,
		[INVALIDATE_MERGE] = TRANSITION_T3a,
		[INVALIDATE_MIGRATE] = TRANSITION_T6,
		[INVALIDATE_UNMAP] = TRANSITION_T7,
		[INVALIDATE_PROTECT_RW] = TRANSITION_T2,
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(reasons); i++) {
		assert_int_equal(transition_of_reason(i), reasons[i]);
		assert_int_equal(invalidate_by_change_pte(i),
				 i == INVALIDATE_COPY ||
				 i == INVALIDATE_WRPROTECT ||
				 i == INVALIDATE_MERGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs_flush),
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_transitions),
	};

	return RUN(tests);
}
