/*
 * A scenario file while it is read: for read.c and read_do.c.
 */
#ifndef LAB_SCENARIO_READER_H
#define LAB_SCENARIO_READER_H

#include "lab/scenario/scenario.h"
#include "lib/scan.h"

struct reader {
	struct scan scan;
	struct scenario *scenario;
	u32 depth;
	bool in_mix;
};

/* Complain about what is next; @accepted is. -EINVAL. */
#define reader_refuse(reader, accepted) \
	scan_error(&(reader)->scan, "%s is not accepted: " accepted, \
		   scan_next(&(reader)->scan))

/* A number from 1 to @max, for @what. -EINVAL. */
__must_check int reader_count(struct reader *reader, const char *what, u64 max,
			      u32 *count);

/* [timed NAME [per page]]. -EINVAL. */
__must_check int reader_timed(struct reader *reader,
			      struct statement *statement);

/* [each page:] [WHO] VERB [PAGES] [class N] [timed NAME]. -EINVAL. */
__must_check int reader_do(struct reader *reader, struct statement *statement);

#endif
