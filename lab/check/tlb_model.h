/*
 * What the CPUs may still hold of one set of tables: the model "may hold" of
 * docs/contract.md, section 8, and as far as an entry's A tells the model "did
 * access". A CPU may hold whatever was visible to it in a
 * present entry since its last flush while it used the tables, over exits and
 * entries, whatever the hardware at hand forgets by itself.
 *
 * A clock orders the ends of translations and the flushes. An end is stamped
 * after the entry has changed, a flush before it is executed: a flush with the
 * later stamp covers the end for certain. Constant cost for each.
 *
 *	changer				CPU that uses the tables
 *
 *	change the entry		read the request
 *	end := clock++			flushed := clock++
 *	request, wait			flush
 *	is it covered?			in use := 1
 */
#ifndef LAB_CHECK_TLB_MODEL_H
#define LAB_CHECK_TLB_MODEL_H

#include "arch/x86/cpu.h"

/* The next tick; never 0. */
u64 tlb_model_clock(void);

struct tlb_model {
	struct tlb_model_cpu {
		u64 flushed;	/* stamp of the last flush that has begun */
		u64 entered;	/* of the first use after it; earlier: none */
		u64 due;	/* ends up to here are covered before the next
				 * use, or it is a violation */
		u32 in_use;	/* these tables, now */
	} cpus[MAX_CPUS];
};

enum tlb_use {
	TLB_IN_USE,		/* every CPU uses the tables, and is clean */
	TLB_STALE,		/* none does, but each may hold something of
				 * who had the tables before (O13) */
};

void tlb_model_reset(struct tlb_model *model, enum tlb_use use);

/* By the CPU itself. */
void tlb_model_flush(struct tlb_model *model, u32 cpu);
void tlb_model_stop_use(struct tlb_model *model, u32 cpu);

/* From now on @cpu uses the tables. False: it may hold what was due. */
__must_check bool tlb_model_start_use(struct tlb_model *model, u32 cpu);

/* May @cpu, which uses them or not, hold a translation that ended at @end? */
bool tlb_model_may_hold(const struct tlb_model *model, u32 cpu, u64 end);

/*
 * How many CPUs did access what is in an entry, at most: those that have used
 * the tables since their last flush. (Which of them did, only the entry's A
 * could say, and it is one for all.)
 */
u32 tlb_model_users(const struct tlb_model *model);

/*
 * The CPUs of @mask that use the tables now and may hold a translation whose
 * end is stamped @end. None of the others may begin to before it has flushed:
 * tlb_model_start_use() watches that.
 */
u64 tlb_model_demand(struct tlb_model *model, u64 mask, u64 end);

#endif
