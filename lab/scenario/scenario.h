/*
 * A scenario: what host and guest do, phase by phase (docs/scenarios.md). Each
 * stands in a file, NAME.scn, which read.c reads and perform.c performs.
 */
#ifndef LAB_SCENARIO_SCENARIO_H
#define LAB_SCENARIO_SCENARIO_H

#include "lab/verb/verb.h"

#define SCENARIO_NAME		32	/* a name and its zero byte */
#define SCENARIO_WHAT		100
#define SCENARIO_FILE		64
#define SCENARIO_PHASES		256
#define SCENARIO_STATEMENTS	1024
#define SCENARIO_DEPTH		8	/* blocks in one another */

/* Which pages a statement is about. */
enum selection_kind {
	ALL_PAGES,
	SOME_PAGES,		/* count pages from first on */
	EVERY_PAGE,		/* each count-th page, from the first one on */
	PERCENT_OF_PAGES,	/* count percent, which the seed chooses */
	RANDOM_PAGE,		/* each time another one */
	RANDOM_RANGE,		/* each time 1 to count pages in a row */
};

struct selection {
	enum selection_kind kind;
	u32 first, count;
};

enum statement_kind {
	DO,			/* a verb */
	BLOCK,			/* its body, times times */
	MIX,			/* one statement of its body by chance, times
				 * times; 0: as often as operations= says */
	BESIDE,			/* its body, on CPUs without a vCPU, for each
				 * operation of the MIX before it */
	PACE,			/* wait for the running guest */
	ANYTHING,		/* any verb that may come at any time */
	KEEP_WRITING,		/* a running vCPU writes to pages of its own */
};

enum who {
	WHO_HOST,		/* each host thread a share of the pages */
	WHO_GUEST,		/* each vCPU a share; of reads each vCPU all */
	WHO_VCPU,		/* the one with number vcpu */
};

struct statement {
	enum statement_kind kind;
	u32 line;		/* that it begins in */
	u32 weight;		/* in a MIX */
	u32 times;
	u32 end;		/* index behind the body */
	enum who who;
	u32 vcpu;
	enum verb_id verb;
	struct selection pages;
	bool each;		/* page by page, also what could be a range */
	bool timed;		/* it is what struct scenario .timed names */
	bool per_page;		/* timed as a whole, divided by the pages */
	u32 class;		/* of equal content; 0: pages of their own */
	u32 classes;		/* not 0: one of so many classes, by chance */
	u32 steps;		/* of the scanner; 0: a pass */
	u32 into;		/* a page beside those selected */
};

struct phase {
	char name[SCENARIO_NAME];
	u32 begin, end;		/* statements */
};

struct scenario {
	char name[SCENARIO_NAME];
	char what[SCENARIO_WHAT];	/* for ./tandem list */
	char timed[SCENARIO_NAME];	/* what run->ticks is called */
	u32 vcpus, pages;	/* the fewest that it names */
	bool mixes, keeps_writing;
	u32 phase_count, statement_count;
	struct phase phases[SCENARIO_PHASES];
	struct statement statements[SCENARIO_STATEMENTS];
};

#endif
