/*
 * Performing a scenario over a VM.
 */
#ifndef LAB_SCENARIO_PERFORM_H
#define LAB_SCENARIO_PERFORM_H

#include "lab/scenario/run.h"

/*
 * Perform phase @phase of run->scenario. The VM's address space is current.
 * Errors as those of mm/, -EBUSY if the guest does not get on, and what
 * happened then is in run->vm.message.
 */
__must_check int scenario_perform(struct run *run, const struct phase *phase);

/* Before the first phase, and when all is over. -ENOMEM. */
__must_check int scenario_begin(struct run *run);
void scenario_end(struct run *run);

#endif
