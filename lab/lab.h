/*
 * The experiments: what the command line asks for, run by run.
 */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "lib/print.h"
#include "lib/scan.h"

/* The boot scenarios, which lab/ itself knows nothing of. */
struct lab_tests {
	/* Under @policies, bit i for policies[i], where it goes over them;
	 * returns how many failed. */
	int (*run)(const char *names, u64 policies);
	const char *(*name)(u32 index);		/* NULL: no such */
};

/*
 * Do what @command_line says (docs/console.md); returns how the boot ends. The
 * files stay where they are.
 */
enum machine_exit_status lab_main(const char *command_line,
				  const struct lab_tests *tests,
				  const struct text_file *files,
				  u32 file_count);

#endif
