/*
 * Races that lie between two steps: CPU 0 by the instruction, CPU 1 before each
 * of them. None of these depends on which instructions the compiler chose.
 */
#include "test/host/support.h"

#include "mm/gup.h"
#include "mm/merge.h"
#include "test/fake/stepper.h"

static u32 wrong;

static void expect(bool holds)
{
	wrong += !holds;
}

/* As another CPU finds it. */
static bool is_cached_on(u32 cpu, u64 page)
{
	u32 self = fake_cpu(cpu);
	bool holds = fake_tlb_holds(page_hva(page));

	fake_cpu(self);
	return holds;
}

static u32 step_through(const struct stepped_race *race)
{
	u32 count;

	wrong = 0;
	fake_log_off();
	count = fake_step_through(race);
	print_message("# %u instructions, %u times wrong\n", count, wrong);
	return count;
}

/*
 * The stepper itself: it stops once before each instruction, whether it is met
 * for the first time or again.
 */
#define ALIKE	20
#define ROUNDS	3

static u32 position, stops[ROUNDS * ALIKE + 1];

static void begin_count(void)
{
	position = 0;
}

static void count_up(void)
{
	u32 rounds = ROUNDS;

	__asm__ volatile ("1: .rept %c2; incl %0; .endr; decl %1; jnz 1b"
			  : "+m" (position), "+r" (rounds) : "i" (ALIKE)
			  : "cc");
}

static void note_position(void)
{
	stops[position]++;
}

static void test_stepper(void **state)
{
	static const struct stepped_race race = {
		.before = begin_count, .stepped = count_up,
		.other = note_position,
	};
	u32 i;

	(void)state;
	assert_true(step_through(&race) > ROUNDS * ALIKE);
	assert_true(stops[0]);
	/* Between two rounds: DECL, JNZ, INCL. */
	for (i = 1; i < ROUNDS * ALIKE; i++)
		if (stops[i] != (i % ALIKE ? 1 : 3))
			fail_msg("%u stops at %u", stops[i], i);
}

/*
 * mm_switch(): a CPU that may hold translations is in the mask, so when N2 is
 * over nobody caches the page. Walks of the hardware come at any time.
 */
static void switch_away_and_back(void)
{
	mm_switch(NULL);
	mm_switch(mm);
}

static void clear_page_0(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0)), old;
	u32 self = fake_cpu(0);

	fake_prefetch(page_hva(0));
	fake_cpu(self);
	spin_lock(hpt_lock(ptep));
	old = hpt_clear_flush(mm, page_hva(0), ptep);
	expect(!is_cached_on(0, 0));
	hpt_set(ptep, old);
	spin_unlock(hpt_lock(ptep));
}

static void test_switch(void **state)
{
	static const struct stepped_race race = {
		.stepped = switch_away_and_back, .other = clear_page_0,
	};

	(void)state;
	write_page(0, 1);
	assert_true(step_through(&race) > 50);
	assert_int_equal(wrong, 0);
}

/* The other way round: who comes to the mm while P is cleared is in the mask
 * that is read after, or finds P empty. */
static pte_t cleared;

static void clear_and_look(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));

	spin_lock(hpt_lock(ptep));
	cleared = hpt_clear_flush(mm, page_hva(0), ptep);
	expect(!is_cached_on(1, 0));
	spin_unlock(hpt_lock(ptep));
}

static void switch_and_walk(void)
{
	mm_switch(mm);
	fake_prefetch(page_hva(0));
}

static void set_again(void)
{
	pte_t *ptep = hpt_walk(mm, page_hva(0));

	spin_lock(hpt_lock(ptep));
	hpt_set(ptep, cleared);
	spin_unlock(hpt_lock(ptep));
	load_on_cpu1(NULL);
}

static void test_clear_meets_switch(void **state)
{
	static const struct stepped_race race = {
		.stepped = clear_and_look, .other = switch_and_walk,
		.after = set_again, .stride = 7,
	};

	(void)state;
	write_page(0, 1);
	assert_true(step_through(&race) > 50);
	assert_int_equal(wrong, 0);
}

/*
 * gup_fast() against the last put: the frame that P showed may be free when the
 * reference is taken. And its interrupts are off between its two looks.
 */
static struct gup walked;
static bool walker_has, pinned, interruptible;

static void before_walk(void)
{
	mm_switch(mm);
	write_page(0, 5);
	mm_switch(NULL);		/* as a scanner's CPU: no IPI to it */
}

static void walk(void)
{
	walker_has = !gup_fast(mm, page_hva(0), MM_READ, &walked);
}

static void discard_page_0(void)
{
	u32 self = fake_cpu(0);

	interruptible = interrupts_are_on();
	fake_cpu(self);
	pinned = frame_refcount(frame_of(mm, 0)) == 2;
	mm_discard(mm, pages(0, 1));
}

