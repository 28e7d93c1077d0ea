/*
 * The guest writes while the host works on the very same pages: forks, merges
 * and migrates them. No write is lost, and none reaches a page that another
 * address space holds by then; under every policy, with one vCPU and with two.
 *
 * Each page has one writer, and the oracle knows each write from its begin to
 * its end (vmm/hypercall_abi.h). What is read of a page must be as new as what
 * was published before, and may be as new as what has begun by then.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/clock.h"
#include "arch/x86/counter.h"
#include "arch/x86/page.h"
#include "arch/x86/wait.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/gup.h"
#include "mm/ksm.h"
#include "test/boot/guest_vm.h"

#define ROUNDS		12	/* of forks, or of migrations of all pages */
#define SCAN_PASSES	48
#define MANY_COMMANDS	(64 * SCAN_PASSES)
#define CLASS		7

extern struct counter count_ksm_merged, count_ksm_broken;

static struct vm vm;

/* vCPU @i writes the pages from share_start(i) to share_start(i + 1). */
static u32 share_start(u32 i)
{
	return GUEST_VM_PAGES * i / vm.vcpu_count;
}

static void read_published(u64 tags[GUEST_VM_PAGES])
{
	u32 page;

	for (page = 0; page < GUEST_VM_PAGES; page++)
		tags[page] = load_acquire(&vm_oracle(page)->published);
}

static void read_begun(u64 tags[GUEST_VM_PAGES])
{
	u32 page;

	for (page = 0; page < GUEST_VM_PAGES; page++)
		tags[page] = load_acquire(&vm_oracle(page)->begun);
}

/* Let each vCPU write all of its pages @count times more. */
static int wait_for_passes(u64 count)
{
	struct wait wait = wait_start("the guest to go on writing");
	u32 i;

	for (i = 0; i < vm.vcpu_count; i++) {
		struct mailbox *box = vm_mailbox(i);
		u64 end = READ_ONCE(box->passes) + count;

		while (READ_ONCE(box->passes) < end &&
		       cpu_busy(vm.vcpus[i].home))
			wait_spin(&wait);
	}
	wait_end(&wait);
	EXPECT(!READ_ONCE(vm.failed));
	return BOOT_TEST_PASS;
}

/* When nobody writes any more, page by page: what the oracle says. */
static int check_content(void)
{
	u32 page, i;

	for (page = 0; page < GUEST_VM_PAGES; page++) {
		u64 tag = vm_oracle(page)->published;

		EXPECT_EQUAL(vm_oracle(page)->begun, tag);
		for (i = 0; i < PAGE_WORDS; i++)
			EXPECT_EQUAL(READ_ONCE(vm_page(page)[i]), tag);
	}
	return BOOT_TEST_PASS;
}

/* The host sees it, the guest sees it, and no page is another one's. */
static int check_vm(void)
{
	u32 i;

	EXPECT_PASS(check_content());
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_READ, 0), VCPU_DONE);
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE, 0), VCPU_DONE);
	EXPECT_PASS(check_content());
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_READ, 0), VCPU_DONE);
	for (i = 0; i < vm.vcpu_count; i++)
		EXPECT_EQUAL(vm_mailbox(i)->stale_count, 0);
	return BOOT_TEST_PASS;
}

/* --- What the host does meanwhile. */

static u64 seen[GUEST_VM_PAGES][PAGE_WORDS];

struct extent { u64 oldest, newest; };

/* Copy @page of the current address space, then see what the copy has. */
static struct extent look_at(u32 page)
{
	struct extent extent = { ~0ull, 0 };
	u32 i;

	page_copy(seen[page], vm_page(page));
	for (i = 0; i < PAGE_WORDS; i++) {
		u64 word = seen[page][i];

		if (word < extent.oldest)
			extent.oldest = word;
		if (word > extent.newest)
			extent.newest = word;
	}
	return extent;
}

/*
 * A child's page was forked at some moment between @low and @high, and caught
 * in the middle of one write at most.
 */
