/*
 * Every interleaving of a few actors, each of which is a CPU that runs code as
 * it is: one schedule after the other, each from the same beginning, until
 * there is no choice left that was not tried.
 *
 * An actor can be preempted before each access that conflicts with another
 * actor's, and before it takes a lock; it can be interrupted there, or later;
 * and its last WRITE_ONCE() may still be in its store buffer when the others
 * look (SDM vol. 3, "Memory Ordering"). Which words two actors share, one of
 * them for writing, is learnt from the schedules, and so is for which of them
 * plain code races; one more, and all begins anew. To stop elsewhere as well,
 * at a step for one, would show the actors nothing else. (A listener to steps
 * hears one of the orders of those that nothing orders, unless stop_at_steps.)
 *
 * An actor that was preempted goes on only when somebody has met what it does
 * next, or its late store: if nobody has, the schedule in which it did that
 * before it was preempted shows the same and needs no more preemptions. It goes
 * on in any case once another one waits, or its CPU gets an interrupt. (As sleep
 * sets do; but these leave out schedules within a bound for others beyond it:
 * Coons, Musuvathi, McKinley, "Bounded Partial-Order Reduction", 2013.)
 *
 * What bounds the search is the number of preemptions: times that an actor
 * which could go on does not, or that its interrupt comes late. Waiting for
 * another actor is none. A state that is met again, with no more preemptions
 * left than before, is not continued: what the actors share, what each has read
 * so far, and where it stands. What a listener has noted is no part of it.
 */
#ifndef TEST_EXPLORE_ENGINE_H
#define TEST_EXPLORE_ENGINE_H

#include "lib/compiler.h"

#define EXPLORE_ACTORS	4
#define EXPLORE_CHOICES	8192
#define EXPLORE_WORDS	2048

struct exploration {
	void (*build)(void);	/* the beginning: once, as CPU 0 */
	struct {
		void (*run)(void);
		u32 cpu;
	} actors[EXPLORE_ACTORS];
	u32 count;
	void (*watch)(void);	/* a step was heard: is all well? Or NULL */
	void (*judge)(void);	/* the end: as CPU 0, all actors have ended */
	u32 preemptions;
	bool reduce;		/* leave out what shows nothing else */
	bool stop_at_steps;	/* too: see above */
};

/* The choices of one schedule, and all that it takes to make them again. */
struct schedule {
	u32 preemptions;	/* that it needs */
	bool reduced;		/* its choices are those of a reduced search */
	u32 points;		/* its length */
	u32 choice_count, word_count;
	u16 choices[EXPLORE_CHOICES];
	u32 words[EXPLORE_WORDS];	/* that are shared */
	char why[160];		/* what it has found */
};

enum explore_kind {
	FOUND_OUTCOME,		/* by judge() */
	FOUND_VIOLATION,	/* by watch() */
	FOUND_DEATH,		/* a panic, a deadlock, no end */
	EXPLORE_KINDS,
};

struct explore_result {
	u64 states, schedules, pruned;
	u64 ends, ends_hash;	/* states in which a schedule has ended */
	u32 words;		/* that are shared */
	u64 found[EXPLORE_KINDS];	/* schedules that found that */
	struct schedule shortest;	/* of these */
};

/* Explore all of @what, once in a process. */
void explore(const struct exploration *what, struct explore_result *result);

/* Run @schedule of @what; NULL, or what it has found. */
const char *explore_replay(const struct exploration *what,
			   const struct schedule *schedule);

/* By an actor: another one has to get on first. Unlike in a wait of the kernel's
 * own, what it has seen so far it will not forget. */
void explore_yield(void);

/*
 * For code under exploration, watch() and judge(): this must not be. The
 * schedule ends here.
 */
__noreturn void explore_found(enum explore_kind kind, const char *format, ...)
	__printf(2, 3);

static inline u64 explore_found_any(const struct explore_result *result)
{
	return result->found[FOUND_OUTCOME] + result->found[FOUND_VIOLATION] +
	       result->found[FOUND_DEATH];
}

#endif
