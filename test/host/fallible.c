/*
 * Each call that may fail fails once: in each operation, under each policy, the
 * n-th call of each row of fallible.h, for n = 1, 2, ... until there is none.
 * The operation then ends in an error that its header names, or has done its
 * work all the same; nothing is held, lost or counted wrongly, each page is as
 * before or as after, the checker has heard nothing; and the operation, tried
 * again, succeeds.
 */
#include "test/host/vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arch/x86/page.h"
#include "lib/scan.h"
#include "mm/gup.h"
#include "mm/habits.h"
#include "mm/ksm.h"
#include "test/host/fallible.h"
#include "vmm/vm.h"

/* --- The calls, which the linker leads here (--wrap, build.mk). */

struct answer {
	u64 is_failure, value;		/* in rax and rdx */
};

struct answer fallible_answer(const void *call);

/*
 * __wrap_NAME(): asks, with all arguments kept, and returns the value or goes
 * on to the function itself.
 */
#define WRAP(name, value)						\
	__asm__(".ifndef __wrap_" #name "\n"				\
		".globl __wrap_" #name "\n"				\
		"__wrap_" #name ":\n"					\
		"push %rdi; push %rsi; push %rdx; push %rcx\n"		\
		"push %r8; push %r9; sub $8, %rsp\n"			\
		"lea __wrap_" #name "(%rip), %rdi\n"			\
		"call fallible_answer\n"				\
		"mov %rax, %r11; mov %rdx, %rax\n"			\
		"add $8, %rsp; pop %r9; pop %r8\n"			\
		"pop %rcx; pop %rdx; pop %rsi; pop %rdi\n"		\
		"test %r11, %r11; jz __real_" #name "\n"		\
		"ret\n"							\
		".endif");
FALLIBLE_CALLS(WRAP)

#define DECLARE(name, value) extern const char __wrap_##name[];
FALLIBLE_CALLS(DECLARE)

#define ENTRY(name, value) { #name, __wrap_##name, (u64)(value) },
static const struct row {
	const char *name;
	const void *call;
	u64 value;
} rows[] = {
	FALLIBLE_CALLS(ENTRY)
	{ "change_n3_check", change_n3_check, (u64)-EBUSY },
};

static bool row_has_failed[array_count(rows)];

/* What fails now, and what was called. */
static struct {
	bool counts;			/* an operation is under way */
	const struct row *row;		/* NULL: nothing fails */
	u32 at;				/* this call of it */
	bool failed;
	u32 calls[array_count(rows)];
} now;

struct answer fallible_answer(const void *call)
{
	struct answer answer = { 0 };
	u32 i;

	if (!now.counts)
		return answer;
	for (i = 0; i < array_count(rows); i++) {
		if (rows[i].call != call)
			continue;
		now.calls[i]++;
		if (&rows[i] != now.row || now.calls[i] != now.at)
			continue;
		now.failed = row_has_failed[i] = true;
		answer = (struct answer){ true, rows[i].value };
	}
	return answer;
}

/* N3 finds one reference more than it should. */
static int n3_finds_pin(struct change *c)
{
	if (c->known_references != ANY_REFERENCES &&
	    fallible_answer(change_n3_check).is_failure)
		c->known_references--;
	return change_n3_check(c);
}

/* The orders as they are; from here each step is a call. */
static const struct change_order steps_of_change = {
	.steps = {
		{ change_n1_recheck, STEP_N1 },
		{ change_n2_clear, STEP_N2 },
		{ n3_finds_pin, STEP_N3 },
		{ change_n4_secondary, STEP_N4 },
		{ change_n5_primary, STEP_N5 },
	},
	.give_up = change_give_up,
};
static const struct merge_order steps_of_merge = {
	{ merge_step_wrprotect, merge_step_compare, merge_step_replace },
};
static const struct habits habits = {
	&steps_of_change, &steps_of_merge, &first_touch_right, &takeover_right,
	&sharing_right,
};

/* --- The operations. */

#define PAGES	8
#define SCANNED	64		/* more than one frame of the scanner's */

static struct mm *child;
static struct gup pin;		/* of page 0; no frame: none */
static struct frame *first_frame;	/* of page 0 at the start, or NULL */
static struct vm machine;

