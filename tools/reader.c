/*
 * Reads scenario and litmus files with the kernel's own readers, before
 * anything boots: a program of the host, for ./tandem and for people.
 *
 *	build/reader FILE...
 *
 * For each file a line "scenario NAME vcpus=N pages=N mixes=0|1 what" or
 * "litmus NAME mutants=A,B what" on standard output. Status 2: one is wrong,
 * and standard error says why.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/litmus/read.h"
#include "lab/scenario/read.h"

#define FILE_SIZE	65536	/* as docs/scenarios.md has it */
#define STATUS_USAGE	2

static __noreturn void end(const char *path, const char *why)
{
	fprintf(stderr, "%s is not accepted: %s\n", path, why);
	exit(STATUS_USAGE);
}

static struct text_file read_file(const char *path)
{
	static char text[FILE_SIZE + 1];
	FILE *f = fopen(path, "r");
	size_t size;

	if (!f)
		end(path, strerror(errno));
	size = fread(text, 1, sizeof(text), f);
	if (ferror(f))
		end(path, strerror(errno));
	fclose(f);
	if (size > FILE_SIZE)
		end(path, "a file has up to 65536 bytes");
	return (struct text_file){ path, text, size };
}

static void read_scenario(const struct text_file *file)
{
	static struct scenario scenario;
	char error[SCENARIO_ERROR];

	if (scenario_read(&scenario, file, error)) {
		fprintf(stderr, "%s\n", error);
		exit(STATUS_USAGE);
	}
	printf("scenario %s vcpus=%u pages=%u mixes=%u %s\n", scenario.name,
	       scenario.vcpus, scenario.pages, scenario.mixes, scenario.what);
}

static void read_litmus(const struct text_file *file)
{
	static struct litmus_test test;
	char error[LITMUS_ERROR], *at;

	if (litmus_read(&test, file, error)) {
		fprintf(stderr, "%s\n", error);
		exit(STATUS_USAGE);
	}
	for (at = test.mutants; *at; at++)
		if (*at == ' ')
			*at = ',';
	printf("litmus %s mutants=%s %s\n", test.name, test.mutants, test.what);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length &&
	       !strcmp(text + length - end_length, end);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		struct text_file file = read_file(argv[i]);

		if (ends_with(argv[i], ".scn"))
			read_scenario(&file);
		else if (ends_with(argv[i], ".litmus"))
			read_litmus(&file);
		else
			end(argv[i], "a name that ends in .scn or .litmus");
	}
	return 0;
}
