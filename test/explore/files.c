#include "test/explore/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lab/litmus/tests.h"

#define FILE_SIZE	65536	/* the biggest, as the kernel has it */
#define LIST_SIZE	4096

static int ends_with_status;

static void end(const char *why)
{
	fprintf(stderr, "explore: %s\n", why);
	exit(ends_with_status);
}

static size_t read_file(const char *path, char text[FILE_SIZE + 1])
{
	char why[300];
	size_t size;
	FILE *f = fopen(path, "r");

	if (!f) {
		snprintf(why, sizeof(why), "'%s' is not accepted: %s", path,
			 strerror(errno));
		end(why);
	}
	size = fread(text, 1, FILE_SIZE + 1, f);
	fclose(f);
	if (size > FILE_SIZE) {
		snprintf(why, sizeof(why), "'%s' is not accepted: a file has "
			 "up to %u bytes", path, FILE_SIZE);
		end(why);
	}
	return size;
}

/* The name of the test in the file @path, which is added. */
static const char *add(const char *path)
{
	static char text[FILE_SIZE + 1];
	char error[LITMUS_ERROR];
	struct text_file file = { path, text, read_file(path, text) };

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
