#include "test/host/vm.h"

#include "lib/rule.h"

extern struct counter count_remote_tlb_flush_requests, count_remote_tlb_flush;
extern struct counter count_pf_taken, count_pf_refault, count_pf_spurious;
extern struct counter count_pf_retry, count_kicks;

struct ept vm;
struct vcpu_tlb vcpus[2];

static u64 vm_pages;

int vm_fault(gpa_t gpa, u32 access)
{
	switch (ept_fault(&vm, gpa, access)) {
	case EPT_FAULT_FIXED:
	case EPT_FAULT_SPURIOUS:
		return 0;
	case EPT_FAULT_RETRY:
		cpu_pause();	/* the one who changes P has to get on */
		return 0;
	case EPT_FAULT_MMIO:
		return -EINVAL;
	case EPT_FAULT_ERROR:
		break;
	}
	return -EFAULT;
}

const struct policy *policy_named(const char *name)
{
	const struct policy *policy = policy_find(name);

	assert_non_null(policy);
	return policy;
}

void vm_start(const struct policy *policy, u64 page_count)
{
	struct memslot slot = { { DATA_GFN }, page_count, page_hva(0) };

	vm_pages = page_count;
	assert_int_equal(ept_init(&vm, mm, policy,
				  spte_format(HVM_EPT, true)), 0);
	assert_int_equal(ept_add_slot(&vm, slot), 0);
	slot.gfn.n = ALIAS_GFN;
	assert_int_equal(ept_add_slot(&vm, slot), 0);
	ept_add_vcpu(&vm, &vcpus[0]);
	fake_guest_fault = vm_fault;
	check_start();
	check_watch(&vm);
	fake_log_clear();
}

/* Nothing was violated on the way here (test/host/check.c shows that it would
 * have been heard). */
static void check_end(void)
{
	char text[400];

	check_stop();
	if (!check_total() || !rules_are_on())
		return;
	check_format(check_report(0), text, sizeof(text));
	fail_msg("%llu violations: %s", (unsigned long long)check_total(),
		 text);
}

void vm_stop(void)
{
	u32 id;

	for (id = 0; id < cpu_count; id++) {
		u32 self = fake_cpu(id);

		fake_guest_leave();
		fake_cpu(self);
	}
	vm_check();
	check_end();
	ept_destroy(&vm);
}

u64 guest_read_page(u64 page)
{
	u32 self = fake_cpu(1);
	u64 value;
	int err = fake_guest_read(&vcpus[0], page_gpa(page), &value);

	fake_guest_leave();
	fake_cpu(self);
	assert_int_equal(err, 0);
	return value;
}

void guest_write_page(u64 page, u64 value)
{
	u32 self = fake_cpu(1);
	int err = fake_guest_write(&vcpus[0], page_gpa(page), value);

	fake_guest_leave();
	fake_cpu(self);
	assert_int_equal(err, 0);
}

void guest_inside(void)
{
	u32 self = fake_cpu(1);

	fake_guest_enter(&vcpus[0]);
	fake_cpu(self);
	fake_log_clear();
}

static spte_t spte_of(u64 gfn)
{
	spte_t *sptep = ept_walk(&vm, (gfn_t){ gfn });

	return sptep ? spte_read(sptep) : (spte_t){ 0 };
}

spte_t leaf_of(u64 page)
{
	return spte_of(DATA_GFN + page);
}

spte_t alias_of(u64 page)
{
	return spte_of(ALIAS_GFN + page);
}

static bool leaf_agrees(spte_t s, pte_t p)
{
	if (!spte_present(vm.format, s))
		return true;
	return pte_present(p) && spte_pfn(s).n == pte_pfn(p).n &&
	       (pte_writable(p) || !spte_writable(vm.format, s));
}

bool vm_agrees(void)
{
	u64 page;

	for (page = 0; page < vm_pages; page++) {
		pte_t *ptep = hpt_walk(mm, page_hva(page));
		pte_t p = ptep ? pte_read(ptep) : pte_none();

		if (!leaf_agrees(leaf_of(page), p) ||
		    !leaf_agrees(alias_of(page), p))
			return false;
	}
	return !vm.inprog;
}

void vm_check(void)
{
	assert_true(vm_agrees());
}

struct vm_counts vm_counts(void)
{
	return (struct vm_counts){
		.requests = counter_sum(&count_remote_tlb_flush_requests),
		.flushes = counter_sum(&count_remote_tlb_flush),
		.faults = counter_sum(&count_pf_taken),
		.refaults = counter_sum(&count_pf_refault),
		.spurious = counter_sum(&count_pf_spurious),
		.retries = counter_sum(&count_pf_retry),
		.kicks = counter_sum(&count_kicks),
	};
}

struct vm_counts vm_counts_since(struct vm_counts before)
{
	struct vm_counts now = vm_counts();

	return (struct vm_counts){
		.requests = now.requests - before.requests,
		.flushes = now.flushes - before.flushes,
		.faults = now.faults - before.faults,
		.refaults = now.refaults - before.refaults,
		.spurious = now.spurious - before.spurious,
		.retries = now.retries - before.retries,
		.kicks = now.kicks - before.kicks,
	};
}
