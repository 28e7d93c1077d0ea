/*
 * What the files of the checker share.
 */
#ifndef LAB_CHECK_STATE_H
#define LAB_CHECK_STATE_H

#include "lab/check/check.h"
#include "lab/check/records.h"
#include "lab/check/tlb_model.h"
#include "mm/change.h"
#include "mm/hpt.h"
#include "mm/rmap.h"

/* Of each frame, as the primary MMU uses it. Stamps are those of tlb_model.h. */
struct frame_record {
	u64 p_removed;		/* a P that mapped it was cleared, and what that
				 * owes is not flushed: primary.c */
	u32 writable_ptes;
};

/* Of each frame, as a VM uses it. */
struct use_record {
	u64 removed;		/* a translation of S to it ended last */
	u64 write_removed;	/* and one that allowed writing */
	u64 replaced;		/* a translation gave way to one to it last */
	u32 writable_leaves;	/* S that allow it to be written now */
	u32 leaves;		/* S that map it now */
	bool is_table;		/* was one of the ept's, and is unlinked */
};

/* Of each gfn of a VM. Under ML. */
struct gfn_record {
	u64 shadow;		/* S as it was changed last, without A and D */
	u64 removed;		/* stamp: a translation ended last */
	u64 was;		/* S before that */
	u64 p_removed;		/* stamp: P was taken away last. Under PTL */
};

#define CHECK_BRACKETS	2

/* What a CPU is in the middle of, in one VM. Written by that CPU alone. */
struct vm_cpu_record {
	u64 seq;			/* at N2 */
	struct hva_range brackets[CHECK_BRACKETS];	/* OPEN, no CLOSE yet */
	u32 bracket_count;
	u64 fault_gfn;			/* + 1, between F4 and F5; 0: none */
	u64 owed;			/* stamp at OWED */
	const struct vcpu_tlb *tlb;	/* of the vCPU that it ran last */
};

struct check_vm {
	struct ept *ept;		/* NULL: not watched */
	struct tlb_model secondary;	/* use: from E3 to the exit */
	struct records uses, gfns;
	struct vm_cpu_record cpus[MAX_CPUS];
};

/* And in an address space. The same. */
struct cpu_record {
	u64 changing;			/* hva + 1, between N1 and N5; 0: none */
	const struct mm *changing_mm;
	bool empty;			/* N2 is done */
	bool counted;			/* N3 saw the right references */
	struct check_vm *running;	/* between E3 and the exit */
	u64 primary;			/* stamp at PFLUSH */
	u64 page_stamp, page;		/* its last flush of one page */
	/* The end of the P that it cleared last; 0: flushed since. */
	u64 cleared, cleared_hva, cleared_pfn;
	u64 protected;			/* stamp: it took W from a P last */
	enum step last[CHECK_STEPS];
	u32 last_count;
};

struct check {
	struct check_vm vms[CHECK_VMS];
	u32 vm_count;			/* that there is memory for */
	struct tlb_model primary;	/* use: from X3 to the entry */
	struct records frames;
	struct cpu_record cpus[MAX_CPUS];
	u64 changes_ended;	/* atomic; each before cpus[].changing goes */
};
extern struct check check;

#define CHECK_ALL_CPUS	(~0ull)
#define CHECK_NONE	(~0ull)		/* no gfn, no hva */

static inline struct cpu_record *check_cpu(void)
{
	return &check.cpus[cpu_id()];
}

static inline struct frame_record *check_frame(u64 pfn)
{
	return records_at(&check.frames, pfn);
}

static inline struct vm_cpu_record *check_vm_cpu(struct check_vm *vm)
{
	return &vm->cpus[cpu_id()];
}

static inline struct use_record *check_use(const struct check_vm *vm, u64 pfn)
{
	return records_at(&vm->uses, pfn);
}

