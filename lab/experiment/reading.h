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

#define WORDS	16

/* What the experiments of a kind are told, and how it is read. */
struct words {
	void (*begin)(struct options *options);	/* nothing is said yet */
	struct word {
		const char *name;
		int (*read)(const struct reading *r);
	} words[WORDS];		/* up to one without a name */
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

/* So much of a user's text is shown, its zero byte included. */
#define SHOWN	64

#define refuse(r, ...) \
	refuse_part(r, (r)->value, strlen((r)->value), __VA_ARGS__)

/* Add @text to @error, as far as there is room. */
void append_text(char *error, size_t error_size, const char *text);

/* A bit for each name. */
u64 all_of(name_fn name);

/* The value as names with commas between them, or "all"; the same or "none"; a
 * number; one of two words, @flag becomes true for the second. -EINVAL. */
int read_names(const struct reading *r, name_fn name, u64 *mask);
int read_some(const struct reading *r, name_fn name, u64 *mask);
int read_number(const struct reading *r, u64 low, u64 high, u32 *number);
int read_flag(const struct reading *r, const char *no, const char *yes,
	      bool *flag);

/* Names of a kind, or of the files that they stand in, or "all": these become
 * true in @asked, which has an entry for each. -EINVAL. */
int read_files(const struct reading *r, name_fn name, name_fn file,
	       bool *asked);
void ask_all(name_fn name, bool *asked);

const char *policy_name(u32 i);
const char *mutant_name(u32 i);

/* policy=: names, "all" or "none", and policies of the user's own. */
int read_policy(const struct reading *r);

#endif
