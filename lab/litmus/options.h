/*
 * What the command line says of litmus tests (docs/console.md).
 */
#ifndef LAB_LITMUS_OPTIONS_H
#define LAB_LITMUS_OPTIONS_H

#include "lab/experiment/reading.h"
#include "lab/litmus/schedule.h"
#include "lab/litmus/tests.h"

struct litmus_options {
	bool wanted;		/* these, not scenarios */
	bool asked[LITMUS_TESTS];
	u32 rounds;		/* of each; 0: one sweep */
	struct schedule_plan plan;	/* hold=, schedule= */
};

extern struct litmus_options litmus_options;
extern const struct words litmus_words;

#endif
