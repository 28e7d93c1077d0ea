/*
 * Litmus tests in the kernel: how many rounds, and what is made of them.
 */
#ifndef LAB_LITMUS_RUN_H
#define LAB_LITMUS_RUN_H

#include "lab/experiment/matrix.h"

/*
 * Litmus tests as a kind of experiment. Good is no forbidden outcome, violation
 * or leak; a mutant is tried with the tests that it shows in.
 */
extern const struct kind litmus_kind;

#endif
