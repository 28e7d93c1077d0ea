/*
 * The guest finds what is stale, foreign or going backwards, and finds nothing
 * where nothing is. Staleness is made by hand: the oracle is told of a content
 * that the page never got, so no translation needs to be broken.
 */
#include "test/boot/boot_test.h"
#include "test/boot/guest_vm.h"

static struct vm vm;

static u64 gfn_of(u32 page)
{
	return gpa_to_gfn((gpa_t){ GUEST_DATA_GPA }).n + page;
}

static void fill(u32 page, u64 tag)
{
	u64 *word = vm_page(page);
	u32 i;

	for (i = 0; i < PAGE_WORDS; i++)
		word[i] = tag;
}

/* Reading all pages adds exactly this report, or none if @expected is 0. */
static int read_finds(u32 page, u32 word, u64 expected, u64 found)
{
	struct mailbox *box = vm_mailbox(0);
	u64 before = box->stale_count, reads = box->reads;
	const struct stale_report *report = &box->stale[before];

	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_READ, 0), VCPU_DONE);
	EXPECT_EQUAL(box->reads, reads + GUEST_VM_PAGES);
	EXPECT_EQUAL(box->completed_seq, box->command_seq);
	EXPECT_EQUAL(box->stale_count, before + (expected != 0));
	if (!expected)
		return BOOT_TEST_PASS;
	EXPECT_EQUAL(report->gfn, gfn_of(page));
	EXPECT_EQUAL(report->word, word);
	EXPECT_EQUAL(report->expected, expected);
	EXPECT_EQUAL(report->found, found);
	return BOOT_TEST_PASS;
}

static int finds_nothing(void)
{
	return read_finds(0, 0, 0, 0);
}

static int write_and_read(void)
{
	u32 page;

	EXPECT_PASS(finds_nothing());		/* zero, never written */
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE, 0), VCPU_DONE);
	for (page = 0; page < GUEST_VM_PAGES; page++) {
		u64 tag = TAG_PAGE(page, 1);

		EXPECT_EQUAL(vm_oracle(page)->begun, tag);
		EXPECT_EQUAL(vm_oracle(page)->published, tag);
		EXPECT_EQUAL(vm_page(page)[0], tag);
		EXPECT_EQUAL(vm_page(page)[PAGE_WORDS - 1], tag);
	}
	return finds_nothing();
}

/* Generation 2 was published, and the guest still reads 1. */
static int old_content(void)
{
	u64 old = TAG_PAGE(3, 1), new = TAG_PAGE(3, 2);

	vm_oracle(3)->begun = new;
	EXPECT_PASS(finds_nothing());		/* being written: allowed */
	vm_oracle(3)->published = new;
	EXPECT_PASS(read_finds(3, 0, new, old));
	fill(3, new);
	return finds_nothing();
}

/* One word of another page. */
static int foreign_content(void)
{
	u64 own = TAG_PAGE(5, 1), foreign = TAG_PAGE(6, 1);

	vm_page(5)[100] = foreign;
	EXPECT_PASS(read_finds(5, 100, own, foreign));
	vm_page(5)[100] = own;
	return finds_nothing();
}

/* The guest sees a write that is not published yet, and then not any more. */
static int backwards(void)
{
	u64 old = TAG_PAGE(2, 1), new = TAG_PAGE(2, 2);

	vm_oracle(2)->begun = new;
	fill(2, new);
	EXPECT_PASS(finds_nothing());
	fill(2, old);
	EXPECT_PASS(read_finds(2, 0, new, old));
	fill(2, new);
	vm_oracle(2)->published = new;
	return finds_nothing();
}

static int classes(void)
{
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE_CLASS, 9), VCPU_DONE);
	EXPECT_EQUAL(vm_page(4)[0], TAG_OF_CLASS(9, 2));
	return finds_nothing();
}

static int all_steps(void)
{
	EXPECT_PASS(write_and_read());
	EXPECT_PASS(old_content());
	EXPECT_PASS(foreign_content());
	EXPECT_PASS(backwards());
	return classes();
}

BOOT_TEST(guest_oracle)
{
	int result;

	EXPECT_EQUAL(guest_vm_create(&vm), 0);
	result = all_steps();
	if (vm.failed)
		boot_test_explain(__FILE__, __LINE__, vm.message);
	vm_destroy(&vm);
	return result;
}
