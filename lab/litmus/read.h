/*
 * Reading a litmus file (docs/litmus.md has the grammar). Pure: the kernel,
 * the explorer, fuzzers and the front end's checker compile it as it is.
 */
#ifndef LAB_LITMUS_READ_H
#define LAB_LITMUS_READ_H

#include "lab/litmus/litmus.h"
#include "lib/scan.h"

#define LITMUS_ERROR	1000	/* room for any complaint */

/* A file while it is read. */
struct litmus_reader {
	struct scan scan;
	struct litmus_test *test;
	/* Of the columns, finally, and initially: what registers are called, in the order in which they are set:
	 * N of rN, or -1 for one that has no name. */
	int registers[LITMUS_ACTORS + 2][LITMUS_INITIAL];
	int register_count[LITMUS_ACTORS + 2];
	u32 keys;		/* that were read, a bit each */
};

/*
 * Read @file into @test. -EINVAL: @error of
 * LITMUS_ERROR bytes says "FILE:LINE: what is wrong: what is accepted".
 */
__must_check int litmus_read(struct litmus_test *test,
			     const struct text_file *file, char *error);

/* --- For the reader's own files. */

extern const char *const litmus_who_names[LITMUS_VCPU1 + 1];

/* Complain about what is next; @accepted is. -EINVAL. */
#define litmus_refuse(reader, accepted) \
	scan_error(&(reader)->scan, "%s is not accepted: " accepted, \
		   scan_next(&(reader)->scan))

/* read_action.c: [rN =] VERB ARGUMENTS by action->who, whose registers are
 * those of @list; and rN alone: N, or -EINVAL. */
__must_check int litmus_read_action(struct litmus_reader *reader, u32 list,
				    struct action *action);
int litmus_read_register(struct litmus_reader *reader);

/* condition.c: a condition, into reader->test. */
__must_check int litmus_read_condition(struct litmus_reader *reader);

#endif