static int guest(enum mm_access access, u64 page)
{
	u32 self = fake_cpu(1);
	u64 value = 77;
	int err = access == MM_WRITE ?
		fake_guest_write(&vcpus[0], page_gpa(page), value) :
		fake_guest_read(&vcpus[0], page_gpa(page), &value);

	fake_guest_leave();
	fake_cpu(self);
	return err;
}

static void nothing(void)
{
}

/* Host and guest have all pages; page 7 is of zeroes. */
static void fill(void)
{
	u64 page;

	for (page = 0; page < PAGES - 1; page++)
		guest_write_page(page, 100 + page / 4);
	guest_read_page(PAGES - 1);
}

static void fill_and_fork(void)
{
	fill();
	child = mm_fork(mm);
	assert_non_null(child);
	guest_read_page(0);
}

static void fill_and_survive(void)
{
	fill_and_fork();
	mm_put(child);
	child = NULL;
}

static void fill_and_pin(void)
{
	fill();
	assert_int_equal(gup_pin(mm, page_hva(0), &pin), 0);
}

/* The tables of the secondary have gone (T13). */
static void fill_and_discard(void)
{
	fill();
	mm_discard(mm, pages(0, AREA_PAGES));
}

static void fill_and_protect(void)
{
	fill_and_fork();
	assert_int_equal(mm_protect_ro(mm, pages(0, AREA_PAGES)), 0);
	guest_read_page(1);
}

static int host_read(void)
{
	u64 value;

	return fake_read(page_hva(0), &value);
}

static int host_write(void)
{
	return fake_write(page_hva(0), 77);
}

static int host_write_zeroes(void)
{
	return fake_write(page_hva(PAGES - 1), 77);
}

static int guest_read(void)
{
	return guest(MM_READ, 0);
}

static int guest_write(void)
{
	return guest(MM_WRITE, 0);
}

static int fork_child(void)
{
	child = mm_fork(mm);
	return child ? 0 : -ENOMEM;
}

static int discard(void)
{
	mm_discard(mm, pages(0, PAGES));
	return 0;
}

/* With a reference to the frame of @page in @which. */
static int with_frame(struct mm *which, u64 page,
		      int (*fn)(struct frame *frame))
{
	struct frame *frame = frame_of(which, page);
	int err;

	frame_get(frame);
	err = fn(frame);
	frame_put(frame);
	return err;
}

static int protect_frame(struct frame *frame)
{
	return merge_wrprotect(mm, page_hva(0), frame);
}

/* Page 1 to the frame of page 0, which is equal. */
static struct frame *shared;

static int merge_frame(struct frame *frame)
{
	return frame == shared ? 0 :
		merge_page(mm, page_hva(1), frame, shared);
}

static int merge_into(struct frame *frame)
{
	int err = protect_frame(frame);

	shared = frame;
	return err ? err : with_frame(mm, 1, merge_frame);
}

/* One of two may have moved before: the other one is what is left. */
static int migrate(void)
{
	return with_frame(frame_of(mm, 0) == first_frame ? mm : child, 0,
			  mm_migrate);
}

static bool has_moved(void)
{
	return frame_of(mm, 0) != first_frame &&
	       (!child || frame_of(child, 0) != first_frame);
}

static int protect_page(void)
{
	return with_frame(mm, 0, protect_frame);
}

static int merge(void)
{
	return with_frame(mm, 0, merge_into);
}

static int get_page(void)
{
	struct gup gup;
	int err = gup_page(mm, page_hva(0), MM_READ, &gup);

	if (!err)
		frame_put(gup.frame);
	return err;
}

static bool is_merged(void)
{
	return frame_of(mm, 0) == frame_of(mm, 3) &&
	       frame_of(mm, 4) == frame_of(mm, 6);
}

/* A merge that is given up is the next pass' to try: no error says so. */
static int scan(void)
{
	int err = ksm_add(mm, pages(0, SCANNED)), pass;

	for (pass = 0; pass < 3 && !err; pass++) {
		ksm_begin_pass();
		while (ksm_scan_next())
			;
	}
	ksm_exit();
	return err ? err : is_merged() ? 0 : -EAGAIN;
}

