/*
 * A word of the command line while it is read, and how to refuse it.
 */
#ifndef LAB_EXPERIMENT_READING_H
#define LAB_EXPERIMENT_READING_H

#include "lab/experiment/options.h"

struct reading {
	struct options *options;
	const char *name, *value;
	char *error;		/* of @error_size bytes: the complaint */
	size_t error_size;
};

/* The @i-th name of a kind; NULL behind the last one. */
typedef const char *(*name_fn)(u32 i);

/*
 * Begin the complaint "'name=value' is not accepted: name= takes " with
 * @length bytes of @value, and end it with @format. -EINVAL.
 */
int refuse_part(const struct reading *r, const char *value, size_t length,
		const char *format, ...) __printf(4, 5);

/* @length bytes of @value are none of the names, nor what @others lists. */
int refuse_names(const struct reading *r, const char *value, size_t length,
		 name_fn name, const char *others);

/* The number of the name that @length bytes of @text are; -1: of none. */
int find_name(name_fn name, const char *text, size_t length);

const char *policy_name(u32 i);
const char *mutant_name(u32 i);

/* policy=: names, "all" or "none", and policies of the user's own. */
int read_policy(const struct reading *r);

#endif
