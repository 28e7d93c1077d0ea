/*
 * The language of operations: what a host thread, a vCPU, a child, a device
 * and the scanner can do to memory. Each is a verb, written once, over one
 * struct party. Litmus tests perform them in the kernel (lab/litmus/) and in
 * the explorer (test/explore/); how an actor gets at memory, and how it waits,
 * is theirs to say.
 */
#ifndef LAB_VERB_VERB_H
#define LAB_VERB_VERB_H

#include "mm/mm.h"

/*
 * A row each: what it is in C, what it is in files, who can do it, whether it
 * sets a register, when it may come, and what is said behind it. A file beside
 * this one has a function do_NAME() for each; for guest code there is a case in
 * guest/litmus.c.
 */
#define VERBS(row)							\
	/* Anybody: a host thread through P, a vCPU through S. */	\
	row(READ, read, "read", BY_ANYBODY, REGISTER, ON_PURPOSE,	\
	    PLACE)			/* register := word */		\
	row(WRITE, write, "write", BY_ANYBODY, NO_REGISTER, ON_PURPOSE,	\
	    PLACE, ARGUMENT_VALUE)	/* word := value */		\
	row(RAISE, raise, "raise", BY_ANYBODY, NO_REGISTER, ON_PURPOSE,	\
	    FLAG)			/* flag := 1 */			\
	row(LOOK, look, "look", BY_ANYBODY, REGISTER, ON_PURPOSE,	\
	    FLAG)			/* register := flag */		\
	row(AWAIT, await, "await", BY_ANYBODY, NO_REGISTER, ON_PURPOSE,	\
	    FLAG)			/* until flag is 1 */		\
	/* Read the word again and again until flag was 1 before a	\
	 * read, 3 times at least: value (old), later other (new), never \
	 * back, and new for certain once the flag was 1. Register :=	\
	 * reads that were not so. */					\
	row(WATCH, watch, "watch", BY_ANYBODY, REGISTER, ON_PURPOSE,	\
	    PLACE, ARGUMENT_VALUE, ARGUMENT_OTHER, ARGUMENT_FLAG)	\
									\
	/* A vCPU's CPU: leave the guest, then access through P there. */ \
	row(OUT_READ, read, "leave-and-read", BY_VCPU, REGISTER,	\
	    ON_PURPOSE,							\
	    PLACE)							\
	row(OUT_WRITE, write, "leave-and-write", BY_VCPU, NO_REGISTER,	\
	    ON_PURPOSE,							\
	    PLACE, ARGUMENT_VALUE)					\
	/* ... and do nothing there: an exit, by CPUID */		\
	row(LEAVE, leave, "leave", BY_VCPU, NO_REGISTER, ON_PURPOSE, NONE) \
									\
	/* Host threads. There is one child at most. */			\
	row(FORK, fork, "fork", BY_HOST, NO_REGISTER, ON_PURPOSE, NONE)	\
	row(CHILD_READ, child_read, "child-read", BY_HOST, REGISTER,	\
	    ON_PURPOSE,							\
	    PLACE)							\
	row(CHILD_WRITE, child_write, "child-write", BY_HOST,		\
	    NO_REGISTER, ON_PURPOSE, PLACE, ARGUMENT_VALUE)		\
	row(CHILD_EXIT, child_exit, "child-exit", BY_HOST,		\
	    NO_REGISTER, ON_PURPOSE, NONE)				\
	/* gup of the page, kept, if there is room; register := 1 if got */ \
	row(PIN, pin, "pin", BY_HOST, REGISTER, ON_PURPOSE, PAGE)	\
	/* register := word, in the pinned frame itself */		\
	row(PIN_READ, pin_read, "read-pinned", BY_HOST, REGISTER,	\
	    ON_PURPOSE,							\
	    PLACE)							\
	/* register := 1 if P maps the pinned frame */			\
	row(PIN_SAME, pin_same, "is-pinned", BY_HOST, REGISTER, ON_PURPOSE,	\
	    PAGE)							\
	row(UNPIN, unpin, "unpin", BY_HOST, NO_REGISTER, ON_PURPOSE,	\
	    PAGE)							\
	row(UNPIN_ALL, unpin_all, "unpin-all", BY_HOST, NO_REGISTER,	\
	    ON_PURPOSE, NONE)						\
	/* page into page into; register := 1 if done */		\
	row(MERGE, merge, "merge", BY_HOST, REGISTER, ANY_TIME,		\
	    PAGE, ARGUMENT_INTO)					\
	/* all pages, for the scanner */				\
	row(MERGEABLE, mergeable, "mergeable", BY_HOST, NO_REGISTER,	\
	    ON_PURPOSE, NONE)						\
	/* so many steps of the scanner (mm/ksm.h), or a whole pass */	\
	row(SCAN, scan, "scan", BY_HOST, NO_REGISTER, ON_PURPOSE, STEPS) \
	row(PROTECT_RO, protect_ro, "protect-ro", BY_HOST,		\
	    NO_REGISTER, ON_PURPOSE, NONE)		/* the whole area */ \
	row(PROTECT_RW, protect_rw, "protect-rw", BY_HOST,		\
	    NO_REGISTER, ON_PURPOSE, NONE)				\
	row(DISCARD, discard, "discard", BY_HOST, NO_REGISTER, ON_PURPOSE,	\
	    PAGES)							\
	/* register := 1 if done */					\
	row(MIGRATE, migrate, "migrate", BY_HOST, REGISTER, ANY_TIME,	\
	    PAGE)							\
	/* take every free frame that was used lately, fill it with	\
	 * value, give it back */					\
	row(REUSE, reuse, "reuse-frames", BY_HOST, NO_REGISTER, ANY_TIME,	\
	    VALUE)							\
	/* what the policy still owes is flushed */			\
	row(COMPLETE, complete, "complete", BY_HOST, NO_REGISTER, ANY_TIME,	\
	    NONE)							\
	/* register := guest faults so far: spurious ones, all */	\
	row(SPURIOUS, spurious, "spurious", BY_HOST, REGISTER, ON_PURPOSE,	\
	    NONE)							\
	row(FAULTS, faults, "faults", BY_HOST, REGISTER, ON_PURPOSE,	\
	    NONE)							\