static int protect_ro(void)
{
	return mm_protect_ro(mm, pages(0, AREA_PAGES));
}

static int protect_rw(void)
{
	return mm_protect_rw(mm, pages(0, AREA_PAGES));
}

static int pin_page(void)
{
	int err = gup_pin(mm, page_hva(0), &pin);

	if (err)
		pin.frame = NULL;
	return err;
}

static int map(void)
{
	return mm_mmap(mm, pages(2 * AREA_PAGES, PAGES), VMA_WRITE);
}

static int add_slot(void)
{
	return ept_add_slot(&vm, (struct memslot){ { 1ull << 20 }, AREA_PAGES,
						   page_hva(0) });
}

static int create_vm(void)
{
	const struct vm_config config = {
		.page_count = AREA_PAGES, .vcpu_count = 1,
		.policy = vm.policy, .alias = true,
	};
	u32 self = fake_cpu(1);
	int err;

	fake_guest_leave();		/* the new vCPU is born there */
	fake_cpu(self);
	err = vm_create(&machine, &config);
	mm_switch(mm);
	return err;
}

static bool page_is_readonly(void)
{
	return !pte_writable(entry_of(mm, 0));
}

static bool area_is_readonly(void)
{
	return page_is_readonly() &&
	       !(vma_find(mm, page_hva(0))->flags & VMA_WRITE);
}

static bool area_is_writable(void)
{
	return vma_find(mm, page_hva(0))->flags & VMA_WRITE;
}

static bool page_is_there(void)
{
	return pte_present(entry_of(mm, 0));
}

static bool is_pinned(void)
{
	return frame_of(mm, 0) == pin.frame && frame_is_pinned(pin.frame);
}

static bool child_is_there(void)
{
	return child != NULL;
}

static bool two_share(void)
{
	return frame_of(mm, 0) == frame_of(mm, 1);
}

static bool is_mapped(void)
{
	return vma_find(mm, page_hva(2 * AREA_PAGES)) != NULL;
}

static bool slot_is_there(void)
{
	return ept_walk(&vm, (gfn_t){ 1ull << 20 }) &&
	       ept_walk(&vm, (gfn_t){ (1ull << 20) + AREA_PAGES - 1 }) &&
	       memslot_find(&vm.slots, (gfn_t){ 1ull << 20 });
}

/* Calls after which somebody has to try again. */
static bool is_retry(const struct row *row)
{
	return row && (!strcmp(row->name, "mm_fault") ||
		       !strcmp(row->name, "hpt_walk_alloc"));
}

static bool vm_is_there(void)
{
	u64 present = 0, count = 0, at = GUEST_CONTROL_GPA;

	if (!machine.mm || machine.vcpu_count != 1 ||
	    machine.mm->vma_count != 2 || machine.ept.slots.count != 3)
		return false;
	for (; at < machine.control_end; at += PAGE_SIZE) {
		pte_t *ptep = hpt_walk(machine.mm,
				       (hva_t){ CONTROL_HVA + at });

		present += ptep && pte_writable(pte_read(ptep));
		count++;
	}
	/* load_guest() would find out, and touch it by itself. */
	return present + is_retry(now.row) >= count;
}

