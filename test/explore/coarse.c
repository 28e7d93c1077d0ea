/*
 * Accesses to more than a word: a whole page, and a lock.
 */
#include "test/explore/internal.h"

#include "arch/x86/insn.h"
#include "arch/x86/page.h"
#include "arch/x86/spinlock.h"
#include "test/explore/memory.h"

void page_fill(void *page, u64 word)
{
	u64 *p = page;
	u32 first, i;

	if (!run || !run->active) {
		page_fill_unseen(page, word);
		return;
	}
	first = memory_word(page);
	access_use_page(first, WRITES);
	if (!access_page_has_shared(first)) {
		page_fill_unseen(page, word);
		return;
	}
	for (i = 0; i < PAGE_WORDS; i++) {
		if (access_id(first + i))
			access_plain(&p[i], sizeof(*p), WRITES);
		p[i] = word;
	}
}

void page_copy(void *to, const void *from)
{
	u32 to_first, from_first, i;
	const u64 *q = from;
	u64 *p = to;

	if (!run || !run->active) {
		page_copy_unseen(to, from);
		return;
	}
	to_first = memory_word(to);
	from_first = memory_word(from);
	access_use_page(to_first, WRITES);
	access_use_page(from_first, READS);
	if (!access_page_has_shared(to_first) &&
	    !access_page_has_shared(from_first)) {
		page_copy_unseen(to, from);
		return;
	}
	for (i = 0; i < PAGE_WORDS; i++) {
		u64 value;

		if (access_id(from_first + i))
			access_plain(&q[i], sizeof(*q), READS);
		value = q[i];
		if (access_id(to_first + i))
			access_plain(&p[i], sizeof(*p), WRITES);
		p[i] = value;
	}
}

bool page_same(const void *a, const void *b)
{
	const u64 *p = a, *q = b;
	u32 first_p, first_q, i;

	if (!run || !run->active)
		return page_same_unseen(a, b);
	first_p = memory_word(a);
	first_q = memory_word(b);
	access_use_page(first_p, READS);
	access_use_page(first_q, READS);
	for (i = 0; i < PAGE_WORDS; i++) {
		u64 value;

		if (access_id(first_p + i))
			access_plain(&p[i], sizeof(*p), READS);
		value = p[i];
		if (access_id(first_q + i))
			access_plain(&q[i], sizeof(*q), READS);
		if (value != q[i])
			return false;
	}
	return true;
}

/* --- Locks: see fake/arch/x86/spinlock.h. */

static u32 lock_use(volatile void *lock, u32 how)
{
	u32 word;

	if (!run || !run->active)
		return 0;
	word = memory_word(lock);
	return word == MEMORY_NOWHERE ? 0 : access_use(word, how);
}

void fake_lock_point(void *lock, enum fake_lock_use how)
{
	u32 id = lock_use(lock, how == FAKE_LOCK_ALONE ? WRITES : READS);

	if (id)
		access_stop(id, WRITES, (struct next){
			id, how == FAKE_LOCK_ALONE ? WRITES : READS, false,
		});
}

void fake_lock_wait(void *lock)
{
	u32 id = lock_use(lock, READS);

	if (id)
		order_access(run->turn, id, READS);
	cpu_pause();
}

void fake_lock_done(void *lock, enum fake_lock_use how)
{
	u32 id = lock_use(lock, how == FAKE_LOCK_ALONE ? WRITES : READS);

	if (!id)
		return;
	access_drain(run->turn);
	order_access(run->turn, id, how == FAKE_LOCK_ALONE ? WRITES : READS);
	order_wake(id, run->turn);
}
