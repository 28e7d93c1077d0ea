/*
 * The experiments: what the command line asks for, run by run.
 */
#ifndef LAB_EXPERIMENT_LAB_H
#define LAB_EXPERIMENT_LAB_H

#include "lib/print.h"

/* The boot scenarios, which lab/ itself knows nothing of. */
struct lab_tests {
	int (*run)(const char *names);		/* returns how many failed */
	const char *(*name)(u32 index);		/* NULL: no such */
};

/* A file of the user's own, which the boot loader has brought along. */
struct lab_file {
	const char *name;	/* no other file has it */
	const char *text;	/* any bytes, and no zero byte behind them */
	size_t size;
};

/*
 * Do what @command_line says (docs/console.md); returns how the boot ends. The
 * files stay where they are.
 */
enum machine_exit_status lab_main(const char *command_line,
				  const struct lab_tests *tests,
				  const struct lab_file *files,
				  u32 file_count);

#endif