/* The record of @gfn, which is in a memslot of @vm. */
struct gfn_record *check_gfn(const struct check_vm *vm, u64 gfn);

/* Each VM that is watched, and each of those over @mm_. */
#define for_each_checked_vm(vm)						\
	for (struct check_vm *vm = check.vms;				\
	     vm < check.vms + check.vm_count; vm++)			\
		if (vm->ept)

#define for_each_vm_over(vm, mm_)					\
	for_each_checked_vm(vm)						\
		if (vm->ept->mm == (mm_))

/* What is wrong in @vm (NULL: in none), about a gfn or an hva or both
 * (CHECK_NONE). */
void check_violated(const struct check_vm *vm, enum rule rule,
		    const struct step_event *event, u64 gfn, u64 hva, u64 cpus);

/* P of @hva as it is now. */
pte_t check_pte(const struct check_vm *vm, hva_t hva);

/* Has S rights that P has not? */
bool check_exceeds(const struct check_vm *vm, spte_t s, pte_t p);

/* Is @hva between N1 and N5, or in an invalidation that runs, on any CPU? */
bool check_in_window(const struct check_vm *vm, hva_t hva);
bool check_in_bracket(const struct check_vm *vm, hva_t hva);

/* Is it in an invalidation that runs on another CPU? */
bool check_in_other_bracket(const struct check_vm *vm, hva_t hva);

/*
 * What ended in @vm at @end (0: nothing did) must be flushed: on all CPUs that
 * are in the guest now, and on the others before they enter, as they have been
 * asked to. Violates @rule if not.
 */
void check_flushed(struct check_vm *vm, enum rule rule,
		   const struct step_event *event, u64 gfn, u64 hva, u64 end);

/* The aliases of @hva in @vm: each gfn that stands for it. */
#define for_each_alias(gfn_, vm_, hva_)					\
	for (u32 slot_ = 0; slot_ < (vm_)->ept->slots.count; slot_++)	\
		for (gfn_t gfn_, end_, *once_ = memslot_gfns(		\
			&(vm_)->ept->slots.slots[slot_], page_range(hva_), \
			&gfn_, &end_) ? &gfn_ : NULL; once_; once_ = NULL)

/*
 * CPUs that use the tables of @mm. One that is leaving stands in cpu_mask still,
 * but what it executes next drops all; one that is coming is stamped as clean
 * before it stands here: mm_switch().
 */
u64 check_loaded_by(const struct mm *mm);

/*
 * The end of a P's translation, with the CPUs that have its tables loaded: one
 * word, since two address spaces may let go of a frame at once.
 */
#define END_CPUS	16

_Static_assert(MAX_CPUS <= END_CPUS, "a mask of CPUs and a stamp in one word");

static inline u64 check_end_of(const struct mm *mm)
{
	u64 stamp = tlb_model_clock();

	/* In this order: who comes after the stamp is clean after it. */
	return stamp << END_CPUS | check_loaded_by(mm);
}

static inline u64 check_end_stamp(u64 end)
{
	return end >> END_CPUS;
}

static inline u64 check_end_mask(u64 end)
{
	return end & ((1ull << END_CPUS) - 1);
}

/* Has S rights that P has not, while nobody changes P? */
bool check_exceeds_for_long(const struct check_vm *vm, spte_t s, hva_t hva);

/* OPEN, I1 and CLOSE of an invalidation, for secondary.c. */
void check_on_open(struct check_vm *vm, const struct step_event *event);
void check_on_i1(struct check_vm *vm, const struct step_event *event);
void check_on_close(struct check_vm *vm, const struct step_event *event);

/* What each group of events means; check.c hands them out. */
void check_hear_secondary(const struct step_event *event);
void check_hear_vcpu(const struct step_event *event);
void check_hear_request(const struct step_event *event);
void check_hear_primary(const struct step_event *event);
void check_hear_change(const struct step_event *event);
void check_hear_frame(const struct step_event *event);

#endif
