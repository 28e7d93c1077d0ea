/*
 * Commands to the guest, and when they are complete (hypercall_abi.h). The
 * VM's address space is current.
 */
#ifndef VMM_MAILBOX_H
#define VMM_MAILBOX_H

#include "vmm/vm.h"

struct guest_command {
	enum guest_op op;
	enum guest_then then;
	u32 first, count;	/* pages */
	u64 argument;
	u32 yield_every;	/* pages; 0: never */
	u32 oldest;		/* generation, of what is written */
};

/* Give vCPU @i of the current VM something to do; it has completed what it had
 * before, or takes this in its place. */
void mailbox_post(u32 i, const struct guest_command *command);

/* Has it done what it was told last, up to its last access? */
bool mailbox_is_completed(u32 i);

#endif
