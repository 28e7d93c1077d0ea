/*
 * Getting a user page: the lockless walk, its second look, and the slow path.
 */
#include "test/host/support.h"

#include "mm/gup.h"
#include "test/fake/stepper.h"

static void test_fast(void **state)
{
	struct gup gup;

	(void)state;
	assert_int_equal(gup_fast(mm, page_hva(0), MM_READ, &gup), -EAGAIN);
	write_page(0, 5);
	assert_int_equal(gup_fast(mm, page_hva(1), MM_READ, &gup), -EAGAIN);
	assert_int_equal(gup_fast(mm, page_hva(0), MM_WRITE, &gup), 0);
	assert_ptr_equal(gup.frame, frame_of(mm, 0));
	assert_true(pte_same(gup.pte, entry_of(mm, 0)));
	assert_true(gup.was_mapped);
	assert_int_equal(frame_refcount(gup.frame), 2);
	assert_true(interrupts_are_on());
	frame_put(gup.frame);

	mm_put(mm_fork(mm));
	assert_int_equal(gup_fast(mm, page_hva(0), MM_WRITE, &gup), -EAGAIN);
	assert_int_equal(gup_fast(mm, page_hva(0), MM_READ, &gup), 0);
	frame_put(gup.frame);
}

static void test_slow(void **state)
{
	struct gup gup;

	(void)state;
	assert_int_equal(gup_page(mm, page_hva(0), MM_READ, &gup), 0);
	assert_ptr_equal(gup.frame, zero_frame);
	assert_false(gup.was_mapped);
	frame_put(gup.frame);
	assert_int_equal(gup_page(mm, page_hva(0), MM_READ, &gup), 0);
	assert_true(gup.was_mapped);
	frame_put(gup.frame);
	assert_int_equal(gup_page(mm, page_hva(0), MM_WRITE, &gup), 0);
	assert_ptr_equal(gup.frame, frame_of(mm, 0));
	assert_ptr_not_equal(gup.frame, zero_frame);
	frame_put(gup.frame);
	assert_int_equal(gup_page(mm, page_hva(AREA_PAGES), MM_READ, &gup),
			 -EFAULT);
	frame_fail_at(1);
	assert_int_equal(gup_page(mm, page_hva(1), MM_WRITE, &gup), -ENOMEM);
}

/*
 * F2 against N2 and N3: the walker reads P, takes a reference, reads P again;
 * the owner of PTL clears P, flushes, and looks at the count. Never may both
 * succeed: the walker with a reference, and the owner with a count of 1.
 */
static struct gup walked;
static struct frame *raced;
static bool walker_has, owner_saw_alone;
static u32 both_won, walker_won, owner_won;

static void before_race(void)
{
	fake_reset(2);
	fake_log_off();
	mm_switch(NULL);
	mm_switch(mm);
	write_page(0, 5);
	raced = frame_of(mm, 0);
	walker_has = owner_saw_alone = false;
}

/* N2, N3, and P comes back (O17): the next one sees the same as before. */
static void owner(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0)), old;

	spin_lock(hpt_lock(ptep));
	old = hpt_clear_flush(mm, page_hva(0), ptep);
	owner_saw_alone = frame_refcount(pfn_frame(pte_pfn(old))) == 1;
	if (!owner_saw_alone)
		hpt_set(ptep, old);
	spin_unlock(hpt_lock(ptep));
}

static void after_race(void)
{
	both_won += walker_has && owner_saw_alone;
	walker_won += walker_has && !owner_saw_alone;
	owner_won += !walker_has && owner_saw_alone;
	if (walker_has)
		frame_put(walked.frame);
	if (owner_saw_alone) {		/* P stayed empty: finish the job */
		rmap_remove(raced, hpt_walk(mm, page_hva(0)));
		frame_put(raced);
	}
}

/*
 * The owner before each instruction of gup_fast(), whose CPU has not loaded the
 * address space, as a scanner's has not, so N2 sends no IPI that its
 * interrupts-off walk would hold up. P may end empty, or be there again, of
 * another frame or with less right: none is what the walker read. (In every
 * interleaving, with late stores: test/explore/gup_races.c.)
 */
static enum mm_access wanted;

static void before_stepped(void)
{
	before_race();
	mm_switch(NULL);
}

