#include "lab/litmus/tests.h"

#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

struct litmus_test litmus_tests[LITMUS_TESTS];
u32 litmus_test_count;

const struct litmus_test *litmus_find(const char *name)
{
	u32 i;

	for (i = 0; i < litmus_test_count; i++)
		if (!strcmp(litmus_tests[i].name, name) ||
		    !strcmp(litmus_tests[i].file, name))
			return &litmus_tests[i];
	return NULL;
}

u32 litmus_pages_max(void)
{
	u32 max = 0, i;

	for (i = 0; i < litmus_test_count; i++)
		if (litmus_tests[i].pages > max)
			max = litmus_tests[i].pages;
	return max;
}

int litmus_add(const struct text_file *file, char *error)
{
	struct litmus_test *test = &litmus_tests[litmus_test_count];
	const struct litmus_test *other;
	int err;

	if (litmus_test_count == LITMUS_TESTS) {
		format_text(error, LITMUS_ERROR, "%s:1: there are too many "
			    "litmus tests: accepted are up to %u", file->name,
			    LITMUS_TESTS);
		return -EINVAL;
	}
	err = litmus_read(test, file, error);
	if (err)
		return err;
	other = litmus_find(test->name);
	if (other) {
		format_text(error, LITMUS_ERROR, "%s:1: the name %s is taken "
			    "(%s): accepted is a name of its own", file->name,
			    test->name, other->file);
		return -EINVAL;
	}
	litmus_test_count++;
	return 0;
}

void litmus_add_built_in(void)
{
	const struct text_file *file;
	char error[LITMUS_ERROR];

	for (file = litmus_files; file->name; file++)
		if (litmus_add(file, error))
			panic("%s", error);
}
