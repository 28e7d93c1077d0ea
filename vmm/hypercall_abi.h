/*
 * Everything that host and guest agree on: the guest's memory map, its
 * mailboxes, the hypercalls, and the tags that identify a page's content.
 * guest/ may include only this header and litmus_abi.h; it needs nothing but
 * stdint.
 *
 * The control slot holds what the guest needs in order to run (code, page
 * tables, stacks, mailboxes, oracle). Fork and merge leave it alone, so the
 * counts of the data slot are the workload's own.
 */
#ifndef VMM_HYPERCALL_ABI_H
#define VMM_HYPERCALL_ABI_H

#include <stdint.h>

#define GUEST_MAX_VCPUS		8
#define GUEST_MAX_PAGES		(1u << 18)

/*
 * Guest physical = guest virtual: the host builds tables that map the first
 * 4 GiB with 2 MiB pages.
 */
#define GUEST_CONTROL_GPA	0x10000ull	/* the control slot begins */
#define GUEST_TABLES_GPA	0x10000ull	/* PML4, PDPT, four PDs */
#define GUEST_LITMUS_GPA	0x17000ull	/* struct guest_litmus */
#define GUEST_MAILBOX_GPA	0x18000ull	/* one page a vCPU */
#define GUEST_STACK_GPA		0x20000ull	/* 16 KiB a vCPU */
#define GUEST_STACK_SIZE	0x4000ull
#define GUEST_IMAGE_GPA		0x40000ull	/* guest.bin; entry at start */
#define GUEST_ORACLE_GPA	0x50000ull	/* oracle_page[pages] */
/* After the oracle of @pages: a struct guest_page per page, vCPU after vCPU. */
#define GUEST_SEEN_GPA(pages)	(GUEST_ORACLE_GPA + (((uint64_t)(pages) * \
				 sizeof(struct oracle_page) + 0xfff) & ~0xfffull))
#define GUEST_DATA_GPA		0x40000000ull	/* the data slot */
#define GUEST_ALIAS_GPA		0x80000000ull	/* the same hvas once more */

/*
 * A page is filled with one 64-bit tag: who it is and which generation. A
 * page that was never written is all zero: identity 0.
 */
#define TAG_CLASS		0x80000000u	/* identity of a class */
#define TAG(identity, gen)	((uint64_t)(identity) << 32 | (uint32_t)(gen))
#define TAG_PAGE(page, gen)	TAG((page) + 1, gen)
#define TAG_OF_CLASS(class, gen) TAG(TAG_CLASS | (class), gen)
#define TAG_IDENTITY(tag)	((uint32_t)((tag) >> 32))
#define TAG_GENERATION(tag)	((uint32_t)(tag))

/*
 * What the content of a page may be, recorded by whoever writes it: begun is
 * set before the first word is written, published after the last. A reader
 * that took published before its read and begun after it may see published,
 * begun, or a generation between the two of the same identity; anything else
 * is a stale read.
 */
struct oracle_page {
	uint64_t published;
	uint64_t begun;
};

/* What a vCPU notes of a page. */
struct guest_page {
	uint64_t seen;		/* the highest tag that it has read */
	uint64_t ticks;		/* that its first access of a timed command
				 * took; the host takes them, and leaves 0 */
};

enum guest_op {
	GUEST_NOP,
	GUEST_TOUCH,		/* read each control page: no faults later */
	GUEST_WRITE,		/* next generation of each page of the range */
	GUEST_WRITE_CLASS,	/* page := TAG_OF_CLASS(argument, gen + 1) */
	GUEST_READ,		/* check each page of the range */
	GUEST_LEAVE,		/* exit and come back, once for each page */
	GUEST_LITMUS,		/* play the script at GUEST_LITMUS_GPA */
	/* Misbehaviour, for the tests of the host. */
	GUEST_BAD_ACCESS,	/* read gpa = argument */
	GUEST_BAD_HYPERCALL,	/* hypercall number = argument */
	GUEST_BAD_TRIPLE,	/* triple fault (or the exception before it) */
	GUEST_BAD_IO,		/* out to port = argument */
	GUEST_BAD_HLT,
	GUEST_BAD_SPIN,		/* interrupts off, for ever: must be stopped */
	GUEST_BAD_EXITS,	/* exit for ever, without progress */
	GUEST_BAD_CODE,		/* random bytes as code; argument is the seed */
	GUEST_BAD_CALLS,	/* random hypercalls; likewise */
	GUEST_BAD_ACCESSES,	/* random gpas; likewise */
	GUEST_OP_COUNT,
};

enum guest_then {
	GUEST_THEN_EXIT,	/* HYPERCALL_DONE when the op is complete */
	GUEST_THEN_READ,	/* keep reading the whole data range, pass after
				 * pass, until the next command arrives */
	GUEST_THEN_AGAIN,	/* perform the op again and again until then */
};

enum hypercall {
	HYPERCALL_DONE = 1,	/* returns when there is a new command */
	HYPERCALL_YIELD = 2,	/* yield_every pages were read since the last,
				 * or an op was performed again */
};

#define STALE_REPORTS	4

struct stale_report {
	uint64_t gfn, word;
	uint64_t expected;	/* published, as taken before the read */
	uint64_t found;
};

/*
 * One page per vCPU. The host writes the upper part, command_seq last; the
 * guest writes the lower part. While the guest keeps reading it checks
 * command_seq after each page.
 */
struct mailbox {
	/* host to guest */
	uint64_t command_seq;
	uint32_t op, then;
	uint32_t first, count;	/* page range of op */
	uint64_t argument;
	uint32_t pages;		/* of the data slot */
	uint32_t yield_every;	/* hypercall after so many pages; 0: never */
	uint32_t vcpu;
	uint32_t vmmcall;	/* hypercalls are VMMCALL; 0: VMCALL */
	uint64_t data_gpa;	/* GUEST_DATA_GPA or GUEST_ALIAS_GPA */
	uint64_t control_end;	/* first gpa after the control slot */
	uint32_t oldest;	/* every generation written is newer or equal */
	uint32_t timed;		/* note how long accesses take */

	/* guest to host */
	uint64_t completed_seq __attribute__((aligned(64)));
	uint64_t reads;		/* pages read since birth */
	uint64_t passes;	/* completed by what "then" says, since the last
				 * command */
	uint64_t stale_count;
	struct stale_report stale[STALE_REPORTS];	/* the first ones */
};

#endif