static int look_at_child(const u64 low[GUEST_VM_PAGES],
			 const u64 high[GUEST_VM_PAGES])
{
	u32 page;

	for (page = 0; page < GUEST_VM_PAGES; page++) {
		struct extent extent = look_at(page);

		EXPECT(extent.oldest >= low[page]);
		EXPECT(extent.newest <= high[page]);
		EXPECT(extent.newest - extent.oldest <= 1);
	}
	return BOOT_TEST_PASS;
}

static int look_again(void)
{
	u32 page;

	for (page = 0; page < GUEST_VM_PAGES; page++)
		EXPECT(page_same(seen[page], vm_page(page)));
	return BOOT_TEST_PASS;
}

/* The host's own view, while the guest writes. */
static int look_at_parent(void)
{
	u64 low[GUEST_VM_PAGES];
	u32 page;

	read_published(low);
	for (page = 0; page < GUEST_VM_PAGES; page++) {
		struct extent extent = look_at(page);

		EXPECT(extent.oldest >= low[page]);
		EXPECT(extent.newest <= load_acquire(&vm_oracle(page)->begun));
	}
	return BOOT_TEST_PASS;
}

static int watch_child(struct mm *child, const u64 low[GUEST_VM_PAGES])
{
	u64 high[GUEST_VM_PAGES];
	int result;

	read_begun(high);
	mm_switch(child);
	result = look_at_child(low, high);
	mm_switch(vm.mm);
	EXPECT_PASS(result);
	EXPECT_PASS(wait_for_passes(1));
	mm_switch(child);
	result = look_again();
	mm_switch(vm.mm);
	EXPECT_PASS(result);
	return look_at_parent();
}

/* The child exits while the guest writes: it takes pages over (T2). */
static int fork_once(void)
{
	u64 low[GUEST_VM_PAGES];
	struct mm *child;
	int result;

	read_published(low);
	child = mm_fork(vm.mm);
	EXPECT(child);
	result = watch_child(child, low);
	mm_put(child);
	return result;
}

static u64 moved;

/* A guest fault may hold a reference: then the page stays where it is. */
static int migrate_all(void)
{
	struct gup gup;
	u32 page;
	int err;

	for (page = 0; page < GUEST_VM_PAGES; page++) {
		hva_t hva = { (u64)vm_page(page) };

		EXPECT_EQUAL(gup_page(vm.mm, hva, MM_READ, &gup), 0);
		err = mm_migrate(gup.frame);
		frame_put(gup.frame);
		EXPECT(!err || err == -EBUSY || err == -EAGAIN);
		moved += !err;
	}
	return look_at_parent();
}

/* --- Writing without a pause. */

static int repeat(int (*work)(void))
{
	struct guest_command command = {
		.op = GUEST_WRITE, .then = GUEST_THEN_AGAIN,
	};
	u32 i;

	for (i = 0; i < vm.vcpu_count; i++) {
		command.first = share_start(i);
		command.count = share_start(i + 1) - command.first;
		guest_vm_post(&vm, i, &command);
	}
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_PASS(wait_for_passes(1));
		EXPECT_PASS(work());
	}
	return BOOT_TEST_PASS;
}

static int fork_and_exit(void)
{
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE, 0), VCPU_DONE);
	return repeat(fork_once);
}

static int migrate(void)
{
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE, 0), VCPU_DONE);
	moved = 0;
	EXPECT_PASS(repeat(migrate_all));
	EXPECT(moved >= ROUNDS);
	return BOOT_TEST_PASS;
}

/* --- Writing now and then, so that pages are equal in between. */

/*
 * A page is merged in the second pass that finds it as it was. So a vCPU
 * writes all of its pages, lets the scanner look at so many that they get
 * merged, writes them again, and then once more about when the scanner merges
 * them: each time at another moment.
 */
#define LOOKS_TO_MERGE	(3 * GUEST_VM_PAGES)

static u32 looks_to_race(u32 n)
{
	return GUEST_VM_PAGES + 1 + n % GUEST_VM_PAGES;
}

static struct feed {
	u32 commands;
	u32 looks, due;		/* of the scanner; when to write again */
} feeds[GUEST_MAX_VCPUS];

