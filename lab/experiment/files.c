#include "lab/experiment/files.h"

#include "lab/litmus/tests.h"
#include "lab/mutant/mutant.h"
#include "lab/scenario/scenarios.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length &&
	       !strcmp(text + length - end_length, end);
}

static int refuse_mutant(const struct litmus_test *test, const char *name,
			 char *error)
{
	size_t n = format_text(error, FILES_ERROR, "%s: Mutants='%s' is "
			       "unknown: accepted are", test->file, name);
	u32 i;

	for (i = 0; i < mutant_count && n < FILES_ERROR; i++)
		n += format_text(error + n, FILES_ERROR - n, " %s",
				 mutants[i].name);
	return -EINVAL;
}

/* Are all of @words, with blanks between them, names of mutants? */
static int check_mutants(const struct litmus_test *test, const char *words,
			 char *error)
{
	char name[64];
	size_t n = 0;

	for (; ; words++) {
		if (*words && *words != ' ') {
			if (n + 1 < sizeof(name))
				name[n++] = *words;
			continue;
		}
		name[n] = '\0';
		if (n && !mutant_find(name))
			return refuse_mutant(test, name, error);
		n = 0;
		if (!*words)
			return 0;
	}
}

static int add_litmus(const struct text_file *file, char *error)
{
	const struct litmus_test *test = &litmus_tests[litmus_test_count];
	int err = litmus_add(file, error);

	if (!err)
		err = check_mutants(test, test->mutants, error);
	return err ? err : check_mutants(test, test->heard, error);
}

int files_add(const struct text_file *files, u32 count, char *error)
{
	u32 i;
	int err = 0;

	_Static_assert(FILES_ERROR >= SCENARIO_ERROR &&
		       FILES_ERROR >= LITMUS_ERROR, "room for theirs");
	for (i = 0; i < count && !err; i++) {
		if (ends_with(files[i].name, ".scn")) {
			err = scenario_add(&files[i], error);
		} else if (ends_with(files[i].name, ".litmus")) {
			err = add_litmus(&files[i], error);
		} else {
			format_text(error, FILES_ERROR, "module '%s' is not "
				    "accepted: a name that ends in .scn or "
				    ".litmus", files[i].name);
			err = -EINVAL;
		}
	}
	return err;
}
