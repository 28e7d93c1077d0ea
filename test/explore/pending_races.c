/*
 * Flushes that are left for later, raced: a merge whose flush waits, and who
 * must not meet that, in every interleaving with two preemptions, under the
 * policies that leave some. Then listeners that forget one of the hazards, and
 * are seen to.
 */
#include "test/explore/race.h"

#include "ept/ept.h"
#include "ept/walk.h"
#include "lab/check/check.h"
#include "lib/rule.h"
#include "mm/hpt.h"
#include "mm/ksm.h"
#include "mm/merge.h"
#include "test/explore/guest_fault.h"
#include "test/fake/fake.h"

#define PAGES		2
#define DATA_GFN	0x200ull
#define ALIAS_GFN	0x10000ull

static struct ept vm;
static struct vcpu_tlb vcpu;		/* on CPU 1 */
static struct mmu_notifier_ops mutant_ops;
static struct mm *child;
static struct frame *held[2];
static bool published;

struct variant {
	const char *policy;
	/* A mutant's, which finds something; NULL: those of ept/. */
	void (*before_upgrade)(struct mmu_notifier *notifier, hva_t hva,
			       pte_t old);
	bool (*complete)(struct mmu_notifier *notifier, enum mmu_need need);
};

static const struct variant *variant(void)
{
	return race->variant;
}

static void expect(bool holds, const char *what)
{
	if (!holds)
		explore_found(FOUND_OUTCOME, "wrong: %s", what);
}

/* --- What each side does. Pages 0 and 1 hold 1, before. */

static gpa_t gpa_of(u64 page, u32 word)
{
	gpa_t gpa = gfn_to_gpa((gfn_t){ DATA_GFN + page });

	return (gpa_t){ gpa.v + word * sizeof(u64) };
}

static u64 guest_read(u64 page)
{
	u64 value = ~0ull;

	race_expect(!fake_guest_read(&vcpu, gpa_of(page, 0), &value),
		    "the guest cannot read");
	return value;
}

static void guest_write(u64 page, u32 word, u64 value)
{
	race_expect(!fake_guest_write(&vcpu, gpa_of(page, word), value),
		    "the guest cannot write");
}

/* As a pass that goes on; then nobody but the mappings holds the frames. */
static void merge(void)
{
	if (!merge_wrprotect(mm, page_hva(1), held[1]))
		(void)!merge_page_in_pass(mm, page_hva(0), held[0], held[1]);
	frame_put(held[0]);
	frame_put(held[1]);
}

/* DEFER-UPGRADE: page 0 becomes the only user of new, and is written. */
static void merge_and_take_over(void)
{
	merge();
	mm_discard(mm, pages(1, 1));
	write_word(0, 0, 2);
	store_release(&published, true);
}

static void guest_reads(void)
{
	bool was_new = false;
	u32 i;

	for (i = 0; i < 3; i++) {
		bool must_be_new = load_acquire(&published) || was_new;
		u64 value = guest_read(0);

		expect(value == 2 || (value == 1 && !must_be_new),
		       "the guest read what is gone");
		was_new = value == 2;
	}
	fake_guest_leave();
}

/* TAKEOVER: what the child writes into old is never the guest's. */
static void merge_and_child_writes(void)
{
	merge();
	mm_switch(child);
	write_word(0, 0, 2);
	mm_switch(mm);
}

/* FREE: nor is what becomes of old when nobody maps it any more. */
static void merge_and_child_exits(void)
{
	struct frame *frame;

	merge();
	mm_put(child);
	child = NULL;
	frame = frame_alloc();
	if (frame)
		frame_put(frame);
}

static void guest_reads_1(void)
{
	u32 i;

	for (i = 0; i < 3; i++)
		expect(guest_read(0) == 1, "the guest read another's");
	fake_guest_leave();
}

/* The scanner's second pass, which the first one was preparing. */
static void scan(void)
{
	ksm_begin_pass();
	while (ksm_scan_next())
		;
}

