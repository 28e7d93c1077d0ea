/*
 * What a guest's fault does in the explorer: as the vCPU's loop does it, but who
 * has to try again lets the others go on first.
 */
#ifndef TEST_EXPLORE_GUEST_FAULT_H
#define TEST_EXPLORE_GUEST_FAULT_H

#include "ept/ept.h"
#include "lib/error.h"
#include "test/explore/engine.h"

/* 0: the access is tried again. For fake_guest_fault. */
static inline int explore_guest_fault(struct ept *ept, gpa_t gpa, u32 access)
{
	switch (ept_fault(ept, gpa, access)) {
	case EPT_FAULT_FIXED:
	case EPT_FAULT_SPURIOUS:
		return 0;
	case EPT_FAULT_RETRY:
		explore_yield();	/* who changes P has to get on */
		return 0;
	case EPT_FAULT_MMIO:
	case EPT_FAULT_ERROR:
		break;
	}
	return -EFAULT;
}

#endif
