/*
 * Between the files of test/explore/: the schedule that is under way.
 */
#ifndef TEST_EXPLORE_INTERNAL_H
#define TEST_EXPLORE_INTERNAL_H

#include "test/explore/engine.h"

/* What an actor does when it goes on. */
struct next {
	u32 id, how;		/* id 0: whatever it may be */
	bool late;		/* it stores, and that may be late */
};

/* It was preempted; to go on before somebody meets ... is in vain. */
enum asleep {
	AWAKE,
	ASLEEP_NEXT,		/* what it does next */
	ASLEEP_LATE,		/* its last store, which is late */
};

struct actor {
	void *stack_pointer;	/* while it has not the turn */
	char *stack;
	struct cpu *cpu;
	/*
	 * The values that it has read, in order: all that decides what it has
	 * done and will do. But what it read while it only waited does not
	 * matter: looked is from before, unless it has done something since.
	 */
	u64 reads, looked;
	u64 progress;		/* its CPU's, when it last waited */
	bool wrote;		/* since then */
	bool ended;		/* only answers interrupts */
	bool waiting;		/* looks again when a word of seen changes */
	bool woken;		/* one has */
	bool delayed;		/* its interrupt has not arrived yet */
	bool answering;		/* it arrives just now */
	enum asleep asleep;
	struct next next;	/* while it is asleep */
	u64 tried;		/* run->writes when it last looked in vain */
	u32 clock[EXPLORE_ACTORS];	/* what of each actor came before */
	u64 seen[EXPLORE_WORDS / 64];	/* shared words read since it waited */
	struct {
		volatile void *to;	/* NULL: the store buffer is empty */
		u64 value;
		u32 size, word;
	} store;
};

/* Of a shared word: what came before its last write and the reads since, and
 * when plain code used it. */
struct order {
	u32 write_clock[EXPLORE_ACTORS], read_clock[EXPLORE_ACTORS];
	u32 plain_write[EXPLORE_ACTORS], plain_read[EXPLORE_ACTORS];
};

#define STACK_SIZE	(256 * 1024ul)

struct run {
	const struct exploration *what;
	struct actor actors[EXPLORE_ACTORS];
	u32 turn;
	bool active;		/* an actor's own code runs: accesses count */
	u32 left;		/* preemptions */
	u32 points;
	u64 writes;		/* to shared words */
	bool learned;		/* something about a word: begin anew */
	struct order order[EXPLORE_WORDS];
};
extern struct run *run;

static inline u64 mix(u64 state, u64 what)
{
	u64 h = (state ^ what) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9ull;
	return h ^ h >> 32;
}

static inline struct actor *run_current(void)
{
	return &run->actors[run->turn];
}

/* engine.c: ends the schedule if its state was met before; one of @options, 0
 * first; all actors have ended. */
void search_continue_if_new(void);
u32 search_choose(u32 options);
__noreturn void search_is_in_vain(void);
__noreturn void search_schedule_is_over(void);

/* turn.c: the actor whose turn it is may be interrupted, or preempted, before
 * it does @next; or it waits until something that it has seen changes. */
void turn_point(struct next next);
void turn_wait(void);

/* @actor uses shared word @id so: who sleeps until then wakes up. */
void turn_met(u32 actor, u32 id, u32 how);
u32 turn_asleep(void);		/* a bit an actor */

enum { READS = 1 << 0, WRITES = 1 << EXPLORE_ACTORS };

/*
 * order.c: an access of @actor to shared word @id, READS or WRITES, takes its
 * place among those that conflict with it. Or it is one of plain code, which
 * uses shared words only when other accesses, those of a lock for one, have put
 * these uses in an order: then there is nothing to explore about them. If not
 * it is a race, and from then on an access like any other.
 */
void order_access(u32 actor, u32 id, u32 how);
void order_plain(u32 id, u32 how);

/* Whoever has seen @id looks again. */
void order_wake(u32 id, u32 writer);

/* access.c */
void access_start(void);		/* once */
void access_begin(void);		/* a schedule */
void access_drain(u32 actor);		/* its store buffer */
u64 access_contents(void);		/* of all shared words, mixed */
u64 access_end(void);	/* the same, in whatever order they were learnt */

/* The current actor uses @word so; its id if it is shared, or 0. Or all of the
 * page that begins there. */
u32 access_use(u32 word, u32 how);
void access_use_page(u32 word, u32 how);
u32 access_id(u32 word);
bool access_page_has_shared(u32 word);

/* Before what is @next: the current actor may be preempted here; then it makes
 * way for an access to @id. */
void access_stop(u32 id, u32 how, struct next next);
bool access_is_interrupt(u32 id);	/* the word of pending ones */
/* By plain code, all of that. */
void access_plain(const volatile void *p, u32 size, u32 how);

/* What has been learnt: the n-th shared word's number (see memory.h), and with
 * ACCESS_RACY if plain code races for it. */
#define ACCESS_RACY	(1u << 31)
u32 access_learned_count(void);
u32 access_learned(u32 n);
void access_learn(u32 what);
void access_is_racy(u32 id);

/* context.S: go on at @to, and leave where to come back in *@from. */
void context_switch(void **from, void *to);

#endif
