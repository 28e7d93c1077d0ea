/*
 * Making the guest do things: commands through the mailboxes, and waiting for
 * them. An idle guest is outside between its commands; a running one keeps
 * reading on its own CPU. With one CPU for all, host and guest take turns here.
 *
 * The VM's address space is current on this CPU in all of these. Errors: -EBUSY,
 * and then guest->vm->message says what the guest did.
 */
#ifndef LAB_SCENARIO_DRIVER_H
#define LAB_SCENARIO_DRIVER_H

#include "vmm/vm.h"

/* The guest of a VM, as the host drives it. */
struct guest {
	struct vm *vm;
	bool runs;		/* it reads on between its commands */
	bool pace_free;		/* nobody waits for it in guest_pace() */
	u32 oldest;		/* generation that it may write */
	bool timed;		/* it notes how long accesses take */
};

/*
 * Let the guest perform @op on all data pages and wait until it has. Writes
 * are shared out between the vCPUs; every vCPU reads every page.
 */
__must_check int guest_do(struct guest *guest, enum guest_op op, u64 argument);

/* The same on @count data pages from @first on. */
__must_check int guest_do_range(struct guest *guest, enum guest_op op,
				u64 argument, u32 first, u32 count);

/* The same, by vCPU @i alone. */
__must_check int guest_do_vcpu(struct guest *guest, u32 i, enum guest_op op,
			       u64 argument, u32 first, u32 count);

/* Until it is told something else, running vCPU @i writes the next generation
 * to each of these pages, again and again. */
__must_check int guest_keep_writing(struct guest *guest, u32 i, u32 first,
				    u32 count);

/*
 * Before each host action: wait until every running vCPU has read two more
 * pages, or has written once more, so that the counts do not measure the
 * emulator's scheduling. Nothing to do for an idle guest, or with pace=free.
 */
__must_check int guest_pace(struct guest *guest);

/* The same, with pace=free too: whatever a vCPU was in the middle of reading,
 * it has read and judged. */
__must_check int guest_settle(struct guest *guest);

/* Let a running guest stop; all vCPUs are outside when this returns. */
__must_check int guest_halt(struct guest *guest);

#endif
