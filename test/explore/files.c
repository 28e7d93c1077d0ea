#include "test/explore/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lab/litmus/tests.h"
#include "tools/text_file.h"

#define LIST_SIZE	4096

static int ends_with_status;

static void end(const char *why)
{
	fprintf(stderr, "explore: %s\n", why);
	exit(ends_with_status);
}

/* The name of the test in the file @path, which is added. */
static const char *add(const char *path)
{
	char error[LITMUS_ERROR];
	struct text_file file;
	const char *why = text_file_read(path, &file);

	if (why) {
		snprintf(error, sizeof(error), "'%s' is not accepted: %s", path,
			 why);
		end(error);
	}
	if (litmus_add(&file, error))
		end(error);
	return litmus_tests[litmus_test_count - 1].name;
}

const char *files_read(const char *list, int status)
{
	static char names[LIST_SIZE];
	char copy[LIST_SIZE], *part;
	size_t n = 0;

	ends_with_status = status;
	if (strlen(list) >= sizeof(copy))
		end("--test is too long");
	strcpy(copy, list);
	for (part = strtok(copy, ","); part; part = strtok(NULL, ","))
		n += snprintf(names + n, n < LIST_SIZE ? LIST_SIZE - n : 0,
			      "%s%s", n ? "," : "",
			      strpbrk(part, "./") ? add(part) : part);
	if (n >= LIST_SIZE)
		end("--test is too long");
	return names;
}
