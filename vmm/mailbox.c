#include "vmm/mailbox.h"

void mailbox_post(u32 i, const struct guest_command *command)
{
	struct mailbox *box = vm_mailbox(i);

	box->op = command->op;
	box->then = command->then;
	box->first = command->first;
	box->count = command->count;
	box->argument = command->argument;
	box->yield_every = command->yield_every;
	box->oldest = command->oldest;
	box->timed = command->timed;
	/* The guest reads command_seq first: what is above belongs to it. */
	store_release(&box->command_seq, box->command_seq + 1);
}

bool mailbox_is_completed(u32 i)
{
	const struct mailbox *box = vm_mailbox(i);

	/* Pairs with the guest's store after its last access. */
	return load_acquire(&box->completed_seq) == box->command_seq;
}
