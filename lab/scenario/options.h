/*
 * What the command line says of scenarios (docs/console.md).
 */
#ifndef LAB_SCENARIO_OPTIONS_H
#define LAB_SCENARIO_OPTIONS_H

#include "lab/experiment/reading.h"
#include "lab/scenario/scenarios.h"

#define GUEST_IDLE	(1u << 0)
#define GUEST_RUNNING	(1u << 1)

struct scenario_options {
	bool asked[SCENARIOS];
	u32 guest;		/* GUEST_IDLE, GUEST_RUNNING */
	u32 operations;		/* of a mix; 0: not said, 1 a page */
	bool pace_free;
	char phases[OPTIONS_TEXT];	/* to trace; empty: all */
};

extern struct scenario_options scenario_options;
extern const struct words scenario_words;

#endif
