/*
 * The event trace: what lib/step.h tells, with its time and CPU, kept in a ring
 * for each CPU and printed when the run is over (docs/console.md).
 */
#ifndef LAB_EXPERIMENT_TRACE_H
#define LAB_EXPERIMENT_TRACE_H

#include "lib/compiler.h"

/* Take memory for the rings, once. -ENOMEM. */
__must_check int trace_init(void);

/* Begin to record; earlier events are forgotten. */
void trace_start(void);

/* Phase @name begins; say so, and record it if it is wanted. */
void trace_phase(const char *name, bool is_wanted);

/* Stop recording and print what is kept, CPU by CPU in order of time. A CPU
 * whose ring was too small says when it began, and how much it has lost. */
void trace_stop(void);

#endif
