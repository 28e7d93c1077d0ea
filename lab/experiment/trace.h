/*
 * The event trace: the contract's steps with their time and CPU, kept in a
 * ring for each CPU and printed when the run is over.
 */
#ifndef LAB_EXPERIMENT_TRACE_H
#define LAB_EXPERIMENT_TRACE_H

#include "lib/compiler.h"

/* Take memory for the rings, once. -ENOMEM. */
__must_check int trace_init(void);

/* Begin to record; earlier events are forgotten. */
void trace_start(void);

/* Stop recording and print what is kept, CPU by CPU in order of time. */
void trace_stop(void);

#endif
