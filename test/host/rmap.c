/*
 * The reverse map: right whatever the order, and flat in cost.
 */
#include "test/host/support.h"

#include <time.h>
#include "test/fake/stepper.h"

#define MANY	(1u << 16)

static pte_t *entries[MANY];

static void map_all(struct frame *frame, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		entries[i] = hpt_walk_alloc(mm, page_hva(i));
		spin_lock(hpt_lock(entries[i]));
		frame_get(frame);
		hpt_map(entries[i], frame, PTE_RO);
		spin_unlock(hpt_lock(entries[i]));
	}
}

static void unmap(struct frame *frame, pte_t *ptep)
{
	spin_lock(hpt_lock(ptep));
	hpt_clear(ptep);
	spin_unlock(hpt_lock(ptep));
	rmap_remove(frame, ptep);
	frame_put(frame);
}

/* Every listed entry maps @frame; they are @count, and linked both ways. */
static void check(struct frame *frame, u32 count)
{
	u32 place = frame->mappings, prev = 0, n;

	assert_int_equal(rmap_mapcount(frame), count);
	for (n = 0; place; n++) {
		struct frame *table = pfn_frame((pfn_t){ place >> TABLE_BITS });
		u32 index = place & (TABLE_ENTRIES - 1);
		pte_t *ptep = (pte_t *)frame_ptr(table) + index;
		struct rmap_link *link = &table->table.links[index];

		assert_int_equal(pte_pfn(pte_read(ptep)).n,
				 frame_pfn(frame).n);
		assert_int_equal(link->prev, prev);
		prev = place;
		place = link->next;
	}
	assert_int_equal(n, count);
}

static void test_first(void **state)
{
	struct frame *frame = frame_alloc();
	pte_t *found;

	(void)state;
	assert_null(rmap_first(frame));
	map_all(frame, 1);
	found = rmap_first(frame);
	assert_ptr_equal(found, entries[0]);
	assert_int_equal(mm->users, 2);		/* the caller's own */
	mm_put(mm);
	assert_int_equal(hpt_entry_hva(found).v, page_hva(0).v);
	assert_ptr_equal(hpt_entry_mm(found), mm);
	unmap(frame, entries[0]);
	assert_null(rmap_first(frame));
	frame_put(frame);
}

/* A dying address space is not handed out. */
static void test_first_of_dying(void **state)
{
	struct frame *frame = frame_alloc();

	(void)state;
	map_all(frame, 1);
	mm->users = 0;
	assert_null(rmap_first(frame));
	mm->users = 1;
	unmap(frame, entries[0]);
	frame_put(frame);
}

static void shuffle(u32 count)
{
	u32 i;

	for (i = count - 1; i > 0; i--) {
		u32 j = (u32)random() % (i + 1);
		pte_t *other = entries[j];

		entries[j] = entries[i];
		entries[i] = other;
	}
}

static void test_any_order(void **state)
{
	struct frame *frame = frame_alloc();
	u32 count = 1200, i;

	(void)state;
	srandom(2);
	map_all(frame, count);
	check(frame, count);
	shuffle(count);
	for (i = 0; i < count; i++) {
		unmap(frame, entries[i]);
		if (!(i % 50))
			check(frame, count - i - 1);
	}
	check(frame, 0);
	frame_put(frame);
}

/* Pages of one frame that 32 bits of an address, or of a page's number, do not
 * tell apart: each is found where it is. */