/* Between two writes a vCPU reads: it stays inside, with its translations. */
static void feed(u32 i)
{
	struct feed *f = &feeds[i];
	struct guest_command command = {
		.op = GUEST_WRITE_CLASS, .then = GUEST_THEN_READ,
		.first = share_start(i),
		.count = share_start(i + 1) - share_start(i),
		.argument = CLASS,
	};

	if (f->looks++ < f->due || !mailbox_is_completed(i))
		return;
	f->due += f->commands % 2 ? LOOKS_TO_MERGE
				  : looks_to_race(f->commands / 2);
	f->commands++;
	guest_vm_post(&vm, i, &command);
}

/* Commands that the guest has been given: those before have been done. */
static u32 commands(void)
{
	u32 i, sum = 0;

	for (i = 0; i < vm.vcpu_count; i++)
		sum += feeds[i].commands;
	return sum;
}

/*
 * Enough was merged and broken to speak of. Where CPUs are parallel and busy
 * the guest may not get on for a while: so what is judged is not how long it
 * took, nor how many passes, but how often the guest wrote. (One that has
 * stopped prints nothing more, and whoever started the machine ends it.)
 */
static bool enough(u32 pass, u64 merged, u64 broken)
{
	if (commands() >= MANY_COMMANDS)
		return true;
	return pass >= SCAN_PASSES &&
	       counter_sum(&count_ksm_merged) - merged >= SCAN_PASSES &&
	       counter_sum(&count_ksm_broken) - broken >= SCAN_PASSES;
}

static int scan(u64 merged, u64 broken)
{
	u32 pass, i;

	EXPECT_EQUAL(ksm_add(vm.mm, vm_data_range(&vm)), 0);
	for (pass = 0; !enough(pass, merged, broken); pass++) {
		ksm_begin_pass();
		while (ksm_scan_next()) {
			EXPECT(!READ_ONCE(vm.failed));
			for (i = 0; i < vm.vcpu_count; i++)
				feed(i);
		}
	}
	return BOOT_TEST_PASS;
}

static int merge(void)
{
	u64 merged = counter_sum(&count_ksm_merged);
	u64 broken = counter_sum(&count_ksm_broken);
	int result;

	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE_CLASS, CLASS), VCPU_DONE);
	memset(feeds, 0, sizeof(feeds));
	result = scan(merged, broken);
	ksm_exit();
	EXPECT_PASS(result);
	EXPECT(counter_sum(&count_ksm_merged) - merged >= SCAN_PASSES);
	EXPECT(counter_sum(&count_ksm_broken) - broken >= SCAN_PASSES);
	return BOOT_TEST_PASS;
}

/* --- Everything, in all constellations. */

static int with_policy(const struct policy *policy, u32 vcpus,
		       int (*scenario)(void))
{
	enum vcpu_stop stop;
	int result;

	EXPECT_EQUAL(guest_vm_create_vcpus(&vm, policy, vcpus), 0);
	result = scenario();
	stop = guest_vm_halt(&vm);
	if (result == BOOT_TEST_PASS && stop == VCPU_DONE)
		result = check_vm();
	if (result != BOOT_TEST_PASS || stop != VCPU_DONE) {
		printk("# policy %s, %u vCPUs: %s\n", policy->name, vcpus,
		       vm.failed ? vm.message : "the guest is well");
		result = BOOT_TEST_FAIL;
	}
	vm_destroy(&vm);
	return result;
}

static int with_all(int (*scenario)(void))
{
	u64 free_before = frame_free_count();
	u32 i, vcpus;

	if (cpu_count < 2 || !boot_test_wants_any())
		return BOOT_TEST_SKIP;
	for (i = 0; i < policy_count; i++)
		for (vcpus = 1; boot_test_wants(i) && vcpus <= 2 &&
		     vcpus < cpu_count; vcpus++)
			EXPECT_PASS(with_policy(&policies[i], vcpus,
						scenario));
	EXPECT_EQUAL(frame_free_count(), free_before);	/* INV-FREE */
	return BOOT_TEST_PASS;
}

BOOT_TEST(guest_writes_fork)
{
	return with_all(fork_and_exit);
}

BOOT_TEST(guest_writes_merge)
{
	return with_all(merge);
}

BOOT_TEST(guest_writes_migrate)
{
	return with_all(migrate);
}