static void after_walk(void)
{
	/* It had the reference and then saw P gone: we came in between. */
	expect(walker_has || !pinned || !interruptible);
	if (!walker_has)
		return;
	expect(*(u64 *)frame_ptr(walked.frame) == 5);
	frame_put(walked.frame);
}

static void test_walk_of_discarded(void **state)
{
	static const struct stepped_race race = {
		before_walk, walk, discard_page_0, after_walk, 0,
	};

	(void)state;
	assert_true(step_through(&race) > 50);
	assert_int_equal(wrong, 0);
}

/*
 * Two first touches in one 2 MiB: one table comes, with both entries. The
 * window is the zeroing of a page.
 */
static struct mm *fresh;
static u64 frames_before;

static void make_fresh(void)
{
	frames_before = frame_free_count();
	fresh = mm_create();
	if (!fresh || mm_mmap(fresh, pages(0, 2), VMA_WRITE))
		panic("no address space");
}

static void touch_first(void)
{
	expect(!mm_fault(fresh, page_hva(0), MM_READ));
}

static void touch_second(void)
{
	expect(!mm_fault(fresh, page_hva(1), MM_READ));
}

static void both_are_touched(void)
{
	expect(pte_present(entry_of(fresh, 0)));
	expect(pte_present(entry_of(fresh, 1)));
	mm_put(fresh);
	expect(frame_free_count() == frames_before);
}

static void test_two_first_touches(void **state)
{
	static const struct stepped_race race = {
		make_fresh, touch_first, touch_second, both_are_touched, 61,
	};

	(void)state;
	step_through(&race);
	assert_int_equal(wrong, 0);
}

/*
 * N0: while CPU 0 copies, another thread of the process lets the page go, gets
 * one anew, fills it and makes it read-only, as a merge does. Without the
 * reference this would be the same frame again, and P the same value.
 */
static struct mm *child;
static struct frame *spare;

static void share_page_0(void)
{
	mm_switch(mm);
	write_page(0, 1);
	child = mm_fork(mm);
	mm_switch(NULL);		/* no flush waits for CPU 0 */
}

static void write_fault(void)
{
	expect(!mm_fault(mm, page_hva(0), MM_WRITE));
}

static void reuse_page_0(void)
{
	struct gup gup;

	mm_switch(mm);
	mm_discard(child, pages(0, 1));
	mm_discard(mm, pages(0, 1));
	spare = frame_alloc();	/* what the list of discarded frames was in */
	write_page(0, 9);
	expect(!gup_page(mm, page_hva(0), MM_READ, &gup));
	(void)!merge_wrprotect(mm, page_hva(0), gup.frame);
	frame_put(gup.frame);
	mm_switch(NULL);
}

static void last_write_is_there(void)
{
	mm_switch(mm);
	expect(read_page(0) == 9);
	frame_put(spare);
	mm_put(child);
}

static void test_copy_of_reused(void **state)
{
	static const struct stepped_race race = {
		share_page_0, write_fault, reuse_page_0, last_write_is_there,
		61,
	};

	(void)state;
	step_through(&race);
	assert_int_equal(wrong, 0);
}

/* T6: a write through a cached translation, at any time. */
static struct frame *moved;

static void before_migration(void)
{
	u32 self = fake_cpu(1);

	write_page(0, 1);
	fake_cpu(self);
	moved = frame_of(mm, 0);
	frame_get(moved);
}

static void migrate(void)
{
	expect(!mm_migrate(moved));
}

static void write_9(void)
{
	write_page(0, 9);
}

static void after_migration(void)
{
	expect(read_page(0) == 9);
	expect(frame_of(mm, 0) != moved);
	frame_put(moved);
}

static void test_write_during_migration(void **state)
{
	static const struct stepped_race race = {
		before_migration, migrate, write_9, after_migration, 41,
	};

	(void)state;
	load_on_cpu1(mm);
	step_through(&race);
	assert_int_equal(wrong, 0);
}

/* X3: who sees the request taken goes on: nothing is cached any more. */
static u64 request;

static void before_taking(void)
{
	(void)read_page(0);
	request = atomic_add(&cpus[0].primary_requested, 1);
}

static void look_at_taken(void)
{
	if (load_acquire(&cpus[0].primary_taken) == request)
		expect(!is_cached_on(0, 0));
}

static void test_taken_after_flush(void **state)
{
	static const struct stepped_race race = {
		.before = before_taking, .stepped = handshake_primary_ipi,
		.other = look_at_taken,
	};

	(void)state;
	assert_true(step_through(&race) > 20);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stepper),
		TEST(test_switch),
		TEST(test_clear_meets_switch),
		TEST(test_walk_of_discarded),
		TEST(test_two_first_touches),
		TEST(test_copy_of_reused),
		TEST(test_write_during_migration),
		TEST(test_taken_after_flush),
	};

	return RUN(tests);
}
