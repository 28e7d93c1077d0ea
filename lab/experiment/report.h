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

/* What came out there: a record for each rule that was violated, too, and what
 * is known of the first. */
void report_outcome(const struct stage *stage);

#endif