static const struct operation {
	const char *name;
	void (*before)(void);
	int (*perform)(void);
	bool (*is_done)(void);	/* besides what the pages are */
	int errors[4];		/* that it may end in */
} operations[] = {
	{ "read", nothing, host_read, page_is_there, { -EFAULT, -ENOMEM } },
	{ "write", nothing, host_write, NULL, { -EFAULT, -ENOMEM } },
	{ "write, zeroes", fill, host_write_zeroes, NULL,
	  { -EFAULT, -ENOMEM } },
	{ "write, shared", fill_and_fork, host_write, NULL,
	  { -EFAULT, -ENOMEM } },
	{ "write, last sharer", fill_and_survive, host_write, NULL,
	  { -EFAULT, -ENOMEM } },
	{ "guest read", nothing, guest_read, NULL, { -EFAULT } },
	{ "guest write", nothing, guest_write, NULL, { -EFAULT } },
	{ "guest write, shared", fill_and_fork, guest_write, NULL,
	  { -EFAULT } },
	{ "guest write, last sharer", fill_and_survive, guest_write, NULL,
	  { -EFAULT } },
	{ "guest read, no table", fill_and_discard, guest_read, NULL,
	  { -EFAULT } },
	{ "guest write, no table", fill_and_discard, guest_write, NULL,
	  { -EFAULT } },
	{ "fork", fill, fork_child, child_is_there, { -ENOMEM } },
	{ "fork, pinned", fill_and_pin, fork_child, child_is_there,
	  { -ENOMEM } },
	{ "discard", fill, discard, NULL, { 0 } },
	{ "discard, shared", fill_and_fork, discard, NULL, { 0 } },
	{ "migrate", fill, migrate, has_moved, { -EAGAIN, -EBUSY, -ENOMEM } },
	{ "migrate, shared", fill_and_fork, migrate, has_moved,
	  { -EAGAIN, -EBUSY, -ENOMEM } },
	{ "merge, first step", fill, protect_page, page_is_readonly,
	  { -EAGAIN, -EBUSY } },
	{ "merge", fill, merge, two_share, { -EAGAIN, -EBUSY } },
	{ "merge, shared", fill_and_fork, merge, two_share,
	  { -EAGAIN, -EBUSY } },
	{ "scan", fill, scan, is_merged, { -EAGAIN, -ENOMEM, -EINVAL } },
	{ "protect", fill, protect_ro, area_is_readonly, { -EINVAL } },
	{ "give back", fill_and_protect, protect_rw, area_is_writable,
	  { -EINVAL } },
	{ "get", nothing, get_page, page_is_there,
	  { -EFAULT, -ENOMEM, -EAGAIN } },
	{ "pin", fill_and_fork, pin_page, is_pinned,
	  { -EFAULT, -ENOMEM, -EAGAIN } },
	{ "map", fill, map, is_mapped, { -EINVAL } },
	{ "add a slot", fill, add_slot, slot_is_there, { -EINVAL, -ENOMEM } },
	/* -EFAULT: in here alone somebody takes its area away again. */
	{ "create a VM", fill, create_vm, vm_is_there,
	  { -EINVAL, -ENOMEM, -ENODEV, -EFAULT } },
};

/* Its caller has a user of the mm, and ept_init() panics without one. */
static bool cannot_fail(const struct operation *operation,
			const struct row *row)
{
	return operation->perform == create_vm &&
	       !strcmp(row->name, "mm_tryget");
}

/* --- What is looked at. */

static char doing[160];		/* empty: nothing; a test ended in it */

#define wrong(...) do {							\
	print_error("%s: ", doing);					\
	fail_msg(__VA_ARGS__);						\
} while (0)

static struct mm *space(u32 i)
{
	return i ? child : mm;
}

struct content {
	u64 digests[2][PAGES];
};

/* Of each page; who has none reads zeroes. */
static struct content content_now(void)
{
	static const u64 zeroes[PAGE_WORDS];
	struct content content;
	u32 i, page;

	for (i = 0; i < 2; i++) {
		for (page = 0; page < PAGES; page++) {
			pte_t *ptep = space(i) ?
				hpt_walk(space(i), page_hva(page)) : NULL;
			bool is = ptep && pte_present(pte_read(ptep));

			content.digests[i][page] = page_digest(is ?
				frame_ptr(pfn_frame(pte_pfn(*ptep))) : zeroes);
		}
	}
	return content;
}

static void look_at_content(const struct content *before,
			    const struct content *after)
{
	struct content found = content_now();
	u32 i, page;

	for (i = 0; i < 2; i++)
		for (page = 0; page < PAGES && space(i); page++)
			if (found.digests[i][page] !=
			    after->digests[i][page] &&
			    (!before || found.digests[i][page] !=
					before->digests[i][page]))
				wrong("space %u, page %u has another content",
				      i, page);
}

static bool rwlock_is_held(rwlock_t *lock)
{
	return lock->readers || spin_is_locked(&lock->writer);
}

