/*
 * A vCPU's part of a litmus test, as the host sees it: scripts for
 * guest/litmus.c. Called on the vCPU's home CPU, with the VM's address space
 * current.
 */
#ifndef LAB_LITMUS_GUEST_H
#define LAB_LITMUS_GUEST_H

#include "lab/litmus/actors.h"

#define LITMUS_GRACE_MS	1000	/* behind the round's deadline a vCPU fails */

/* How many of the @left ops from @ops on are guest code: up to the first END,
 * or the first that leaves the guest. */
u32 litmus_guest_count(const struct action *ops, u32 left);

/*
 * Let vCPU @index perform these @count ops; registers go to **@regs, which
 * moves on. -EBUSY: it waited for a flag too long; -EFAULT: the guest failed,
 * and vm->message says how.
 */
__must_check int litmus_guest_play(struct litmus_stage *stage, u32 index,
				   const struct action *ops, u32 count,
				   u64 **regs);

/* Let it perform another command, without arguments; errors as above. */
__must_check int litmus_guest_command(struct litmus_stage *stage, u32 index,
				      enum guest_op op);

#endif
