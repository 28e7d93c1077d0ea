/*
 * The matrix of an experiment: each subject that is asked for under each policy
 * and under each mutant. A kind of experiment (scenarios, litmus tests) is a
 * row of functions; what is counted, reported as the plan, and how the boot
 * ends is the same for all.
 */
#ifndef LAB_EXPERIMENT_MATRIX_H
#define LAB_EXPERIMENT_MATRIX_H

#include "lab/experiment/options.h"
#include "lab/experiment/verdict.h"
#include "lab/mutant/mutant.h"
#include "lib/print.h"

/* One of them. */
struct cell {
	const struct options *options;
	u32 subject;
	struct policy policy;		/* the mutant's, if there is one */
	const struct mutant *mutant;	/* NULL: none */
	u32 number, count;		/* from 1 on; of all */
};

struct kind {
	/* Is there enough of everything for what is asked for? Prints what is
	 * not accepted. */
	bool (*fits)(const struct options *options);
	/* Guest frames of the biggest VM that is made. */
	u64 (*gfn_count)(const struct options *options);
	u32 (*subject_count)(void);
	bool (*is_asked)(u32 subject);
	/* Is @mutant to be tried there, if it is asked for? */
	bool (*shows)(const struct options *options, u32 subject,
		      const struct mutant *mutant);
	/* Do it, and report it in records of docs/console.md. */
	enum verdict (*run)(const struct cell *cell);
};

/*
 * Run all cells from options->first on. EXIT_COHERENT: every policy was good,
 * and every mutant that ran was caught at least once; else EXIT_INCOHERENT.
 */
enum machine_exit_status matrix_run(const struct options *options,
				    const struct kind *kind);

#endif
