#include "lab/litmus/tests.h"

#include "lab/mutant/mutant.h"
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

static int refuse_mutant(const struct litmus_test *test, u32 line,
			 const char *name, char *error)
{
	size_t n = format_text(error, LITMUS_ERROR, "%s:%u: mutant '%s' is "
			       "unknown: accepted are", test->file, line, name);
	u32 i;

	for (i = 0; i < mutant_count && n < LITMUS_ERROR; i++)
		n += format_text(error + n, LITMUS_ERROR - n, " %s",
				 mutants[i].name);
	return -EINVAL;
}

/* Are all of @words, with blanks between them, names of mutants? */
static int check_mutants(const struct litmus_test *test, const char *words,
			 u32 line, char *error)
{
	char name[LITMUS_MUTANT];
	size_t n = 0;

	for (; ; words++) {
		if (*words && *words != ' ') {
			if (n + 1 < sizeof(name))
				name[n++] = *words;
			continue;
		}
		name[n] = '\0';
		if (n && !mutant_find(name))
			return refuse_mutant(test, line, name, error);
		n = 0;
		if (!*words)
			return 0;
	}
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
	if (!err)
		err = check_mutants(test, test->mutants, test->mutants_line,
				    error);
	if (!err)
		err = check_mutants(test, test->heard, test->heard_line, error);
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
