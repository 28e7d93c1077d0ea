/*
 * The checker hears each rule broken, under the rule's own name; and it goes by
 * what a CPU may hold, whatever the hardware at hand would show.
 */
#include "test/host/vm.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "lab/check/tlb_model.h"
#include "lab/mutant/mutant.h"
#include "lib/rule.h"
#include "lib/scan.h"
#include "mm/gup.h"
#include "mm/merge.h"

#define CPU(n)	(1ull << (n))
#define ALL	(~0ull)

static struct tlb_model model;

static void test_model(void **state)
{
	u64 first, second;

	(void)state;
	tlb_model_reset(&model, TLB_STALE);
	first = tlb_model_clock();
	/* Nobody uses the tables: the demand waits for the next use. */
	assert_int_equal(tlb_model_demand(&model, ALL, first), 0);
	assert_false(tlb_model_start_use(&model, 0));
	tlb_model_flush(&model, 1);
	assert_true(tlb_model_start_use(&model, 1));

	second = tlb_model_clock();
	assert_int_equal(tlb_model_demand(&model, ALL, second),
			 CPU(0) | CPU(1));
	assert_int_equal(tlb_model_demand(&model, CPU(1), second), CPU(1));
	/* It leaves, and comes back with what it had. */
	tlb_model_stop_use(&model, 1);
	assert_int_equal(tlb_model_demand(&model, ALL, second), CPU(0));
	assert_false(tlb_model_start_use(&model, 1));
	/* A flush comes first: it has nothing older. */
	tlb_model_stop_use(&model, 1);
	tlb_model_flush(&model, 1);
	assert_true(tlb_model_start_use(&model, 1));
	assert_int_equal(tlb_model_demand(&model, ALL, second), CPU(0));
	/* It uses the tables while it flushes, and goes on. */
	tlb_model_flush(&model, 0);
	assert_int_equal(tlb_model_demand(&model, ALL, second), 0);
	assert_int_equal(tlb_model_demand(&model, ALL, tlb_model_clock()),
			 CPU(0) | CPU(1));
	/* Who comes when it is gone never saw it. */
	tlb_model_stop_use(&model, 0);
	tlb_model_flush(&model, 0);
	second = tlb_model_clock();
	assert_true(tlb_model_start_use(&model, 0));
	assert_int_equal(tlb_model_demand(&model, CPU(0), second), 0);
}

/* --- What the mutants do where they do harm. The guest is inside. */

static struct mm *child;

static void copy(void)
{
	write_page(0, 2);
}

static struct frame *hold_frame(u64 page)
{
	struct gup gup;

	assert_int_equal(gup_page(mm, page_hva(page), MM_READ, &gup), 0);
	return gup.frame;
}

/* T4 is complete: the guest comes back, and holds what T3a changes next. */
static void read_behind_n5(enum step step, u64 subject)
{
	u32 self = cpu_id();
	u64 value;

	(void)subject;
	if (step != STEP_N5 || !spte_present(vm.format, leaf_of(0)))
		return;
	fake_cpu(1);
	assert_int_equal(fake_guest_read(&vcpus[0], page_gpa(0), &value), 0);
	fake_cpu(self);
}

static void merge(void)
{
	struct frame *page = hold_frame(0), *other = hold_frame(1);

	fake_on_step = read_behind_n5;
	if (!merge_wrprotect(mm, page_hva(1), other))
		(void)!merge_page(mm, page_hva(0), page, other);
	fake_on_step = NULL;
	frame_put(page);
	frame_put(other);
}

/* Both pages become writable again, in both MMUs. */
static void unshare(void)
{
	mm_put(child);
	child = NULL;
	write_page(0, 5);
	write_page(1, 5);
}

static void merge_unshared(void)
{
	unshare();
	merge();
}

/* The page's only sharer becomes its owner. */
static void merge_and_take_over(void)
{
	merge();
	mm_switch(child);
	write_page(0, 9);
	mm_switch(mm);
}

static void merge_pinned(void)
{
	struct frame *pin;

	unshare();
	pin = hold_frame(0);
	merge();
	frame_put(pin);
}

static void discard_all(void)
{
	mm_discard(mm, pages(0, TABLE_ENTRIES));
}

/* Another CPU fills page 0 when it is cleared, and the flush is next. */
static void touch_before_flush(struct step_listener *l,
			       const struct step_event *event)
{
	u32 self;

	(void)l;
	if (event->step != STEP_PFLUSH || event->subject != FLUSH_ALL)
		return;
	self = fake_cpu(2);
	mm_switch(mm);
	write_page(0, 7);
	mm_switch(NULL);
	fake_cpu(self);
}

static void discard_and_touch(void)
{
	struct step_listener listener = { .hear = touch_before_flush };

	step_listen(&listener);
	mm_discard(mm, pages(0, 1));
	step_unlisten(&listener);
}

