/*
 * What an experiment of any kind plays on: a VM under a policy or a mutant,
 * watched by the checker, and nothing left of it at the end (INV-FREE).
 */
#ifndef LAB_EXPERIMENT_STAGE_H
#define LAB_EXPERIMENT_STAGE_H

#include "lab/experiment/matrix.h"
#include "lab/verb/verb.h"
#include "vmm/vm.h"

struct stage {
	struct vm vm;
	struct party party;	/* who acts there: mm, child, pins */
	u64 free_before;	/* frames */

	/* What came out. */
	u64 violations;		/* of rules, as the checker heard them */
	s64 leaked_frames;
	char message[200];	/* why it broke off; empty: it did not */
};

/*
 * Make the VM of @config under the policy of @cell, which stays where it is,
 * arm its mutant, and let the checker watch. @stage is all zero. False: it
 * broke off, and nothing is left.
 */
__must_check bool stage_open(struct stage *stage, const struct cell *cell,
			     struct vm_config config);

/* The party leaves; what it had is given back, and counted. No vCPU runs. */
void stage_close(struct stage *stage);

/* It breaks off because of @why; or at @where because of @err, if the guest has
 * no story of its own. The first reason counts. */
void stage_stop(struct stage *stage, const char *why);
void stage_fail(struct stage *stage, const char *where, int err);

/* The verdict, if the experiment itself has come to @seen. */
enum verdict stage_verdict(const struct stage *stage, enum verdict seen);

#endif
