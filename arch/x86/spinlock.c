#include "arch/x86/spinlock.h"

#include "arch/x86/wait.h"

void spin_lock_contended(spinlock_t *lock, u16 ticket, const char *name)
{
	struct wait wait = wait_start(name);

	/* Pairs with the release in spin_unlock(). */
	while (load_acquire(&lock->serving) != ticket)
		wait_spin(&wait);
	wait_end(&wait);
}

/*
 * A reader shows itself before it looks for a writer, and a writer before it
 * looks for readers; both stores are locked instructions, so at least one of
 * the two sees the other:
 *
 *	reader				writer
 *	readers++			draw a ticket
 *	writer there? readers--, wait	wait until readers == 0
 */
void read_lock(rwlock_t *lock)
{
	struct wait wait;

	atomic_add(&lock->readers, 1);
	if (likely(!spin_is_locked(&lock->writer)))
		return;

	wait = wait_start("a read lock");
	do {
		atomic_sub(&lock->readers, 1);
		while (spin_is_locked(&lock->writer))
			wait_spin(&wait);
		atomic_add(&lock->readers, 1);
	} while (spin_is_locked(&lock->writer));
	wait_end(&wait);
}

void read_unlock(rwlock_t *lock)
{
	atomic_sub(&lock->readers, 1);
}

void write_lock(rwlock_t *lock)
{
	struct wait wait;

	spin_lock(&lock->writer);
	if (likely(!load_acquire(&lock->readers)))
		return;

	wait = wait_start("a write lock");
	/* Pairs with the locked decrement in read_unlock(). */
	while (load_acquire(&lock->readers))
		wait_spin(&wait);
	wait_end(&wait);
}

void write_unlock(rwlock_t *lock)
{
	spin_unlock(&lock->writer);
}