/* A static one that is held is met when the operation is tried again. */
static void look_at_locks(void)
{
	u64 pfn;
	u32 i;

	for (i = 0; i < 2; i++)
		if (space(i) && (rwlock_is_held(&space(i)->mmap_lock) ||
				 spin_is_locked(&space(i)->table_lock) ||
				 space(i)->unflushed))
			wrong("space %u is locked", i);
	for (pfn = 0; pfn < frame_pfn_end(); pfn++)
		if (spin_is_locked(&frames[pfn].lock))
			wrong("frame %llx is locked", (unsigned long long)pfn);
	if (spin_is_locked(&vm.lock) || vm.inprog || !interrupts_are_on())
		wrong("the VM is locked, or an invalidation goes on");
}

static u32 mapped[FAKE_RAM_END >> PAGE_SHIFT];

static void count_mappings(void)
{
	u32 i, area;

	memset(mapped, 0, sizeof(mapped));
	for (i = 0; i < 2; i++)
		for (area = 0; space(i) && area < space(i)->vma_count; area++)
			for_each_pte(it, space(i), space(i)->vmas[area].range)
				if (pte_present(pte_read(it.ptep)))
					mapped[pte_pfn(*it.ptep).n]++;
}

/* References that no mapping holds: the owner of zeroes, the pin, a policy. */
static u32 other_references(const struct frame *frame)
{
	return (frame == zero_frame) + (frame == pin.frame) +
	       frame_is_kept(frame) + frame_is_stable(frame);
}

static void look_at_references(void)
{
	u64 pfn;

	count_mappings();
	for (pfn = 0; pfn < frame_pfn_end(); pfn++) {
		struct frame *frame = &frames[pfn];

		if (frame->mapcount != mapped[pfn] ||
		    (mapped[pfn] && frame_refcount(frame) !=
		     mapped[pfn] + other_references(frame)) ||
		    frame->pins != (frame == pin.frame))
			wrong("frame %llx: %u mappings, counted %u; %u "
			      "references, %u pins", (unsigned long long)pfn,
			      mapped[pfn], frame->mapcount,
			      frame_refcount(frame), frame->pins);
	}
}

static void look(const struct content *before, const struct content *after)
{
	look_at_locks();
	look_at_content(before, after);
	if (!machine.mm)		/* whose pages nobody counts here */
		look_at_references();
	if (!vm_agrees())
		wrong("INV-SUBSET, or S and P map two frames");
	if (check_total())
		wrong("the checker has heard something");
}

static bool may_end_in(const struct operation *operation,
		       const struct row *row, int err)
{
	u32 i;

	if (!strcmp(row->name, "memslot_find") && err == -EINVAL)
		return true;		/* EPT_FAULT_MMIO */
	for (i = 0; i < array_count(operation->errors); i++)
		if (err == operation->errors[i])
			return true;
	return !err;
}

static bool is_done(const struct operation *operation)
{
	return !operation->is_done || operation->is_done();
}

/* --- One run: a machine, the operation, what is left of the machine. */

/* Kicked out by one flush, it is in again when the next change begins. */
static void come_back(enum step step, u64 subject)
{
	(void)subject;
	if (step != STEP_N0 || !now.counts || cpu_id())
		return;
	fake_cpu(1);
	if (!fake_guest_is_in())
		fake_guest_enter(&vcpus[0]);
	fake_cpu(0);
}

static void begin(const struct policy *policy, const struct operation *op)
{
	assert_int_equal(setup(NULL), 0);
	mm->habits = &habits;
	vm_start(policy, AREA_PAGES);
	op->before();
	if (op->before != nothing)
		first_frame = pfn_frame(pte_pfn(entry_of(mm, 0)));
	guest_inside();		/* with what it caches */
	fake_log_off();
	fake_on_step = come_back;
}

static void end(void)
{
	if (machine.mm)
		vm_destroy(&machine);
	mm_switch(mm);
	if (pin.frame)
		gup_unpin(pin.frame);
	pin.frame = NULL;
	vm_stop();
	if (child)
		mm_put(child);
	child = NULL;
	if (teardown(NULL))
		wrong("frames are lost, or counters wrong");
	doing[0] = '\0';
}

static int perform(const struct operation *operation, const struct row *row,
		   u32 at)
{
	int err;

	now.row = row;
	now.at = at;
	now.failed = false;
	memset(now.calls, 0, sizeof(now.calls));
	now.counts = true;
	err = operation->perform();
	now.counts = false;
	return err;
}

