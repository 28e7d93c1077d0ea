/*
 * Races of a few functions, for the *_races.c beside this: each runs on a CPU
 * of its own, in every interleaving within a bound on preemptions. A test is a
 * table of them that says what is found, and what comes out.
 */
#ifndef TEST_EXPLORE_RACE_H
#define TEST_EXPLORE_RACE_H

#include "mm/mm.h"
#include "test/explore/engine.h"

struct race {
	const char *name;
	void (*build)(void);	/* the beginning, as CPU 0 */
	void (*cpus[EXPLORE_ACTORS])(void);	/* what CPU 0, 1, .. does */
	void (*watch)(void);	/* see engine.h, or NULL */
	void (*judge)(void);	/* the end, as CPU 0, or NULL */
	const void *variant;	/* of what these do: theirs to read */
	u32 preemptions;
	const char *finds;	/* a part of what it finds; NULL: nothing */
	u64 outcomes;		/* these come out, and no others: a mask */
};

/* Runs all @count, prints TAP; main()'s status. */
int race_main(const struct race *races, u32 count);

/* The one that runs. */
extern const struct race *race;

/* By judge(): this has come out, a bit of a race's outcomes. */
void race_came_out(u64 outcome);

/* What no race is about; if it does not hold, the race is wrong. */
void race_expect(bool holds, const char *what);

/*
 * A machine of @count CPUs, memory for the checker, and an address space that
 * CPU 0 has loaded: one area, all rights, mergeable. It goes, and all frames
 * must be back (INV-FREE).
 */
#define RACE_PAGES	8
extern struct mm *mm;
void race_build(u32 count);
void race_end(void);

static inline hva_t page_hva(u64 page)
{
	return (hva_t){ HVA_START + (page << PAGE_SHIFT) };
}

static inline struct hva_range pages(u64 first, u64 count)
{
	return (struct hva_range){ page_hva(first), page_hva(first + count) };
}

/* Accesses by the current CPU, to a word of a page. */
u64 read_word(u64 page, u32 word);
void write_word(u64 page, u32 word, u64 value);

/* What @page of mm maps; it does map something. */
struct frame *frame_of(u64 page);

#endif
