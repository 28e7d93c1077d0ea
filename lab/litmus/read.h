/*
 * Reading a litmus file (docs/litmus.md has the grammar). Pure: the kernel,
 * the explorer, fuzzers and the front end's checker compile it as it is.
 */
#ifndef LAB_LITMUS_READ_H
#define LAB_LITMUS_READ_H

#include "lab/litmus/litmus.h"
#include "lib/scan.h"

#define LITMUS_ERROR	400	/* room for any complaint */

/* A file while it is read. */
struct litmus_reader {
	struct scan scan;
	struct litmus_test *test;
	/* Of the columns, finally, and initially: what registers are called, in the order in which they are set:
	 * N of rN, or -1 for one that has no name. */
	int registers[LITMUS_ACTORS + 2][LITMUS_INITIAL];
	int register_count[LITMUS_ACTORS + 2];
};

/*
 * Read @file into @test. -EINVAL: @error of
 * LITMUS_ERROR bytes says "FILE:LINE: what is wrong: what is accepted".
 */
__must_check int litmus_read(struct litmus_test *test,
			     const struct text_file *file, char *error);

/* For condition.c: read rN. Returns N, or -EINVAL. */
int litmus_read_register(struct litmus_reader *reader);

/* For read.c: read a condition into reader->test. */
__must_check int litmus_read_condition(struct litmus_reader *reader);

#endif