enum verb_id {
	VERB_END,		/* behind the last one */
#define VERB_ID(id, ...) VERB_##id,
	VERBS(VERB_ID)
#undef VERB_ID
	VERB_COUNT,
};

#define VERB_ALIAS	(1u << 31)	/* .page: through the second memslot */

/* A verb with what it is told. */
struct action {
	enum verb_id verb;
	u32 page, into;		/* numbers within the area */
	u32 count;		/* of pages */
	u16 word;
	u8 flag;
	u8 who;			/* where a list has several actors in turn */
	u64 value, other;
};

/* What is said behind a verb, in this order; how to say it: reader.h. */
enum argument {
	ARGUMENT_NONE,
	ARGUMENT_PLACE,		/* page, and word */
	ARGUMENT_PAGE,
	ARGUMENT_PAGES,		/* page, count */
	ARGUMENT_INTO,
	ARGUMENT_VALUE,
	ARGUMENT_OTHER,
	ARGUMENT_FLAG,
	ARGUMENT_STEPS,		/* count; none: 0 */
};

#define VERB_ARGUMENTS	4

enum performer {
	BY_ANYBODY,
	BY_HOST,		/* a host thread */
	BY_VCPU,		/* on a vCPU's CPU, outside of the guest */
};

enum result { NO_REGISTER, REGISTER };

/* ANY_TIME: it changes no content, and needs nothing before it or after. Then
 * random sequences perform it as it is. */
enum use { ON_PURPOSE, ANY_TIME };

struct verb {
	const char *name;
	enum performer by;
	enum result result;
	enum use use;
	enum argument arguments[VERB_ARGUMENTS + 1];	/* up to NONE */
};

extern const struct verb verbs[VERB_COUNT];

/* Does @verb set a register? */
static inline bool verb_sets_register(enum verb_id verb)
{
	return verbs[verb].result == REGISTER;
}

/* One of those that may come at any time; @draw is any number. */
enum verb_id verb_any_time(u32 draw);

struct player;

struct access {
	/*
	 * Word @word of @page (VERB_ALIAS may be in it) through the MMU that
	 * the actor uses, faults and all. -EFAULT: it has no such right, and
	 * nothing happened; -ENOMEM.
	 */
	int (*read)(struct player *player, u32 page, u32 word, u64 *value);
	int (*write)(struct player *player, u32 page, u32 word, u64 value);

	/* Somebody else has to get on first. False: he had time enough. */
	bool (*wait)(struct player *player);

	/* Before each page of a verb that goes through many; NULL: nothing.
	 * -EBUSY: somebody does not get on, and the verb ends. */
	int (*pace)(struct player *player);
};

/* An actor while it plays. A host thread has party->mm loaded. */
struct player {
	struct party *party;
	const struct access *access;
	u32 index;		/* which actor */
	u64 ticks;		/* how long a verb worked, if that is less
				 * than all that it does; 0: it does not say */
};

#define PARTY_FLAGS	2
#define PARTY_PINS	4

/* What those who act together share. */
struct party {
	struct mm *mm;			/* the VM's */
	struct hva_range area;		/* its data */
	u64 *flags;			/* PARTY_FLAGS words; actors poll them */
	/* Flush what the policy still owes; NULL: it never owes anything. */
	void (*complete)(struct party *party);

	spinlock_t lock;		/* leaf: child, pins */
	struct mm *child;
	struct pin {
		u32 page;
		struct frame *frame;	/* NULL: none */
	} pins[PARTY_PINS];
	bool read_only;			/* since PROTECT_RO */
	bool mergeable;			/* since MERGEABLE */

	u64 spurious_before, faults_before;	/* as the actors began */
	u64 free_frames;		/* between rounds, INV-FREE */
};

/* A register of a verb that found nothing to look at (no child, no pin). */
#define VERB_NOTHING	(~0ull)

/*
 * Begin with @party, whose upper part is filled in and whose mm is current.
 * Makes the tables of the area, so that rounds are equal. -ENOMEM.
 */
__must_check int party_init(struct party *party);

/* All that is initially done is done: the actors begin. */
void party_begin(struct party *party);

/* No child, no pin, no scanner: the party is over. party->mm is current. */
void party_leave(struct party *party);

/*
 * Back to the initial state: no child, no pin, flags 0, the area writable and
 * its content forgotten. Nobody acts, party->mm is current. Returns how many
 * frames have gone (negative: come) since party_init(): 0, or INV-FREE
 * is broken.
 */
__must_check s64 party_reset(struct party *party);

/*
 * Perform @action. Sets *@reg if the verb sets a register. -ENOMEM; -EBUSY: it
 * waited, and wait() or pace() gave up.
 */
__must_check int verb_perform(struct player *player,
			      const struct action *action, u64 *reg);

/* Perform up to @count of @actions, up to the first END; the registers that
 * they set go to @regs in turn. Errors as above. */
__must_check int verb_play(struct player *player, const struct action *actions,
			   u32 count, u64 *regs);

/* Where the host finds @word of @page. */
static inline u64 *party_word(const struct party *party, u32 page, u32 word)
{
	u64 offset = (u64)(page & ~VERB_ALIAS) * PAGE_SIZE + word * sizeof(u64);

	return (u64 *)(party->area.start.v + offset);
}

#endif
