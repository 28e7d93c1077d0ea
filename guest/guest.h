/*
 * One vCPU of the toy guest, as its own code sees it: lives on its stack.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdbool.h>

#include "vmm/hypercall_abi.h"

#define GUEST_PAGE_SIZE	4096ull

/*
 * The upper part of the mailbox as it was when the command was taken: the host
 * fills in the next one while this one's reading goes on.
 */
struct command {
	uint64_t seq;
	uint32_t op, then;
	uint32_t first, count;
	uint64_t argument;
	uint32_t pages;
	uint32_t yield_every;
	uint32_t vcpu;
	uint64_t data_gpa;
	uint64_t control_end;
	uint32_t oldest;	/* generation, of what is written */
	bool timed;
};

struct guest {
	volatile struct mailbox *box;
	struct command now;
	uint32_t since_yield;	/* pages read since the last HYPERCALL_YIELD */
};

static inline void hypercall(const struct guest *guest, uint64_t number)
{
	if (guest->box->vmmcall)
		__asm__ volatile ("vmmcall" : "+a" (number) :: "memory");
	else
		__asm__ volatile ("vmcall" : "+a" (number) :: "memory");
}

/* access.c: read and check, or write, one page of the data slot. */
void read_page(struct guest *guest, uint32_t page);
void write_page(const struct guest *guest, uint32_t page, uint64_t tag);

/* Exit and come back; what it took is noted at @page. */
void leave(const struct guest *guest, uint32_t page);

/* The generation that @page gets when it is written next. */
uint32_t next_generation(const struct guest *guest, uint32_t page);

/* litmus.c: play the script. */
void play_litmus(struct guest *guest);

/* touch.c: no later access to the control slot faults. */
void touch_control(const struct guest *guest);

/* misbehave.c: do what the BAD op of the command says. */
void misbehave(const struct guest *guest);

/* hostile.c: the same for the random ones. */
void be_hostile(const struct guest *guest);

#endif