static void fault_behind_r1(enum step step, u64 subject)
{
	if (step != STEP_R1 || subject != page_hva(0).v)
		return;
	fake_on_step = NULL;
	guest_write_page(3, 4);
}

static void fork_with_fault(void)
{
	write_page(3, 3);		/* P is writable, S absent */
	fake_on_step = fault_behind_r1;
	mm_put(child);
	child = mm_fork(mm);
	fake_on_step = NULL;
}

static const struct {
	const char *mutant;
	enum rule rule;
	void (*act)(void);
} rows[] = {
	{ "seq-early",		RULE_O1,	copy },
	{ "seq-none",		RULE_O1,	copy },
	{ "set-first",		RULE_O2,	copy },
	{ "flush-late",		RULE_O2,	copy },
	{ "no-clear",		RULE_O3,	copy },
	{ "merge-unprotected",	RULE_O4,	merge_unshared },
	{ "compare-early",	RULE_O5,	merge_unshared },
	{ "free-early",		RULE_O6,	merge_unshared },
	{ "takeover-early",	RULE_O6,	merge_and_take_over },
	{ "change-creates",	RULE_O7,	copy },
	{ "ignore-inprog",	RULE_O8,	fork_with_fault },
	{ "kick-nowait",	RULE_O12,	copy },
	{ "no-flush",		RULE_O12,	copy },
	{ "table-free-early",	RULE_O15,	discard_all },
	{ "one-alias",		RULE_O16,	copy },
	{ "pin-ignored",	RULE_O17,	merge_pinned },
	{ "restore-lost",	RULE_O17,	merge_pinned },
	{ "touch-early",	RULE_T8,	discard_and_touch },
};

static void kicked_too_late(enum ipi ipi)
{
	(void)ipi;		/* stays inside */
}

enum guest_is { INSIDE, OUTSIDE };

/* Pages 0 and 1 are equal and shared with a child, the guest has read 0 by
 * both its names, and is inside still, or has left. */
static void run(u32 i, const struct mutant *mutant,
		const struct policy *policy, enum guest_is guest)
{
	const gpa_t alias = gfn_to_gpa((gfn_t){ ALIAS_GFN });
	u64 value;

	vm_start(policy, TABLE_ENTRIES);
	fake_log_off();
	if (mutant)
		mutant_arm(mutant, &vm);
	write_page(0, 5);
	write_page(1, 5);
	assert_int_equal(guest_read_page(0), 5);
	guest_write_page(1, 5);
	child = mm_fork(mm);
	if (rows[i].rule != RULE_O7) {
		fake_cpu(1);
		assert_int_equal(fake_guest_read(&vcpus[0], page_gpa(0),
						 &value), 0);
		assert_int_equal(fake_guest_read(&vcpus[0], alias, &value), 0);
		if (guest == OUTSIDE)
			fake_guest_leave();
		fake_cpu(0);
	}
	if (mutant && !strcmp(mutant->name, "kick-nowait"))
		fake_on_interrupt = kicked_too_late;
	rows[i].act();
	fake_on_interrupt = NULL;
}

static void end(void)
{
	u32 self = fake_cpu(1);

	fake_guest_leave();
	fake_cpu(self);
	check_stop();
	mutant_disarm();
	ept_destroy(&vm);
	if (child)
		mm_put(child);
	child = NULL;
}

static void run_mutant(u32 i, enum guest_is guest)
{
	const struct mutant *mutant = mutant_find(rows[i].mutant);
	struct policy policy;

	assert_non_null(mutant);
	policy = mutant_policy(mutant);
	run(i, mutant, &policy, guest);
	if (!check_count(rows[i].rule))
		fail_msg("%s: no %s among %llu violations",
			 mutant->name, rule_names[rows[i].rule],
			 (unsigned long long)check_total());
	assert_string_equal(rule_names[rows[i].rule], mutant->rule);
	end();
	mm_discard(mm, pages(0, AREA_PAGES));
}

static void test_each_mutant(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		run_mutant(i, INSIDE);
	fake_counters_start();
}

/* Who asks for the flush too late is heard with nobody in the guest, too. */
static void test_guest_outside(void **state)
{
	static const char late[] = "flush-late no-flush table-free-early";
	u32 i, heard = 0;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		if (has_word(late, rows[i].mutant)) {
			run_mutant(i, OUTSIDE);
			heard++;
		}
	assert_int_equal(heard, 3);
	fake_counters_start();
}

/* The same without a mutant, under every policy, the guest inside or not; but a
 * fault in an invalidation is refused until that ends, and it never would here. */
static void test_each_policy(void **state)
{
	u32 i, p, guest;

	(void)state;
	for (p = 0; p < policy_count; p++)
		for (i = 0; i < 2 * array_count(rows); i++) {
			guest = i % 2 ? OUTSIDE : INSIDE;
			if (rows[i / 2].act == fork_with_fault)
				continue;
			run(i / 2, NULL, &policies[p], guest);
			assert_int_equal(check_total(), 0);
			end();
			mm_discard(mm, pages(0, AREA_PAGES));
		}
}

