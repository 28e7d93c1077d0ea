/*
 * Two virtual machines over one address space: each under a policy of its own,
 * with one vCPU, watched by the checker. A program that includes this makes
 * them, lets something happen to their N pages, and asks what became of it.
 */
#ifndef TEST_HOST_PAIR_H
#define TEST_HOST_PAIR_H

#include "test/host/vm.h"

#define N	2

/* By the order of the rows: see docs/expected-counts.md. */
enum row {
	ROW_BRACKET,
	ROW_CLEAR_FLUSH_NOTIFY,
	ROW_CHANGE_2009,
	ROW_CHANGE_PTE,
	ROW_UPGRADE_NOFLUSH,
	ROW_BATCH,
	ROW_DEFER,
	ROW_COUNT,
};

extern const char *const row_names[ROW_COUNT];

/* VM i has one vCPU, which runs on CPU i + 1. */
struct machine {
	struct ept ept;
	struct vcpu_tlb tlb;
	u32 row;
	u64 requested;		/* before the event */
	u32 retries;
};

extern struct machine machines[2];
extern struct mm *child;	/* of both; NULL: none */

/* A machine without VMs, three CPUs, and a checker that has heard nothing; and
 * all of it gone. */
void pair_begin(void);
void pair_end(void);

/* No rule was heard to be broken; else the first is printed. */
bool pair_is_quiet(void);

void machine_make(u32 i, const struct policy *policy);
void machine_start(u32 i, u32 row);
void machine_stop(u32 i);

gpa_t machine_gpa(u32 i, u64 page);

/* The vCPU stays inside, with its translations. */
u64 machine_read(u32 i, u64 page);
void machine_write(u32 i, u64 page, u64 value);

/* Each page in both: it reads as @value; it is written to, so that it is
 * present and writable. */
void pair_read(u64 value);
void pair_write(u64 value);

/* What happens to the address space: a child, which both then read beside, or
 * which exits again; the host writes 2 to each page; both pages, which are
 * equal, become one in two passes; all content goes. */
void pair_fork(void);
void pair_fork_and_read(void);
void pair_fork_and_exit(void);
void pair_host_write(void);
void pair_scan(void);
void pair_discard(void);

#endif
