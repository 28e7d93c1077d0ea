/*
 * Ticket spinlocks. Interrupt handlers take no lock, so a lock is taken and
 * held with interrupts on: a CPU that spins answers flush requests (O14).
 *
 * Lock order, outermost first (O14):
 *
 *	scanner (ksm_lock)  >  mmap lock  >  PTL (lower table address first)
 *	>  rmap  >  listeners that postpone flushes  >  ML
 *
 * and below all of them the leaf locks: frame allocator, console. Other files
 * refer to this one.
 */
#ifndef ARCH_X86_SPINLOCK_H
#define ARCH_X86_SPINLOCK_H

#include "lib/compiler.h"

typedef struct {
	u16 next;	/* the ticket that the next one draws */
	u16 serving;	/* the ticket that holds the lock */
} spinlock_t;

/* @name appears in the message when the wait exceeds its bound. */
void spin_lock_contended(spinlock_t *lock, u16 ticket, const char *name);

static inline void spin_lock_named(spinlock_t *lock, const char *name)
{
	u16 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);

	/* Pairs with the release in spin_unlock(). */
	if (unlikely(load_acquire(&lock->serving) != ticket))
		spin_lock_contended(lock, ticket, name);
}

#define spin_lock(lock)	spin_lock_named(lock, #lock)

static inline void spin_unlock(spinlock_t *lock)
{
	/* Pairs with the acquire in spin_lock_named(). */
	store_release(&lock->serving, (u16)(lock->serving + 1));
}

/* Somebody holds @lock: enough for the assertion that opens a function. */
static inline bool spin_is_locked(spinlock_t *lock)
{
	return READ_ONCE(lock->next) != READ_ONCE(lock->serving);
}

/* Many readers or one writer. A waiting writer keeps new readers out. */
typedef struct {
	u32 readers;
	spinlock_t writer;
} rwlock_t;

void read_lock(rwlock_t *lock);
void read_unlock(rwlock_t *lock);
void write_lock(rwlock_t *lock);
void write_unlock(rwlock_t *lock);

#endif
