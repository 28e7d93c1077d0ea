/*
 * The bench: what one operation costs. Each is a scenario, lab/bench/NAME.scn,
 * that times one of its statements under that name.
 */
#ifndef LAB_BENCH_BENCH_H
#define LAB_BENCH_BENCH_H

#include "lab/experiment/matrix.h"
#include "lab/experiment/reading.h"
#include "lab/scenario/scenarios.h"

#define BENCH_OPERATIONS	32

struct bench_options {
	bool wanted;		/* bench= was said */
	bool asked[BENCH_OPERATIONS];
};

extern struct bench_options bench_options;
extern const struct words bench_words;
extern const struct kind bench_kind;

/* Read the files that the image carries. Once, before anything else. */
void bench_add_built_in(void);

extern struct scenario_file bench_operations[BENCH_OPERATIONS];
extern u32 bench_count;

#endif
