/*
 * The scenarios that there are: those of the files beside this one, which the
 * image carries, and then a user's own. On the command line and in results
 * they are called workloads.
 */
#ifndef LAB_SCENARIO_SCENARIOS_H
#define LAB_SCENARIO_SCENARIOS_H

#include "lab/scenario/read.h"

#define SCENARIOS	64

/* A file that can be read without a mistake, and what it says first. */
struct scenario_file {
	struct text_file file;
	char name[SCENARIO_NAME];
	char what[SCENARIO_WHAT];
	u32 vcpus, pages;	/* the fewest that it needs */
};

extern struct scenario_file scenarios[SCENARIOS];
extern u32 scenario_count;

/* Made by tools/embed.sh of lab/scenario/NAME.scn; the last one has no name. */
extern const struct text_file scenario_files[];

/* Read @file into @described. -EINVAL: @error as scenario_add(). */
__must_check int scenario_describe(const struct text_file *file,
				   struct scenario_file *described,
				   char *error);

/* Add all of these. Once, before anything else in here. */
void scenarios_add_built_in(void);

/* Add @file, whose text stays where it is. -EINVAL: @error of SCENARIO_ERROR
 * bytes says why not. */
__must_check int scenario_add(const struct text_file *file, char *error);

/* The scenario of @file; lives until the next call. */
const struct scenario *scenario_load(const struct scenario_file *file);

#endif
