/*
 * Guest faults: F1 to F5 of docs/contract.md.
 */
#ifndef EPT_FAULT_H
#define EPT_FAULT_H

#include "arch/x86/counter.h"
#include "lib/types.h"

struct ept;

enum ept_fault_result {
	EPT_FAULT_FIXED,	/* S was installed, or gained the right */
	EPT_FAULT_SPURIOUS,	/* S allowed the access already */
	EPT_FAULT_RETRY,	/* P is changing: let the guest try again */
	EPT_FAULT_MMIO,		/* no memslot there */
	EPT_FAULT_ERROR,	/* the host denies it, or has no memory */
};

/* A guest fault at @gpa, F1 to F5. No lock held, OUTSIDE, interrupts on. */
enum ept_fault_result ept_fault(struct ept *ept, gpa_t gpa, u32 access);

/* Guest faults, and those that found S right already. */
extern struct counter count_pf_taken, count_pf_spurious;

/* A bound that the hardware at hand may not show: spurious guest faults on
 * read-only translations that outlive a right added without a flush. */
extern struct counter count_pf_spurious_max;

#endif
