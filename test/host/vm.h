/*
 * A virtual machine for host tests: a secondary MMU over the address space of
 * support.h, and a guest whose accesses go through a TLB that only a flush
 * empties. vCPU n runs on CPU n + 1.
 */
#ifndef TEST_HOST_VM_H
#define TEST_HOST_VM_H

#include "ept/ept.h"
#include "ept/set.h"
#include "ept/table.h"
#include "ept/walk.h"
#include "lab/check/check.h"
#include "test/host/support.h"

extern struct ept vm;
extern struct vcpu_tlb vcpus[2];

#define DATA_GFN	0x200ull	/* stands for page 0 of mm */
#define ALIAS_GFN	0x10000ull	/* stands for page 0 once more */

/* The policy with that name, which there is. */
const struct policy *policy_named(const char *name);

/* One vCPU and @pages of memory under @policy; stop before teardown(). */
void vm_start(const struct policy *policy, u64 page_count);
int vm_fault(gpa_t gpa, u32 access);	/* what vm_start() sets up for it */
void vm_stop(void);

static inline gpa_t page_gpa(u64 page)
{
	return gfn_to_gpa((gfn_t){ DATA_GFN + page });
}

/* Accesses by vCPU 0, to word 0 of @page. It is outside when they return. */
u64 guest_read_page(u64 page);
void guest_write_page(u64 page, u64 value);

/* Let vCPU 0 be inside, from now until it is kicked. */
void guest_inside(void);

/* S of @page, in the data slot or in the alias. */
spte_t leaf_of(u64 page);
spte_t alias_of(u64 page);

/*
 * INV-SUBSET and O16, outside of any step: each S that is present maps the
 * frame of its P, at most with its rights. vm_check() asserts it.
 */
bool vm_agrees(void);
void vm_check(void);

struct vm_counts {
	u64 requests, flushes, faults, refaults, spurious, retries, kicks;
};
struct vm_counts vm_counts(void);
struct vm_counts vm_counts_since(struct vm_counts before);

#endif
