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
	bool timed;		/* note in struct guest_page how long */
	u32 oldest;		/* generation: none that is written is older */
};

/* Give vCPU @i of the current VM a command; it has completed the one before, or
 * takes this one instead. */
void mailbox_post(u32 i, const struct guest_command *command);

/* Has it completed its last command, up to its last access? */
bool mailbox_is_completed(u32 i);

#endif
