/*
 * The run-time checker: hears every step and every change of an entry, and
 * holds them against the rules of docs/contract.md, section 5, while the
 * machine runs. It judges by the model of tlb_model.h, so that it sees what the
 * hardware at hand forgives. Constant cost for each change and each flush.
 *
 * Several VMs at a time, over one address space or several. It takes no lock,
 * and changes nothing but its own records.
 */
#ifndef LAB_CHECK_CHECK_H
#define LAB_CHECK_CHECK_H

#include "ept/ept.h"
#include "lib/step.h"

/* O9 and O10 are about large leaves and soft bits, which are not there yet. T8
 * stands for what a first fault owes to a T7. */
#define RULES(X)							\
	X(O1, "O1") X(O2, "O2") X(O3, "O3") X(O4, "O4") X(O5, "O5")	\
	X(O6, "O6") X(O7, "O7") X(O8, "O8") X(O11, "O11")		\
	X(O12, "O12") X(O13, "O13") X(O14, "O14") X(O15, "O15")		\
	X(O16, "O16") X(O17, "O17") X(T8, "T8")				\
	X(INV_WRITE, "INV-WRITE") X(INV_SUBSET, "INV-SUBSET")

enum rule {
#define RULE_ENUM(rule, name) RULE_##rule,
	RULES(RULE_ENUM)
#undef RULE_ENUM
	RULE_COUNT,
};

/* As docs/contract.md writes them. */
extern const char *const rule_names[RULE_COUNT];

#define CHECK_VMS	8

/*
 * Memory for all frames, and for @vm_count VMs of @gfn_count guest frames each;
 * once, before frames are counted. -ENOMEM.
 */
__must_check int check_init(u32 vm_count, u64 gfn_count);

/* Nothing was violated so far. No VM is watched. */
void check_forget(void);

/* Nothing is violated yet, and no VM watched. */
void check_start(void);

/*
 * Watch @ept, which no vCPU has run on yet, from now on. Nobody steps meanwhile.
 * Without check_init() nothing is watched.
 */
void check_watch(struct ept *ept);

/* No vCPU of @ept runs any more, the ept is still there. Nobody steps. */
void check_unwatch(const struct ept *ept);

/* The same for all that are watched. Also if never started. */
void check_stop(void);

#define CHECK_STEPS	12

struct violation {
	enum rule rule;
	u32 by;			/* the CPU whose step it was */
	u64 cpus;		/* those that may hold what is forbidden */
	enum step step;
	u64 gfn, hva;		/* ~0: not about one */
	u64 s, p;		/* both entries; of a gone S the last one */
	enum step last[CHECK_STEPS];	/* of that CPU, the oldest first */
	u32 last_count;
};

/* Since check_start(). */
u64 check_count(enum rule rule);
u64 check_total(void);

#define CHECK_REPORTS	4

/* The @i-th violation, NULL: there were fewer, or it was not kept. */
const struct violation *check_report(u32 i);

/* "violation rule=O2 gfn=0x.. ..." into @text; see docs/console.md. */
void check_format(const struct violation *violation, char *text, size_t size);

#endif