/* --- Who writes to the new frame while the guest still reads the old one. */

/* As before the flush of N4. */
static spte_t rewrite_writable(const struct spte_format *f, spte_t old,
			       pte_t new)
{
	(void)old;
	return spte_make(f, new);
}

static const struct leaf_choice writable = {
	{ "writable", "W comes too early" }, rewrite_writable,
};

static void nothing_before(struct mmu_notifier *notifier, hva_t hva, pte_t old)
{
	(void)notifier, (void)hva, (void)old;
}

/* The guest, inside, holds page 0 read-only; page 1 has another frame. */
static void start_inside(const struct policy *policy)
{
	rules_off();
	vm_start(policy, 2);
	fake_log_off();
	write_page(0, 5);
	write_page(1, 5);
	child = mm_fork(mm);
	assert_int_equal(guest_read_page(0), 5);
	guest_inside();
}

static void test_write_in_n4(void **state)
{
	struct policy policy = *policy_find("change-pte");

	(void)state;
	policy.change = &writable;
	start_inside(&policy);
	write_page(0, 6);
	assert_int_equal(check_count(RULE_O2), 1);
	end();
}

/* T2 of a frame whose T3a still waits. */
static void test_upgrade_of_awaited(void **state)
{
	struct mmu_notifier_ops ops = ept_notifier_ops;
	struct policy policy = *policy_find("defer");

	(void)state;
	start_inside(&policy);
	ops.before_upgrade = nothing_before;
	vm.notifier.ops = &ops;
	unshare();
	guest_inside();
	merge();
	mm_discard(mm, pages(1, 1));
	assert_int_equal(check_total(), 0);
	write_page(0, 6);
	assert_true(check_count(RULE_O2));
	end();
}

/* --- A CPU that comes to the address space holds nothing of it. */

static struct arrival {
	pthread_t thread;
	sem_t begun, go;
	bool expected;
} arrival;

static void *come(void *arg)
{
	(void)arg;
	fake_cpu(2);
	mm_switch(mm);
	mm_switch(NULL);
	return NULL;
}

/* A flush is complete: CPU 2 comes now, and is held where it begins to drop
 * what it has. */
static void let_one_come(struct step_listener *l,
			 const struct step_event *event)
{
	(void)l;
	if (event->step == STEP_PDONE && arrival.expected) {
		arrival.expected = false;
		pthread_create(&arrival.thread, NULL, come, NULL);
		sem_wait(&arrival.begun);
	} else if (event->step == STEP_CLEAN && cpu_id() == 2) {
		sem_post(&arrival.begun);
		sem_wait(&arrival.go);
	}
}

static void fork_again(void)
{
	struct mm *other;

	write_page(1, 6);
	arrival.expected = true;
	other = mm_fork(mm);
	mm_put(other);
}

static void discard_and_fill(void)
{
	mm_discard(mm, pages(0, 1));
	write_page(0, 7);
}

static void test_arrival(void **state)
{
	static void (*const acts[])(void) = {
		copy, fork_again, discard_and_fill,
	};
	struct step_listener listener = { .hear = let_one_come };
	u32 i;

	(void)state;
	for (i = 0; i < array_count(acts); i++) {
		start_inside(policy_find("change-pte"));
		cpu_count = 3;
		step_listen(&listener);
		sem_init(&arrival.begun, 0, 0);
		sem_init(&arrival.go, 0, 0);
		arrival.expected = acts[i] != fork_again;
		acts[i]();
		assert_false(arrival.expected);
		sem_post(&arrival.go);
		sem_post(&arrival.go);
		pthread_join(arrival.thread, NULL);
		step_unlisten(&listener);
		assert_int_equal(check_total(), 0);
		cpu_count = 2;
		end();
		mm_discard(mm, pages(0, AREA_PAGES));
	}
}

/*
 * --- Another CPU's change lives on its stack, and may have ended by the time
 * that this one asks for it: what the checker knows of it is its own.
 */

static void test_change_is_gone(void **state)
{
	struct change *change = calloc(1, sizeof(*change));

	(void)state;
	start_inside(policy_find("change-pte"));
	*change = (struct change){ .mm = mm, .hva = page_hva(1) };
	fake_cpu(1);
	step(STEP_N1, change, change->hva.v);
	fake_cpu(0);
	free(change);		/* the address sanitizer watches it */
	mm_discard(mm, pages(0, 1));
	assert_int_equal(check_total(), 0);
	end();
	mm_discard(mm, pages(0, AREA_PAGES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_model),
		TEST(test_each_mutant),
		TEST(test_guest_outside),
		TEST(test_each_policy),
		TEST(test_write_in_n4),
		TEST(test_upgrade_of_awaited),
		TEST(test_arrival),
		TEST(test_change_is_gone),
	};

	return RUN(tests);
}
