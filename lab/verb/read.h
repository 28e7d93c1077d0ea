/*
 * How pages, flags and verbs are written in files. Pure.
 */
#ifndef LAB_VERB_READ_H
#define LAB_VERB_READ_H

#include "lab/verb/verb.h"
#include "lib/scan.h"

/* A number below @end that @letter is written before: p0, f1, r2. -EINVAL, with
 * a complaint. */
__must_check int read_lettered(struct scan *scan, char letter, u32 end,
			       u32 *number);

/* p0, or p0..p7: pages below @end. Errors as above. */
__must_check int read_pages(struct scan *scan, u32 end, u32 *first, u32 *count);

/* The verb that is next, of those that @may be here; VERB_END: none is, and
 * nothing was moved. */
enum verb_id read_verb(struct scan *scan, bool (*may)(enum verb_id verb));

/* Complain about what is next: @who can do those that @may be here. -EINVAL. */
int refuse_verb(struct scan *scan, const char *who,
		bool (*may)(enum verb_id verb));

#endif
