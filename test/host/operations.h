/*
 * What may happen to a machine at random: one host process with a VM over it,
 * its children, two vCPUs that stay inside, devices that hold pages. Each
 * operation is performed on the machine and on the model, and what it read is
 * compared.
 *
 *	CPU 0, 3	the host: each runs some address space
 *	CPU 1, 2	vCPU 0 and 1; outside they are CPUs of space 0
 */
#ifndef TEST_HOST_OPERATIONS_H
#define TEST_HOST_OPERATIONS_H

#include "test/host/model.h"
#include "test/host/vm.h"

enum {
	OPERATION_CPUS = 4,
	OPERATION_PINS = 4,
};

struct memory {
	u64 first, count;	/* pages */
};

/* A pin of a device's, or a mere reference. While @lasting, which a pin is until
 * the page is discarded or its space goes, nothing may part it from P. */
struct hold {
	struct frame *frame;	/* NULL: not in use */
	struct space *space;
	u64 page;
	bool is_pin, lasting;
};

struct operations {
	u64 random;		/* state of operations_below() */
	u64 page_count;
	struct space *running[OPERATION_CPUS];
	bool merging;		/* the scanner has work */
	struct hold pins[OPERATION_PINS];
	bool memory_fails;	/* an allocation of this operation may */

	/* For the CPUs that go on in the middle of an operation. */
	u32 cpu;		/* whose operation it is */
	u64 page, word;		/* what it is about, more often than not */
	const struct space *frozen;	/* nobody writes there meanwhile */
	struct memory vanishing;	/* being discarded: old, or zero */
	const struct space *vanishing_of;
};

extern struct operations now;

/* Chance: the same seed gives the same operations. */
u64 operations_random(void);
u32 operations_below(u32 n);

/* Perform one, by its weight. */
void operations_any(void);

/* Another CPU goes on with what it has cached: no fault. */
void operations_go_on(u32 cpu);

/* CPU @cpu runs @space, or with NULL none. This thread is that CPU then. */
void operations_run_space(u32 cpu, struct space *space);

/* Devices and the scanner let go of everything. */
void operations_let_go(void);

/* So do all; the children exit, and space 0 has no page. No vCPU is inside. */
void operations_forget(void);

#endif