static void test_far(void **state)
{
	static const u64 places[] = {
		1, 1 + (1ull << 20), 1 + (1ull << 32),
		((HVA_END - HVA_START) >> PAGE_SHIFT) - 1,
	};
	struct frame *frame = frame_alloc();
	bool found[array_count(places)] = { false };
	u32 i, n;

	(void)state;
	for (i = 0; i < array_count(places); i++) {
		pte_t *ptep = hpt_walk_alloc(mm, page_hva(places[i]));

		spin_lock(hpt_lock(ptep));
		frame_get(frame);
		hpt_map(ptep, frame, PTE_RO);
		spin_unlock(hpt_lock(ptep));
	}
	check(frame, array_count(places));
	for (n = 0; n < array_count(places); n++) {
		pte_t *ptep = rmap_first(frame);

		for (i = 0; hpt_entry_hva(ptep).v != page_hva(places[i]).v; i++)
			assert_true(i < array_count(places) - 1);
		assert_false(found[i]);
		found[i] = true;
		unmap(frame, ptep);
		mm_put(mm);		/* rmap_first()'s user */
	}
	frame_put(frame);
}

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* CPU time per mapping that is added and removed in random order. */
static u64 cost(struct frame *frame, u32 count)
{
	u64 start = now();
	u32 i;

	map_all(frame, count);
	shuffle(count);
	for (i = 0; i < count; i++)
		unmap(frame, entries[i]);
	return (now() - start) / count;
}

/*
 * 2^16 mappings of one frame, without an allocation and not slower each than
 * 2^8 of them. A list that is searched would cost 256 times as much; the
 * bound leaves room for caches and for a busy machine.
 */
static void test_flat(void **state)
{
	struct frame *frame = frame_alloc();
	u64 few, many, before;

	(void)state;
	map_all(frame, MANY);		/* the tables are there from now on */
	while (frame->mapcount)
		unmap(frame, entries[frame->mapcount - 1]);
	before = frame_free_count();
	few = cost(frame, 1u << 8);
	many = cost(frame, MANY);
	print_message("# %llu ns a mapping of 2^8, %llu ns of 2^16\n",
		      (unsigned long long)few, (unsigned long long)many);
	assert_true(many < 16 * few);
	assert_int_equal(frame_free_count(), before);
	frame_put(frame);
}

static void remove_unmapped(void *arg)
{
	struct frame *frame = frame_alloc();

	(void)arg;
	rmap_remove(frame, hpt_walk_alloc(mm, page_hva(0)));
}

static void test_misuse(void **state)
{
	(void)state;
	assert_true(fake_panics(remove_unmapped, NULL, "mapcount"));
}

/*
 * O17, instruction by instruction: the pin is there all the time, while another
 * sharer of the frame comes or goes. The counts are not one word, and still
 * the pin must not be overlooked between them.
 */
static struct frame *pinned;
static struct mm *sharer, *third;
static u32 overlooked;
static bool third_comes;

static void before_pinned(void)
{
	if (!third_comes)
		third = mm_fork(sharer);
}

static void look_for_pin(void)
{
	overlooked += rmap_extra_references(pinned) < 2;
}

static void other_sharer(void)
{
	if (third_comes)
		third = mm_fork(sharer);
	else
		mm_put(third);
}

static void after_pinned(void)
{
	if (third_comes)
		mm_put(third);
}

static const struct stepped_race pin_race = {
	before_pinned, look_for_pin, other_sharer, after_pinned, 0,
};

static void test_pin_never_overlooked(void **state)
{
	u32 instructions;

	(void)state;
	fake_log_off();
	write_page(0, 7);
	pinned = frame_of(mm, 0);
	sharer = mm_fork(mm);
	frame_get(pinned);		/* the scanner's */
	frame_get(pinned);		/* the pin */
	overlooked = 0;
	for (third_comes = false; ; third_comes = true) {
		instructions = fake_step_through(&pin_race);
		assert_true(instructions > 50);
		if (third_comes)
			break;
	}
	print_message("# %u instructions, %u times overlooked\n",
		      instructions, overlooked);
	assert_int_equal(overlooked, 0);
	frame_put(pinned);
	frame_put(pinned);
	mm_put(sharer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first),
		TEST(test_first_of_dying),
		TEST(test_any_order),
		TEST(test_far),
		TEST(test_flat),
		TEST(test_pin_never_overlooked),
		TEST(test_misuse),
	};

	return RUN(tests);
}
