/*
 * The steps of docs/contract.md, as points in the running code, and what
 * happens to entries, translations and frames between them. Listeners hear all
 * of it, on the CPU where it happens: the event trace, the run-time checker,
 * the litmus tests that hold an actor at a step, the host tests.
 *
 * A call marks the point where the step of that name is complete, unless it
 * says "begins" below. With nobody listening a step costs a nop.
 */
#ifndef LIB_STEP_H
#define LIB_STEP_H

#include "lib/print.h"
#include "lib/static_key.h"

/* The contract's own names. */
#define CONTRACT_STEPS(X)						\
	X(F1) X(F2) X(F3) X(F4) X(F5)					\
	X(I1) X(I2) X(I3) X(R1) X(R2) X(R3)				\
	X(T2) X(T7) X(N0) X(N1) X(N2) X(N3) X(N4) X(N5) X(N6)			\
	X(E1) X(E2) X(E3) X(X1) X(X2) X(X3)				\
	X(REQUEST) X(KICK) X(FLUSH) X(PRIMARY) X(FREE)

/*
 * What else a checker must know.
 *
 *	name		object	subject	from, to
 *	PTE		mm	hva	P was, P is
 *	SPTE		ept	gfn	S was, S is
 *	OPEN, CLOSE	ept	-	an invalidation of hvas from..to runs
 *	OWED		ept	-	delivery of an owed flush begins
 *	ISSUED		ept	-	it has been delivered
 *	TABLE		ept	pfn	a table page was unlinked
 *	REFS		change	hva	N3 found that many references, and may
 *	ABORT		change	hva	the change is aborted, still under PTL
 *	COMPARE		mm	hva	pfns of a comparison, begins
 *	COPY		mm	hva	pfns of a copy, begins
 *	ALLOC		-	pfn
 *	ENTER		tlb	CPU	E1 is next: the host's tables are left
 *	EXIT		-	CPU	back from the guest, X1 is next
 *	CLEAN		-	CPU	begins to drop its own host translation
 *					of hva from, or (FLUSH_ALL) of all
 *	PFLUSH, PDONE	-	hva	a primary flush of the CPUs in from
 *					begins, and is complete
 */
#define DETAIL_STEPS(X)							\
	X(PTE) X(SPTE) X(OPEN) X(CLOSE) X(OWED) X(ISSUED) X(TABLE)	\
	X(REFS) X(ABORT) X(COMPARE) X(COPY) X(ALLOC) X(ENTER) X(EXIT)	\
	X(CLEAN) X(PFLUSH) X(PDONE)

#define STEPS(X) CONTRACT_STEPS(X) DETAIL_STEPS(X)

enum step {
#define STEP_ENUM(name) STEP_##name,
	STEPS(STEP_ENUM)
#undef STEP_ENUM
	STEP_COUNT,
};

extern const char *const step_names[STEP_COUNT];

static inline bool step_is_detail(enum step step)
{
	return step >= STEP_PTE;
}

/*
 * Of the steps above: F are an ept's and about a gfn. I an ept's, R, T2 and T7
 * (P is none, PTL dropped, the flush still to come) an mm's, N a struct
 * change's, all about an hva. E, X, FLUSH (begins), PRIMARY
 * (begins), KICK are about a CPU; E, FLUSH, KICK are a vcpu_tlb's, and from is
 * the request that a FLUSH takes or a KICK is for. FREE (begins) is about a
 * pfn.
 */
struct step_event {
	enum step step;
	const void *object;	/* whose; NULL: nobody's */
	u64 subject;		/* what it is about */
	u64 from, to;
};

/*
 * Hears everything, in the middle of it: takes no lock of mm/ or ept/. While
 * the explorer tells a step, no other actor runs.
 */
struct step_listener {
	void (*hear)(struct step_listener *listener,
		     const struct step_event *event);
	struct step_listener *next;
};

extern struct static_key step_key;	/* somebody listens */

/* No step is taken meanwhile. The last one added hears first. */
void step_listen(struct step_listener *listener);
void step_unlisten(struct step_listener *listener);

/* Never inline: where nobody listens it would only take registers. */
__noinline void step_tell(enum step step, const void *object, u64 subject,
			  u64 from, u64 to);

static inline bool step_is_heard(void)
{
	return static_key(&step_key);
}

static inline void step_change(enum step step, const void *object, u64 subject,
			       u64 from, u64 to)
{
	if (step_is_heard())
		step_tell(step, object, subject, from, to);
}

static inline void step(enum step step, const void *object, u64 subject)
{
	step_change(step, object, subject, 0, 0);
}

/*
 * A BUG_ON() where instructions are counted: it looks while somebody listens,
 * as the checker and the host tests do, and costs a nop otherwise.
 */
#define STEP_BUG_ON(condition) do {					\
	if (step_is_heard())						\
		BUG_ON(condition);					\
} while (0)

#endif
