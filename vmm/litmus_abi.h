/*
 * What host and guest agree on when they play a litmus test
 * (lab/litmus/litmus.h): a script for each vCPU, and words that all actors
 * share. One page in the control slot. guest/ may include only this header and
 * hypercall_abi.h.
 */
#ifndef VMM_LITMUS_ABI_H
#define VMM_LITMUS_ABI_H

#include <stdint.h>

enum guest_verb {
	GUEST_VERB_READ,
	GUEST_VERB_WRITE,
	GUEST_VERB_RAISE,
	GUEST_VERB_LOOK,
	GUEST_VERB_AWAIT,
	GUEST_VERB_WATCH,
};

struct guest_litmus_op {
	uint32_t verb, flag;
	uint64_t gpa;		/* of the word */
	uint64_t value, other;
};

#define GUEST_LITMUS_OPS	8
#define GUEST_LITMUS_VCPUS	2
#define GUEST_LITMUS_FLAGS	2

struct guest_litmus {
	/* Of all actors. */
	uint64_t flags[GUEST_LITMUS_FLAGS];
	uint64_t stop;		/* it has taken too long: stop waiting */

	struct guest_litmus_script {
		/* host to guest, before the command */
		uint64_t op_count;
		struct guest_litmus_op ops[GUEST_LITMUS_OPS];
		/* guest to host */
		uint64_t regs[GUEST_LITMUS_OPS];	/* of ops that set one,
							 * in their order */
		uint64_t gave_up;	/* it waited until stop */
	} scripts[GUEST_LITMUS_VCPUS];
};

/*
 * Watching a word: it is @old, later @new, never @old again, and must be @new
 * in a read that began after the flag was seen.
 */
#define WATCH_READS_MIN	3

struct watch {
	uint64_t old, new;
	uint64_t reads;
	uint64_t wrong;		/* reads that were not so */
	uint64_t seen_new;
};

static inline void watch_judge(struct watch *watch, uint64_t told,
			       uint64_t value)
{
	watch->reads++;
	if (value == watch->new)
		watch->seen_new = 1;
	else if (value != watch->old || told || watch->seen_new)
		watch->wrong++;
}

#endif