static void guest_writes(void)
{
	guest_write(0, 1, 7);
	expect(guest_read(1) == 1, "the guest read another's");
	guest_write(0, 2, 8);
	fake_guest_leave();
}

static void other_host_writes(void)
{
	mm_switch(mm);
	write_word(0, 3, 9);
	mm_switch(NULL);
}

/* --- Beginning and end. */

static int on_guest_fault(gpa_t gpa, u32 access)
{
	return explore_guest_fault(&vm, gpa, access);
}

/* A mutant breaks rules, which is heard; here it must be seen. */
static void make_vm(void)
{
	struct memslot slot = { { DATA_GFN }, PAGES, page_hva(0) };

	race_expect(!ept_init(&vm, mm, policy_find(variant()->policy),
			      spte_format(HVM_EPT, true)) &&
		    !ept_add_slot(&vm, slot), "no secondary MMU");
	slot.gfn.n = ALIAS_GFN;
	race_expect(!ept_add_slot(&vm, slot), "no second memslot");
	ept_add_vcpu(&vm, &vcpu);
	fake_guest_fault = on_guest_fault;
	if (race->finds) {
		rules_off();
		mutant_ops = ept_notifier_ops;
		if (variant()->before_upgrade)
			mutant_ops.before_upgrade = variant()->before_upgrade;
		if (variant()->complete)
			mutant_ops.complete = variant()->complete;
		vm.notifier.ops = &mutant_ops;
	} else {
		check_start();
		check_watch(&vm);
	}
}

/* The guest has used page 0 before. */
static void guest_uses(enum mm_access how)
{
	u32 self = fake_cpu(1);

	if (how == MM_WRITE)
		guest_write(0, 0, 1);
	(void)guest_read(0);
	fake_guest_leave();
	fake_cpu(self);
}

static void build_pages(void)
{
	race_build(3);
	make_vm();
	write_word(0, 0, 1);
	write_word(1, 0, 1);
}

static void hold_frames(void)
{
	u32 i;

	for (i = 0; i < array_count(held); i++) {
		held[i] = frame_of(i);
		frame_get(held[i]);
	}
}

static void build_merge(void)
{
	build_pages();
	hold_frames();
	guest_uses(MM_READ);
}

static void build_merge_of_shared(void)
{
	build_pages();
	hold_frames();
	child = mm_fork(mm);
	race_expect(child, "no memory for the child");
	guest_uses(MM_READ);
}

static void build_scan(void)
{
	build_pages();
	race_expect(!ksm_add(mm, pages(0, PAGES)),
		    "no memory for the scanner");
	guest_uses(MM_WRITE);
	scan();
	guest_uses(MM_READ);
}

static void watch(void)
{
	char text[120];

	if (race->finds || !check_total())
		return;
	check_format(check_report(0), text, sizeof(text));
	explore_found(FOUND_VIOLATION, "violation %s", text);
}

static bool leaf_agrees(u64 gfn, pte_t p)
{
	spte_t *sptep = ept_walk(&vm, (gfn_t){ gfn });
	spte_t s = sptep ? spte_read(sptep) : (spte_t){ 0 };

	if (!spte_present(vm.format, s))
		return true;
	return pte_present(p) && spte_pfn(s).n == pte_pfn(p).n &&
	       (pte_writable(p) || !spte_writable(vm.format, s));
}

/* INV-SUBSET and O16: each S maps the frame of its P, at most with its right. */
static void expect_agreement(void)
{
	u64 page;

	for (page = 0; page < PAGES; page++) {
		pte_t *ptep = hpt_walk(mm, page_hva(page));
		pte_t p = ptep ? pte_read(ptep) : pte_none();

		expect(leaf_agrees(DATA_GFN + page, p) &&
		       leaf_agrees(ALIAS_GFN + page, p), "S is not P's");
	}
	expect(!vm.inprog, "a change is still in progress");
}

