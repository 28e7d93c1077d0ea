/*
 * Reporting a run on the console, in the records of docs/console.md.
 */
#ifndef LAB_SCENARIO_REPORT_H
#define LAB_SCENARIO_REPORT_H

#include "lab/scenario/run.h"

/* "run K/N ...": a run begins. */
void report_run(const struct run *run);

/* A sign of life from a long phase. */
void report_progress(const struct cell *cell, const char *phase);

/* @phase begins: announce it, and remember all counters. */
__noinline void report_phase_start(const struct cell *cell, const char *phase);

/* It ended: what was counted since, and the least possible beside it. */
__noinline void report_phase_end(const char *phase,
				 const struct least_model *least);

/* Ticks, bounds, message and verdict: the run is over. */
enum verdict report_result(struct run *run);

#endif
