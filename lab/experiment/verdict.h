/*
 * What comes of an experiment, whatever it was: one list for all kinds.
 */
#ifndef LAB_EXPERIMENT_VERDICT_H
#define LAB_EXPERIMENT_VERDICT_H

#include "lib/types.h"

enum verdict {
	/* Of a scenario. */
	VERDICT_COHERENT,
	VERDICT_STALE,		/* somebody read what was not there any more */

	/* Of a litmus test. */
	VERDICT_ALLOWED,	/* whatever came out */
	VERDICT_NOT_SEEN,	/* the outcome is forbidden */
	VERDICT_SEEN,		/* although it is forbidden */
	VERDICT_SKIPPED,	/* too few CPUs */

	/* Of both. */
	VERDICT_VIOLATION,	/* a rule was broken, seen by lab/check/check.c */
	VERDICT_LEAK,		/* INV-FREE */
	VERDICT_DIED,		/* it broke off */
	VERDICT_COUNT,
};

/* As the records on the console have it (docs/console.md). */
extern const char *const verdict_names[VERDICT_COUNT];

/* Is that what a correct policy gets? */
bool verdict_is_good(enum verdict verdict);

/* Does it show that a rule was broken? */
bool verdict_catches(enum verdict verdict);

#endif
