/*
 * The litmus tests that there are: those of the files beside this one, which
 * the image carries, and then a user's own.
 */
#ifndef LAB_LITMUS_TESTS_H
#define LAB_LITMUS_TESTS_H

#include "lab/litmus/read.h"

#define LITMUS_TESTS	96

extern struct litmus_test litmus_tests[LITMUS_TESTS];
extern u32 litmus_test_count;

/* Made by tools/embed.sh of lab/litmus/NAME.litmus; the last one has no name. */
extern const struct text_file litmus_files[];

/* Add all of these. Once, before anything else in here. */
void litmus_add_built_in(void);

/* Add @file. -EINVAL: @error of LITMUS_ERROR bytes says why not. */
__must_check int litmus_add(const struct text_file *file, char *error);

/* The test with that name, or that stands in the file with that name; NULL. */
const struct litmus_test *litmus_find(const char *name);

/* Of the test that has the most. */
u32 litmus_pages_max(void);

#endif
