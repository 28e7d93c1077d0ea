/*
 * Reporting on the console, in the records of docs/console.md: what is the same
 * for experiments of all kinds.
 */
#ifndef LAB_EXPERIMENT_REPORT_H
#define LAB_EXPERIMENT_REPORT_H

#include "lab/experiment/stage.h"

/* The machine, once. */
void report_machine(void);

/* The rows of the policies that were put together on the command line. */
void report_own_policies(const struct options *options);

/* "run K/N WHAT=NAME ...", to which a kind adds words of its own: it begins. */
void report_begin(const struct cell *cell, const char *what, const char *name);

/* What came out on a stage, a record for each rule that was violated too, and
 * what is known of the first; then "result K/N ...", as above: it is over. */
void report_end(const struct cell *cell, const struct stage *stage,
		enum verdict verdict);

#endif
