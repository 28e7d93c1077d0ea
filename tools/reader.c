/*
 * Reads scenario and litmus files with the kernel's own readers, before
 * anything boots: a program of the host, for ./tandem and for people.
 *
 *	build/reader FILE...
 *
 * For each file a line "scenario NAME vcpus=N pages=N mixes=0|1 what" or
 * "litmus NAME line=N mutants=A,B what" on standard output. Status 2: one is wrong,
 * and standard error says why.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lab/litmus/read.h"
#include "lab/scenario/read.h"
#include "tools/text_file.h"

#define STATUS_USAGE	2

static __noreturn void end(const char *path, const char *why)
{
	fprintf(stderr, "%s is not accepted: %s\n", path, why);
	exit(STATUS_USAGE);
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
	printf("litmus %s line=%u mutants=%s %s\n", test.name,
	       test.mutants_line, test.mutants, test.what);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		struct text_file file;
		const char *why = text_file_read(argv[i], &file);

		if (why)
			end(argv[i], why);
		if (text_file_is(&file, ".scn"))
			read_scenario(&file);
		else if (text_file_is(&file, ".litmus"))
			read_litmus(&file);
		else
			end(argv[i], "a name that ends in .scn or .litmus");
	}
	return 0;
}
