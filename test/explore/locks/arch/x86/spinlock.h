/*
 * Stands in for arch/x86/spinlock.h in the explorer. That tickets keep others
 * out is explored by itself (engine_test.c); here a lock is what it promises:
 * one access takes it, whoever comes first of those who wait, and one gives it
 * back. So a schedule has less of them, and two readers do not conflict.
 */
#ifndef EXPLORE_SPINLOCK_H
#define EXPLORE_SPINLOCK_H

#include "lib/compiler.h"

typedef struct {
	u32 held;
} spinlock_t;

typedef struct {
	u32 readers;
	u32 written;		/* a writer has it */
} rwlock_t;

enum fake_lock_use { FAKE_LOCK_ALONE, FAKE_LOCK_WITH_OTHERS };

/*
 * The current actor is about to take @lock, and may be preempted; waits for it
 * to change; has just taken it, or given it back.
 */
void fake_lock_point(void *lock, enum fake_lock_use how);
void fake_lock_wait(void *lock);
void fake_lock_done(void *lock, enum fake_lock_use how);

/* The words of a lock are not accesses of their own. */
#define FAKE_UNSEEN	__attribute__((no_sanitize_thread, noinline, unused))

static FAKE_UNSEEN bool spin_is_locked(spinlock_t *lock)
{
	return lock->held;
}

static FAKE_UNSEEN void spin_lock(spinlock_t *lock)
{
	fake_lock_point(lock, FAKE_LOCK_ALONE);
	while (lock->held)
		fake_lock_wait(lock);
	lock->held = 1;
	fake_lock_done(lock, FAKE_LOCK_ALONE);
}

static FAKE_UNSEEN void spin_unlock(spinlock_t *lock)
{
	lock->held = 0;
	fake_lock_done(lock, FAKE_LOCK_ALONE);
}

static FAKE_UNSEEN void read_lock(rwlock_t *lock)
{
	fake_lock_point(lock, FAKE_LOCK_WITH_OTHERS);
	while (lock->written)
		fake_lock_wait(lock);
	lock->readers++;
	fake_lock_done(lock, FAKE_LOCK_WITH_OTHERS);
}

static FAKE_UNSEEN void read_unlock(rwlock_t *lock)
{
	lock->readers--;
	fake_lock_done(lock, FAKE_LOCK_WITH_OTHERS);
}

static FAKE_UNSEEN void write_lock(rwlock_t *lock)
{
	fake_lock_point(lock, FAKE_LOCK_ALONE);
	while (lock->written || lock->readers)
		fake_lock_wait(lock);
	lock->written = 1;
	fake_lock_done(lock, FAKE_LOCK_ALONE);
}

static FAKE_UNSEEN void write_unlock(rwlock_t *lock)
{
	lock->written = 0;
	fake_lock_done(lock, FAKE_LOCK_ALONE);
}

#endif
