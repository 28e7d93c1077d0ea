/*
 * One hva behind two gfns (O16): whatever the host does to a page, both
 * aliases follow, under every policy.
 */
#include "test/boot/boot_test.h"
#include "test/boot/guest_vm.h"

#include "ept/walk.h"
#include "mm/mm.h"

static struct vm vm;

/* Read all pages through slot @gpa; nothing must be stale. */
static int read_through(u64 gpa)
{
	vm_mailbox(0)->data_gpa = gpa;
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_READ, 0), VCPU_DONE);
	EXPECT_EQUAL(vm_mailbox(0)->stale_count, 0);
	return BOOT_TEST_PASS;
}

static int read_through_both(void)
{
	EXPECT_PASS(read_through(GUEST_DATA_GPA));
	return read_through(GUEST_ALIAS_GPA);
}

static void host_write_all(void)
{
	u32 page, i;

	for (page = 0; page < GUEST_VM_PAGES; page++) {
		struct oracle_page *oracle = vm_oracle(page);
		u64 tag = TAG_PAGE(page,
				   TAG_GENERATION(oracle->published) + 1);

		oracle->begun = tag;
		for (i = 0; i < PAGE_WORDS; i++)
			vm_page(page)[i] = tag;
		oracle->published = tag;
	}
}

/* The leaf of page 0 behind @gpa. */
static spte_t leaf(u64 gpa)
{
	return spte_read(ept_walk(&vm.ept, gpa_to_gfn((gpa_t){ gpa })));
}

static int change_behind_both(const struct policy *policy)
{
	const struct spte_format *f = vm.ept.format;
	spte_t one, other;

	EXPECT_PASS(read_through_both());
	one = leaf(GUEST_DATA_GPA);
	EXPECT(spte_present(f, one) && spte_present(f, leaf(GUEST_ALIAS_GPA)));

	host_write_all();
	other = leaf(GUEST_DATA_GPA);
	EXPECT_EQUAL(spte_present(f, other),
		     spte_present(f, leaf(GUEST_ALIAS_GPA)));
	if (policy->change == &changes[CHANGE_REWRITE]) {
		EXPECT(spte_pfn(other).n != spte_pfn(one).n);
		EXPECT_EQUAL(spte_pfn(leaf(GUEST_ALIAS_GPA)).n,
			     spte_pfn(other).n);
		EXPECT(spte_writable(f, leaf(GUEST_ALIAS_GPA)));
	}
	return read_through_both();
}

static int with_policy(const struct policy *policy)
{
	struct mm *child;
	int result;

	EXPECT_EQUAL(guest_vm_create_alias(&vm, policy), 0);
	EXPECT_EQUAL(guest_vm_do(&vm, GUEST_WRITE, 0), VCPU_DONE);
	child = mm_fork(vm.mm);
	result = child ? change_behind_both(policy) : BOOT_TEST_FAIL;
	if (vm.failed)
		boot_test_explain(__FILE__, __LINE__, vm.message);
	if (child)
		mm_put(child);
	vm_destroy(&vm);
	return result;
}

BOOT_TEST(guest_alias)
{
	u64 free_before = frame_free_count();
	u32 i;

	if (!boot_test_wants_any())
		return BOOT_TEST_SKIP;
	for (i = 0; i < policy_count; i++)
		if (boot_test_wants(i))
			EXPECT_PASS(with_policy(&policies[i]));
	EXPECT_EQUAL(frame_free_count(), free_before);	/* INV-FREE */
	return BOOT_TEST_PASS;
}
