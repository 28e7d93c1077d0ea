/*
 * The workloads: what host and guest do, phase by phase, and the least that it
 * could cost (docs/expected-counts.md).
 */
#ifndef LAB_SCENARIO_WORKLOAD_H
#define LAB_SCENARIO_WORKLOAD_H

#include "lib/compiler.h"

struct run;

/* The least that a phase needs: so much at all, and so much for each page. */
struct least {
	u32 requests, requests_per_page;		/* secondary flush requests */
	u32 primary, primary_per_page;		/* primary flush requests */
	u32 faults_per_page;			/* guest faults */
	u32 min_pages;				/* with fewer: nothing at all */
};

/*
 * One phase: a function for the whole of it, or one for each page, before
 * which the running guest is waited for. Both return 0 or an error that ends
 * the run.
 */
struct phase {
	const char *name;
	int (*whole)(struct run *run);
	int (*page)(struct run *run, u32 page);
	struct least least;
};

#define MAX_PHASES	6

struct workload {
	const char *name;
	const char *what;		/* for ./tandem list */
	const char *host_op;		/* what run->host_ticks measures */
	struct phase phases[MAX_PHASES];	/* up to the first without name */
};

extern const struct workload workloads[];
extern const u32 workload_count;

#endif
