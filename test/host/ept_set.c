/*
 * The funnel that each change of a live entry passes through: what it credits,
 * and what it refuses.
 */
#include "test/host/vm.h"

/* O11: what the hardware noted is credited to the frame that it was about. */
static void test_credit(void **state)
{
	struct frame *old;
	struct mm *child;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	guest_write_page(0, 5);
	old = frame_of(mm, 0);
	assert_int_equal(old->flags, 0);
	child = mm_fork(mm);		/* T4: D goes from S to the frame */
	assert_true(old->flags & FRAME_DIRTY);
	assert_int_equal(guest_read_page(0), 5);
	write_page(0, 6);
	assert_true(old->flags & FRAME_ACCESSED);
	assert_int_equal(frame_of(mm, 0)->flags, 0);
	vm_stop();
	mm_put(child);
}

/*
 * The hardware sets A after the entry was read and before it is changed. An
 * added right keeps it and owes no flush; a change of frame credits it.
 */
static void test_noted_meanwhile(void **state)
{
	struct ept_flush flush = { 0 };
	gfn_t gfn = { DATA_GFN };
	struct frame *frame;
	spte_t *sptep, new;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	check_stop();			/* S is set by hand below */
	write_page(0, 5);
	mm_put(mm_fork(mm));		/* P is read-only, and held alone */
	assert_int_equal(guest_read_page(0), 5);
	sptep = ept_walk(&vm, gfn);
	frame = frame_of(mm, 0);
	sptep->v &= ~vm.format->accessed;
	new = spte_add_write(vm.format, spte_read(sptep));
	sptep->v |= vm.format->accessed;
	write_page(0, 6);		/* a takeover: P is writable */

	spin_lock(&vm.lock);
	sptep->v &= ~vm.format->write;
	ept_set(&vm, gfn, sptep, new, &flush);
	assert_false(flush.owed);
	assert_true(flush.gained);
	assert_int_equal(sptep->v, new.v | vm.format->accessed);

	new = spte_wrprotect(vm.format, new);
	frame->flags = 0;
	ept_set(&vm, gfn, sptep, new, &flush);
	assert_true(flush.owed);
	assert_int_equal(frame->flags, FRAME_ACCESSED);
	ept_flush_issue(&vm, &flush);
	spin_unlock(&vm.lock);
	vm_stop();
}

/* Two frames, with all address bits of the first in the second. */
static void alloc_pair(struct frame *pair[2])
{
	struct frame *others[64];
	u32 count = 0;

	for (pair[0] = frame_alloc(); ; pair[0] = pair[1]) {
		pair[1] = frame_alloc();
		if (!(frame_pfn(pair[0]).n & ~frame_pfn(pair[1]).n))
			break;
		assert_true(count < array_count(others));
		others[count++] = pair[0];
	}
	while (count)
		frame_put(others[--count]);
}

/* O11: the address that only gains bits is another frame's: nothing of what was
 * noted for the old one stays in S. */
static void test_noted_for_old_frame(void **state)
{
	struct ept_flush flush = { 0 };
	gfn_t gfn = { DATA_GFN };
	struct frame *pair[2];
	spte_t *sptep, new;

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	check_stop();			/* S is set by hand below */
	alloc_pair(pair);
	new = spte_make(vm.format, pte_make(frame_pfn(pair[1]), PTE_RO));
	sptep = ept_walk(&vm, gfn);
	*sptep = spte_make(vm.format, pte_make(frame_pfn(pair[0]), PTE_RO));
	sptep->v |= vm.format->accessed;

	spin_lock(&vm.lock);
	ept_set(&vm, gfn, sptep, new, &flush);
	assert_int_equal(sptep->v, new.v);
	assert_int_equal(pair[0]->flags, FRAME_ACCESSED);
	ept_set(&vm, gfn, sptep, spte_zapped(), &flush);
	assert_int_equal(pair[1]->flags, 0);
	ept_flush_issue(&vm, &flush);
	spin_unlock(&vm.lock);
	vm_stop();
	frame_put(pair[0]);
	frame_put(pair[1]);
}

static void set_unlocked(void *arg)
{
	struct ept_flush flush = { 0 };
	gfn_t gfn = { DATA_GFN };

	(void)arg;
	ept_set(&vm, gfn, ept_walk(&vm, gfn), spte_zapped(), &flush);
}

/* O4: a writable S changes its frame. */
static void change_writable(void *arg)
{
	struct ept_flush flush = { 0 };
	gfn_t gfn = { DATA_GFN };

	spin_lock(&vm.lock);
	ept_set(&vm, gfn, ept_walk(&vm, gfn), spte_make(vm.format,
		pte_make(frame_pfn(arg), PTE_RW)), &flush);
}

/* O1: S is not what P says, and F5 finds out. */
static void fault_over_other_frame(void *arg)
{
	gfn_t gfn = { DATA_GFN };

	*ept_walk(&vm, gfn) = spte_make(vm.format,
					pte_make(frame_pfn(arg), PTE_RO));
	(void)!ept_fault(&vm, page_gpa(0), HVM_WRITE);
}

/* The same where S allows the access: not spurious, but wrong. */
static void fault_allowed_by_other_frame(void *arg)
{
	gfn_t gfn = { DATA_GFN };

	*ept_walk(&vm, gfn) = spte_make(vm.format,
					pte_make(frame_pfn(arg), PTE_RO));
	(void)!ept_fault(&vm, page_gpa(0), HVM_READ);
}

static void test_misuse(void **state)
{
	struct frame *other = frame_alloc();

	(void)state;
	vm_start(policy_named("change-pte"), 8);
	guest_write_page(0, 5);
	assert_true(fake_panics(set_unlocked, NULL, "spin_is_locked"));
	assert_true(fake_panics(change_writable, other, "O4"));
	assert_true(fake_panics(fault_over_other_frame, other, "O1"));
	assert_true(fake_panics(fault_allowed_by_other_frame, other, "O1"));
	vm_stop();
	frame_put(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_credit),
		TEST(test_noted_meanwhile),
		TEST(test_noted_for_old_frame),
		TEST(test_misuse),
	};

	return RUN(tests);
}
