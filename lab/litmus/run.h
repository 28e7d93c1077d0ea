/*
 * Litmus tests in the kernel: which under which policy, how many rounds, and
 * what is made of them.
 */
#ifndef LAB_LITMUS_RUN_H
#define LAB_LITMUS_RUN_H

#include "lab/experiment/options.h"

/*
 * Run each test that @options ask for under each policy, and under each mutant
 * that it shows; report each in a record (docs/console.md). True: no forbidden
 * outcome, violation or leak under a policy, and each mutant was caught.
 */
bool litmus_matrix(const struct options *options);

#endif
