#include "test/host/support.h"

#include <string.h>

#include "lab/check/check.h"

struct mm *mm;

#define CHECKED_VMS	2
#define CHECKED_GFNS	(4 * AREA_PAGES)

static u64 free_before;
static u32 zero_before;		/* who never goes is not among the free */

int group_setup(void **state)
{
	(void)state;
	fake_ram_init();
	return check_init(CHECKED_VMS, CHECKED_GFNS);
}

int setup(void **state)
{
	(void)state;
	fake_reset(2);
	free_before = frame_free_count();
	zero_before = frame_refcount(zero_frame);
	mm = mm_create();
	if (!mm || mm_mmap(mm, pages(0, AREA_PAGES),
			  VMA_WRITE | VMA_MERGEABLE))
		return -1;
	mm_switch(mm);
	fake_log_clear();
	return 0;
}

int teardown(void **state)
{
	bool agreed = fake_counters_agree();
	u32 id;

	(void)state;
	fake_on_step = NULL;
	frame_fail_at(0);
	for (id = 0; id < cpu_count; id++) {
		fake_cpu(id);
		mm_switch(NULL);
	}
	fake_cpu(0);
	check_stop();
	mm->notifiers = NULL;		/* what a failed test left */
	mm_put(mm);
	if (frame_free_count() != free_before) {
		print_error("INV-FREE: %lld frames leaked\n",
			    (long long)(free_before - frame_free_count()));
		return -1;
	}
	if (frame_refcount(zero_frame) != zero_before ||
	    rmap_mapcount(zero_frame) || frame_is_stable(zero_frame)) {
		print_error("INV-FREE: the zero frame has %u references, not "
			    "%u\n", frame_refcount(zero_frame), zero_before);
		return -1;
	}
	if (!agreed) {
		print_error("counters and what was executed differ\n");
		return -1;
	}
	return 0;
}

u64 read_page(u64 page)
{
	u64 value;

	assert_int_equal(fake_read(page_hva(page), &value), 0);
	return value;
}

void write_page(u64 page, u64 value)
{
	assert_int_equal(fake_write(page_hva(page), value), 0);
}

void load_on_cpu1(struct mm *which)
{
	u32 self = fake_cpu(1);

	mm_switch(which);
	fake_cpu(self);
	fake_log_clear();
}

bool log_begins(const char *prefix)
{
	bool same = !strncmp(fake_log(), prefix, strlen(prefix));

	if (!same)
		print_error("log: %s\n", fake_log());
	return same;
}

pte_t entry_of(struct mm *of, u64 page)
{
	pte_t *ptep = hpt_walk(of, page_hva(page));

	assert_non_null(ptep);
	return pte_read(ptep);
}

struct frame *frame_of(struct mm *of, u64 page)
{
	pte_t pte = entry_of(of, page);

	assert_true(pte_present(pte));
	return pfn_frame(pte_pfn(pte));
}

static const char *const reason_names[INVALIDATE_REASON_COUNT] = {
	[INVALIDATE_COPY] = "copy",
	[INVALIDATE_WRPROTECT] = "wrprotect",
	[INVALIDATE_MERGE] = "merge",
	[INVALIDATE_MIGRATE] = "migrate",
	[INVALIDATE_UNMAP] = "unmap",
	[INVALIDATE_PROTECT_RW] = "protect-rw",
};

static struct recorder *recorder_of(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct recorder, notifier);
}

static unsigned long long page_of(hva_t hva)
{
	assert_int_equal(hva.v & ~PAGE_MASK, 0);
	return (hva.v - HVA_START) >> PAGE_SHIFT;
}

static void note_range(const char *event, struct hva_range range)
{
	fake_note("%s:%llu+%llu", event, page_of(range.start),
		  page_of(range.end) - page_of(range.start));
}

static void on_start(struct mmu_notifier *notifier, struct hva_range range,
		     enum invalidate_reason reason)
{
	(void)notifier;
	fake_note("start:%s:%llu+%llu", reason_names[reason],
		  page_of(range.start),
		  page_of(range.end) - page_of(range.start));
}

static void on_end(struct mmu_notifier *notifier, struct hva_range range,
		   enum invalidate_reason reason)
{
	(void)notifier;
	fake_note("end:%s:%llu+%llu", reason_names[reason],
		  page_of(range.start),
		  page_of(range.end) - page_of(range.start));
}

