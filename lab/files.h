/*
 * Scenario and litmus files of a user's own, that came as modules.
 */
#ifndef LAB_FILES_H
#define LAB_FILES_H

#include "lib/scan.h"

#define FILES_ERROR	1000	/* room for any complaint */

/*
 * Add all @count files to the scenarios and litmus tests that there are.
 * -EINVAL: @error of FILES_ERROR bytes says which is wrong and what is
 * accepted.
 */
__must_check int files_add(const struct text_file *files, u32 count,
			   char *error);

#endif
