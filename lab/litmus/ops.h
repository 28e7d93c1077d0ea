/*
 * The verbs of a litmus test, performed over mm/: what an actor does, op by
 * op, and how a round is undone. The kernel (run.c) and test/explore/
 * run this very file; how an actor gets at memory, and how it waits, is theirs
 * to say.
 */
#ifndef LAB_LITMUS_OPS_H
#define LAB_LITMUS_OPS_H

#include "lab/litmus/litmus.h"
#include "mm/mm.h"

struct litmus_player;

struct litmus_access {
	/*
	 * Word @word of @page (LITMUS_ALIAS may be in it) through the MMU that
	 * the actor uses, faults and all. -EFAULT: it has no such right, and
	 * nothing happened; -ENOMEM.
	 */
	int (*read)(struct litmus_player *player, u32 page, u32 word,
		    u64 *value);
	int (*write)(struct litmus_player *player, u32 page, u32 word,
		     u64 value);

	/* Somebody else has to get on first. False: he had time enough. */
	bool (*wait)(struct litmus_player *player);
};

/* An actor while it plays. A host thread has world->mm loaded. */
struct litmus_player {
	struct litmus_world *world;
	const struct litmus_access *access;
	u32 index;		/* which actor */
};

/* What the actors of a round share. */
struct litmus_world {
	const struct litmus_test *test;
	struct mm *mm;			/* the VM's */
	struct hva_range area;		/* its data */
	u64 *flags;			/* LITMUS_FLAGS words; actors poll them */
	/* Flush what the policy still owes; NULL: it never owes anything. */
	void (*complete)(struct litmus_world *world);

	spinlock_t lock;		/* leaf: child, pins */
	struct mm *child;
	struct frame *pins[LITMUS_PAGES];	/* by page; NULL: none */
	bool read_only;			/* since PROTECT_RO */

	u64 spurious_before, faults_before;	/* as the actors began */
	u64 free_frames;		/* between rounds, INV-FREE */
};

/* A register of an op that found nothing to look at (no child, no pin). */
#define LITMUS_NOTHING	(~0ull)

/*
 * Begin with @world, whose upper part is filled in and whose mm is current.
 * Makes the tables of the area, so that rounds are equal. -ENOMEM.
 */
__must_check int litmus_world_init(struct litmus_world *world);

/* All that is initially done is done: the actors begin. */
void litmus_actors_begin(struct litmus_world *world);

/*
 * Back to the initial state: no child, no pin, flags 0, the area writable and
 * its content forgotten. Nobody plays, world->mm is current. Returns how many
 * frames have gone (negative: come) since litmus_world_init(): 0, or INV-FREE
 * is broken.
 */
__must_check s64 litmus_reset(struct litmus_world *world);

/*
 * Perform @op. Sets *@reg if the verb sets a register. -ENOMEM; -EBUSY: it
 * waited for a flag, and wait() gave up.
 */
__must_check int litmus_perform(struct litmus_player *player,
				const struct litmus_op *op, u64 *reg);

/* Perform @ops up to the first END, at most LITMUS_OPS; errors as above. */
__must_check int litmus_play(struct litmus_player *player,
			     const struct litmus_op *ops,
			     u64 regs[LITMUS_OPS]);

/* Where the host finds @word of @page. */
static inline u64 *litmus_word(const struct litmus_world *world, u32 page,
			       u32 word)
{
	u64 offset = (page & ~LITMUS_ALIAS) * PAGE_SIZE + word * sizeof(u64);

	return (u64 *)(world->area.start.v + offset);
}

#endif