static void judge(void)
{
	ksm_exit();
	if (child)
		mm_put(child);
	if (!race->finds) {
		expect_agreement();
		watch();
		check_stop();
	}
	ept_destroy(&vm);
	race_end();
	expect(race->finds || fake_counters_agree(), "counters");
}

static void no_write_is_lost(void)
{
	expect(read_word(0, 0) == 1 && read_word(0, 1) == 7 &&
	       read_word(0, 2) == 8 && read_word(1, 0) == 1 &&
	       read_word(1, 1) == 0 && read_word(1, 3) == 0,
	       "a write is lost");
	judge();
}

static void all_three_wrote(void)
{
	expect(read_word(0, 3) == 9, "the other host's write is lost");
	no_write_is_lost();
}

/* --- Mutants: the listener of ept/, which forgets one hazard. */

static void upgrade_unawares(struct mmu_notifier *notifier, hva_t hva,
			     pte_t old)
{
	(void)notifier, (void)hva, (void)old;
}

/* Lets its frames go, and does not flush. */
static bool let_go(struct mmu_notifier *notifier, enum mmu_need need)
{
	(void)notifier, (void)need;
	spin_lock(&vm.lock);
	ept_pending_served(&vm);
	spin_unlock(&vm.lock);
	return true;
}

/* O5: T4 is not complete when pages are compared, or copied. */
static bool content_is_settled(struct mmu_notifier *notifier,
			       enum mmu_need need)
{
	return need != NEED_CONTENT &&
	       ept_notifier_ops.complete(notifier, need);
}

/* --- The rows. */

/* @...: the fields of its variant. */
#define ROW(text, begin, cpu0, cpu1, cpu2, end, bound, what, ...)	\
	{ .name = text, .build = begin, .cpus = { cpu0, cpu1, cpu2 },	\
	  .watch = watch, .judge = end, .preemptions = bound,		\
	  .finds = what, .variant = &(const struct variant){ __VA_ARGS__ } }

#define T2_OF_NEW(text, ...)						\
	ROW("T2 of new, " text, build_merge, merge_and_take_over,	\
	    guest_reads, NULL, judge, 2, __VA_ARGS__)
#define T2_OF_OLD(text, ...)						\
	ROW("T2 of old, " text, build_merge_of_shared,			\
	    merge_and_child_writes, guest_reads_1, NULL, judge, 2, __VA_ARGS__)
#define OLD_IS_FREED(text, ...)						\
	ROW("old is freed, " text, build_merge_of_shared,		\
	    merge_and_child_exits, guest_reads_1, NULL, judge, 2, __VA_ARGS__)
#define SCAN(text, ...)							\
	ROW("scan, " text, build_scan, scan, guest_writes, NULL,	\
	    no_write_is_lost, 2, __VA_ARGS__)
#define TWO_WRITERS(text, ...)						\
	ROW("scan, two writers, " text, build_scan, scan, guest_writes,	\
	    other_host_writes, all_three_wrote, 1, __VA_ARGS__)

#define EACH(name)							\
	T2_OF_NEW(name, NULL, .policy = name),				\
	T2_OF_OLD(name, NULL, .policy = name),				\
	OLD_IS_FREED(name, NULL, .policy = name),			\
	SCAN(name, NULL, .policy = name),				\
	TWO_WRITERS(name, NULL, .policy = name)

static const struct race races[] = {
	EACH("batch"),
	EACH("defer"),
	EACH("change-pte"),
	T2_OF_NEW("upgrade without before", "wrong", .policy = "defer",
		  .before_upgrade = upgrade_unawares),
	T2_OF_OLD("quarantine without flush, defer", "wrong", .policy = "defer",
		  .complete = let_go),
	T2_OF_OLD("quarantine without flush, batch", "wrong", .policy = "batch",
		  .complete = let_go),
	SCAN("stage without flush", "wrong", .policy = "batch",
	     .complete = content_is_settled),
};

int main(void)
{
	return race_main(races, array_count(races));
}
