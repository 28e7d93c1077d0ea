/*
 * Migration finds the child's mapping while the fork is between R2 and R3, and
 * the parent's guest can still write to the frame: nothing of that is lost.
 */
#include "test/explore/race.h"

#include "mm/notifier.h"

static struct mm *child;
static struct frame *migrated;
static bool wrote, moved;

/*
 * A listener that still writes to the frame that it mirrors when R3 begins, as
 * a guest may do: the fork has not told it yet. start takes the page from it,
 * and waits for a write that is under way.
 */
static struct mmu_notifier writer;
static spinlock_t mirror_lock;		/* mirrored, wrote */
static struct frame *mirrored;

static void writer_start(struct mmu_notifier *notifier, struct hva_range range,
			 enum invalidate_reason reason)
{
	(void)notifier, (void)range, (void)reason;
	spin_lock(&mirror_lock);
	mirrored = NULL;
	spin_unlock(&mirror_lock);
}

static void writer_end(struct mmu_notifier *notifier, struct hva_range range,
		       enum invalidate_reason reason)
{
	(void)notifier, (void)range, (void)reason;
}

static void writer_protect_start(struct mmu_notifier *notifier,
				 struct hva_range range)
{
	(void)notifier, (void)range;
}

static void writer_protect_end(struct mmu_notifier *notifier,
			       struct hva_range range)
{
	(void)notifier, (void)range;
	spin_lock(&mirror_lock);
	if (mirrored) {
		*(u64 *)frame_ptr(mirrored) = 99;
		wrote = true;
	}
	spin_unlock(&mirror_lock);
}

static const struct mmu_notifier_ops writer_ops = {
	.start = writer_start,
	.end = writer_end,
	.protect_start = writer_protect_start,
	.protect_end = writer_protect_end,
};

static void build(void)
{
	race_build(2);
	write_word(0, 0, 41);
	migrated = mirrored = frame_of(0);
	frame_get(migrated);
	writer = (struct mmu_notifier){ .ops = &writer_ops };
	mmu_notifier_register(mm, &writer);
}

static void fork_it(void)
{
	child = mm_fork(mm);
}

static void migrate_it(void)
{
	moved = !mm_migrate(migrated);
}

enum { MOVED = 1 << 0, STAYED = 1 << 1, WROTE = 1 << 2, TAKEN = 1 << 3 };

static void judge(void)
{
	race_came_out((moved ? MOVED : STAYED) | (wrote ? WROTE : TAKEN));
	if (read_word(0, 0) != (wrote ? 99 : 41))
		explore_found(FOUND_OUTCOME, "what the listener wrote is lost");
	frame_put(migrated);
	mm_put(child);
	mmu_notifier_unregister(mm, &writer);
	race_end();
}

static const struct race races[] = {
	{ .name = "migration meets a fork", .build = build,
	  .cpus = { fork_it, migrate_it }, .judge = judge, .preemptions = 3,
	  .outcomes = MOVED | WROTE | TAKEN },
};

int main(void)
{
	return race_main(races, array_count(races));
}