static void walk_stepped(void)
{
	walker_has = !gup_fast(mm, page_hva(0), wanted, &walked);
	if (walker_has && walked.frame != raced) {
		frame_put(walked.frame);	/* it came behind the owner */
		walker_has = false;
	}
}

/* P maps another frame, as after a copy or a migration; the old one goes. */
static void owner_moves(void)
{
	struct frame *new = frame_alloc();
	pte_t *ptep;

	owner();
	if (!owner_saw_alone) {
		frame_put(new);
		return;
	}
	ptep = hpt_walk(mm, page_hva(0));
	spin_lock(hpt_lock(ptep));
	hpt_map(ptep, new, PTE_RW);
	spin_unlock(hpt_lock(ptep));
}

static void after_move(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));
	struct frame *new = frame_of(mm, 0);

	if (owner_saw_alone) {
		spin_lock(hpt_lock(ptep));
		(void)hpt_clear(ptep);
		spin_unlock(hpt_lock(ptep));
		rmap_remove(new, ptep);
		frame_put(new);
	}
	after_race();
}

/* P maps the same frame read-only, and who found it alone shares it (T4). */
static void owner_protects(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));

	spin_lock(hpt_lock(ptep));
	(void)!hpt_wrprotect(ptep);
	hpt_flush_all(mm);
	owner_saw_alone = frame_refcount(raced) == 1;
	if (!owner_saw_alone)
		hpt_upgrade(ptep);
	spin_unlock(hpt_lock(ptep));
}

static void after_protect(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));

	if (owner_saw_alone) {		/* after_race() finishes the job */
		spin_lock(hpt_lock(ptep));
		(void)hpt_clear(ptep);
		spin_unlock(hpt_lock(ptep));
	}
	after_race();
}

static void test_each_instruction(void **state)
{
	static const struct {
		const char *end;
		enum mm_access wanted;
		struct stepped_race race;
	} rows[] = {
		{ "empty", MM_READ,
		  { before_stepped, walk_stepped, owner, after_race, 0 } },
		{ "another frame", MM_READ,
		  { before_stepped, walk_stepped, owner_moves, after_move,
		    0 } },
		{ "another frame, to write", MM_WRITE,
		  { before_stepped, walk_stepped, owner_moves, after_move,
		    0 } },
		{ "read-only", MM_WRITE,
		  { before_stepped, walk_stepped, owner_protects,
		    after_protect, 0 } },
	};
	u32 instructions, i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		wanted = rows[i].wanted;
		both_won = walker_won = owner_won = 0;
		instructions = fake_step_through(&rows[i].race);
		print_message("# %s: %u instructions: %u walker, %u owner, "
			      "%u both\n", rows[i].end, instructions,
			      walker_won, owner_won, both_won);
		assert_true(walker_won && owner_won);
		assert_int_equal(both_won, 0);
	}
}

/*
 * gup_pin() has its reference and comes to PTL, and meanwhile the page is
 * discarded and touched again. The pin must be on the frame that P maps; only a
 * page that was pinned before may lose its frame.
 */
static bool was_pinned;
static u32 behind_no_page, between;

static void pin_stepped(void)
{
	if (gup_pin(mm, page_hva(0), &walked))
		panic("page 0 cannot be pinned");
}

static void refill(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));

	spin_lock(hpt_lock(ptep));
	was_pinned = raced->pins;
	between += !was_pinned && frame_refcount(raced) == 2;
	spin_unlock(hpt_lock(ptep));
	mm_discard(mm, pages(0, 1));
	if (mm_fault(mm, page_hva(0), MM_WRITE))
		panic("page 0 cannot be filled");
}

static void after_pin(void)
{
	behind_no_page += !was_pinned && walked.frame != frame_of(mm, 0);
	gup_unpin(walked.frame);
}

static void test_pin_of_refilled(void **state)
{
	static const struct stepped_race race = {
		before_stepped, pin_stepped, refill, after_pin, 0,
	};

	(void)state;
	behind_no_page = between = 0;
	fake_step_through(&race);
	assert_true(between > 0);
	assert_int_equal(behind_no_page, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fast),
		TEST(test_slow),
		TEST(test_each_instruction),
		TEST(test_pin_of_refilled),
	};

	return RUN(tests);
}
