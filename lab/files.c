#include "lab/files.h"

#include "lab/litmus/tests.h"
#include "lab/scenario/scenarios.h"
#include "lib/error.h"
#include "lib/print.h"

int files_add(const struct text_file *files, u32 count, char *error)
{
	u32 i;
	int err = 0;

	_Static_assert(FILES_ERROR >= SCENARIO_ERROR &&
		       FILES_ERROR >= LITMUS_ERROR, "room for theirs");
	for (i = 0; i < count && !err; i++) {
		if (text_file_is(&files[i], ".scn")) {
			err = scenario_add(&files[i], error);
		} else if (text_file_is(&files[i], ".litmus")) {
			err = litmus_add(&files[i], error);
		} else {
			format_text(error, FILES_ERROR, "module '%s' is not "
				    "accepted: a name that ends in .scn or "
				    ".litmus", files[i].name);
			err = -EINVAL;
		}
	}
	return err;
}
