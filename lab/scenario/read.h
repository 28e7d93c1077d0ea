/*
 * Reading a scenario file (docs/scenarios.md has the grammar). Pure, like
 * lab/litmus/read.h.
 */
#ifndef LAB_SCENARIO_READ_H
#define LAB_SCENARIO_READ_H

#include "lab/scenario/scenario.h"
#include "lib/scan.h"

#define SCENARIO_ERROR	600	/* room for any complaint */

/*
 * Read @file into @scenario. -EINVAL: @error of SCENARIO_ERROR bytes says
 * "FILE:LINE: what is wrong: what is accepted".
 */
__must_check int scenario_read(struct scenario *scenario,
			       const struct text_file *file, char *error);

#endif
