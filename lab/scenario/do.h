/*
 * One statement of a scenario, over the pages that it selects.
 */
#ifndef LAB_SCENARIO_DO_H
#define LAB_SCENARIO_DO_H

#include "lab/scenario/run.h"

/* Where a statement stands: in a mix, what cannot be done is left. */
enum place { IN_TURN, IN_MIX };

/* On CPU 0, the VM's address space current. Errors as scenario_perform(). */
__must_check int do_statement(struct run *run,
			      const struct statement *statement,
			      enum place place);

/* A verb that may come at any time, with pages by chance. */
__must_check int do_anything(struct run *run);

/* The same on another CPU, for what changes no content; chance from @random.
 * Without memory CPU 0 will say so. */
void do_beside(struct run *run, const struct statement *statement,
	       u64 *random);

/* The pages that the host may write to: all, or those before the guest's. */
u32 host_pages(const struct run *run);

#endif