static void on_protect_start(struct mmu_notifier *notifier,
			     struct hva_range range)
{
	(void)notifier;
	note_range("protect-start", range);
}

static void on_protect_end(struct mmu_notifier *notifier,
			   struct hva_range range)
{
	(void)notifier;
	note_range("protect-end", range);
}

/* O3: P is empty and stays so, because its table is locked. */
static void assert_empty_and_locked(struct recorder *recorder, hva_t hva)
{
	pte_t *ptep = hpt_walk(recorder->mm, hva);

	assert_non_null(ptep);
	assert_true(spin_is_locked(hpt_lock(ptep)));
	assert_int_equal(pte_read(ptep).v, 0);
}

static void on_cleared(struct mmu_notifier *notifier, hva_t hva,
		       enum invalidate_reason reason)
{
	assert_true(invalidate_by_change_pte(reason));
	assert_empty_and_locked(recorder_of(notifier), hva);
	fake_note("cleared:%llu", page_of(hva));
}

static void on_change_pte(struct mmu_notifier *notifier, hva_t hva, pte_t old,
			  pte_t new, enum invalidate_reason reason,
			  enum change_round round)
{
	struct recorder *recorder = recorder_of(notifier);

	assert_int_equal(round, CHANGE_WHOLE);	/* it listens alone */
	assert_empty_and_locked(recorder, hva);
	assert_true(invalidate_by_change_pte(reason));
	/* O4: a new frame only for what was read-only before. */
	assert_false(pte_writable(old) && pte_pfn(old).n != pte_pfn(new).n);
	recorder->old = old;
	recorder->new = new;
	fake_note("change:%llu", page_of(hva));
}

static void on_before_upgrade(struct mmu_notifier *notifier, hva_t hva,
			      pte_t old)
{
	struct recorder *recorder = recorder_of(notifier);
	pte_t *ptep = hpt_walk(recorder->mm, hva);

	assert_true(spin_is_locked(hpt_lock(ptep)));
	assert_true(pte_same(pte_read(ptep), old));
	assert_false(pte_writable(old));
	fake_note("before:%llu", page_of(hva));
}

static void on_upgrade(struct mmu_notifier *notifier, hva_t hva, pte_t new)
{
	struct recorder *recorder = recorder_of(notifier);
	pte_t *ptep = hpt_walk(recorder->mm, hva);

	assert_true(spin_is_locked(hpt_lock(ptep)));
	assert_true(pte_writable(pte_read(ptep)));
	assert_true(pte_writable(new));
	recorder->new = new;
	fake_note("upgrade:%llu", page_of(hva));
}

static void on_upgrade_done(struct mmu_notifier *notifier,
			    struct hva_range range)
{
	(void)notifier;
	note_range("done", range);
}

/* It postpones nothing, but wants to hear what postponers do. */
static bool on_complete(struct mmu_notifier *notifier, enum mmu_need need)
{
	(void)notifier;
	(void)need;
	return false;
}

static const struct mmu_notifier_ops recorder_ops = {
	.start = on_start,
	.end = on_end,
	.protect_start = on_protect_start,
	.protect_end = on_protect_end,
	.cleared = on_cleared,
	.change_pte = on_change_pte,
	.before_upgrade = on_before_upgrade,
	.upgrade = on_upgrade,
	.upgrade_done = on_upgrade_done,
	.complete = on_complete,
};

void recorder_add(struct recorder *recorder, struct mm *to)
{
	recorder->notifier = (struct mmu_notifier){
		.ops = &recorder_ops, .follows_upgrades = true,
		.postpones = true,
	};
	recorder->mm = to;
	mmu_notifier_register(to, &recorder->notifier);
}

void recorder_remove(struct recorder *recorder)
{
	mmu_notifier_unregister(recorder->mm, &recorder->notifier);
}

u32 fail_each_allocation(int (*fn)(void *arg), void (*undo)(void *arg),
			 void *arg)
{
	u64 before;
	u32 n;

	for (n = 1; ; n++) {
		before = frame_free_count();
		frame_fail_at(n);
		if (!fn(arg))
			break;
		if (undo)
			undo(arg);
		assert_int_equal(frame_free_count(), before);
		assert_true(n < 1000);
	}
	frame_fail_at(0);
	return n - 1;
}