/* Nothing fails: what is there after, and in @now.calls what was called. */
static struct content run_through(const struct policy *policy,
				  const struct operation *operation)
{
	struct content after;

	snprintf(doing, sizeof(doing), "%s, %s", policy->name,
		 operation->name);
	begin(policy, operation);
	if (perform(operation, NULL, 0) || !is_done(operation))
		wrong("fails by itself");
	after = content_now();
	look(NULL, &after);
	end();
	return after;
}

/* The @at-th call of @row fails; false: there was none. */
static bool run(const struct policy *policy, const struct operation *operation,
		const struct row *row, u32 at, const struct content *after)
{
	struct content before;
	bool failed;
	int err;

	snprintf(doing, sizeof(doing), "%s, %s, call %u of %s = %lld",
		 policy->name, operation->name, at, row->name,
		 (long long)row->value);
	begin(policy, operation);
	before = content_now();
	err = perform(operation, row, at);
	failed = now.failed;
	if (!may_end_in(operation, row, err))
		wrong("ends in %d", err);
	if (!err && !is_done(operation))
		wrong("a success that is none");
	look(err ? &before : NULL, after);
	if (err && perform(operation, NULL, 0))
		wrong("the second try fails");
	if (!is_done(operation))
		wrong("the second try has done nothing");
	look(NULL, after);
	end();
	return failed;
}

static u32 fail_each(const struct policy *policy,
		     const struct operation *operation)
{
	struct content after = run_through(policy, operation);
	u32 calls[array_count(rows)], failures = 0, i, at;

	memcpy(calls, now.calls, sizeof(calls));
	for (i = 0; i < array_count(rows); i++) {
		if (!calls[i] || cannot_fail(operation, &rows[i]))
			continue;
		for (at = 1; run(policy, operation, &rows[i], at, &after); at++)
			failures++;
	}
	return failures;
}

static void test_policy(void **state)
{
	const struct policy *policy = *state;
	u32 failures = 0, i;

	if (doing[0])
		skip();		/* nobody has cleared up behind it */
	for (i = 0; i < array_count(operations); i++)
		failures += fail_each(policy, &operations[i]);
	print_message("# %s: %u calls have failed\n", policy->name, failures);
}

/* A row that no operation meets shows nothing. */
static void test_all_rows(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		if (!row_has_failed[i])
			fail_msg("%s = %lld is never met", rows[i].name,
				 (long long)rows[i].value);
}

/* --- What vm_create() needs, and no host test has. */

struct hvm_info hvm_info = { "fake", HVM_EPT, true, false };

__asm__(".globl guest_image, guest_image_end\n"
	"guest_image: .quad 0\n"
	"guest_image_end:\n");

int hvm_vcpu_init(struct hvm_vcpu *vcpu, void *page, hpa_t root, u64 rip,
		  u64 rsp, u64 cr3)
{
	(void)root, (void)rip, (void)rsp, (void)cr3;
	vcpu->control = page;
	return 0;
}

void hvm_vcpu_destroy(struct hvm_vcpu *vcpu)
{
	(void)vcpu;
}

void cpu_call(u32 id, cpu_fn fn, void *arg)
{
	u32 self = fake_cpu(id);

	fn(arg);
	fake_cpu(self);
}

/* Where load_guest() writes is memory; nobody reads it. */
static int control_setup(void **state)
{
	void *at = (void *)(CONTROL_HVA + GUEST_CONTROL_GPA);

	if (mmap(at, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
		return -1;
	return group_setup(state);
}

int main(void)
{
	struct CMUnitTest tests[16] = { 0 };
	const char *only = getenv("TANDEM_POLICIES");	/* NULL: all */
	u32 i, count = 0;

	for (i = 0; i < policy_count; i++)
		if (!only || has_word(only, policies[i].name))
			tests[count++] = (struct CMUnitTest){
				.name = policies[i].name,
				.test_func = test_policy,
				.initial_state = (void *)&policies[i],
			};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_all_rows);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("fallible", tests, count,
				       control_setup, NULL);
}
