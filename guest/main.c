/*
 * The toy guest: take a command from the mailbox, perform it, say so, and
 * keep reading or performing if told to.
 */
#include "guest/guest.h"

extern const char guest_start[];

/*
 * Wait for a command and take it. The host writes command_seq last, so what
 * is read after it belongs to it; the host does not touch these fields again
 * before completed_seq.
 */
static void take_command(struct guest *guest)
{
	volatile struct mailbox *box = guest->box;
	struct command *now = &guest->now;

	while (box->command_seq == now->seq) {
		hypercall(guest, HYPERCALL_DONE);
		__asm__ volatile ("pause");
	}
	now->seq = box->command_seq;
	now->op = box->op;
	now->then = box->then;
	now->first = box->first;
	now->count = box->count;
	now->argument = box->argument;
	now->pages = box->pages;
	now->yield_every = box->yield_every;
	now->vcpu = box->vcpu;
	now->data_gpa = box->data_gpa;
	now->control_end = box->control_end;
	now->oldest = box->oldest;
	now->timed = box->timed;
}

static void perform(struct guest *guest)
{
	const struct command *now = &guest->now;
	uint32_t page, end = now->first + now->count;

	switch (now->op) {
	case GUEST_NOP:
		break;
	case GUEST_TOUCH:
		touch_control(guest);
		break;
	case GUEST_WRITE:
		for (page = now->first; page < end; page++)
			write_page(guest, page,
				   TAG_PAGE(page, next_generation(guest, page)));
		break;
	case GUEST_WRITE_CLASS:
		for (page = now->first; page < end; page++)
			write_page(guest, page,
				   TAG_OF_CLASS(now->argument,
						next_generation(guest, page)));
		break;
	case GUEST_READ:
		for (page = now->first; page < end; page++)
			read_page(guest, page);
		break;
	case GUEST_LEAVE:
		for (page = now->first; page < end; page++)
			leave(guest, page);
		break;
	case GUEST_LITMUS:
		play_litmus(guest);
		break;
	case GUEST_BAD_CODE:
	case GUEST_BAD_CALLS:
	case GUEST_BAD_ACCESSES:
		be_hostile(guest);
		break;
	default:
		misbehave(guest);
	}
}

/* Pass after pass over the data range, until there is a new command. */
static void keep_reading(struct guest *guest)
{
	volatile struct mailbox *box = guest->box;
	uint32_t page = 0;

	while (box->command_seq == guest->now.seq) {
		if (guest->now.pages == 0) {
			__asm__ volatile ("pause");
			continue;
		}
		read_page(guest, page);
		if (++page == guest->now.pages) {
			page = 0;
			box->passes = box->passes + 1;
		}
	}
}

static void keep_performing(struct guest *guest)
{
	volatile struct mailbox *box = guest->box;

	while (box->command_seq == guest->now.seq) {
		perform(guest);
		box->passes = box->passes + 1;
		if (guest->now.yield_every)
			hypercall(guest, HYPERCALL_YIELD);
	}
}

__attribute__((noreturn)) void guest_main(struct mailbox *mailbox)
{
	struct guest guest = { .box = mailbox };

	if ((uint64_t)guest_start != GUEST_IMAGE_GPA)
		misbehave(&guest);	/* linked for another address */

	for (;;) {
		take_command(&guest);
		perform(&guest);
		guest.box->passes = 0;
		guest.box->completed_seq = guest.now.seq;
		if (guest.now.then == GUEST_THEN_READ)
			keep_reading(&guest);
		if (guest.now.then == GUEST_THEN_AGAIN)
			keep_performing(&guest);
	}
}
