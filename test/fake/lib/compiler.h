/*
 * Stands in for lib/compiler.h in host tests: the same words, but while a
 * race is explored each CPU has a store buffer of one entry. WRITE_ONCE() puts
 * a store there, where no other CPU sees it, and later loads of its own CPU
 * overtake it (SDM vol. 3, "Loads May Be Reordered with Earlier Stores to
 * Different Locations"). A missing full_barrier() shows.
 *
 * The buffer drains at the barrier, at any locked instruction or further store
 * (stores stay in order), and at a load of the same word. When the columns
 * change over, explore.c tries both: drained, and not yet.
 */
#ifndef FAKE_COMPILER_H
#define FAKE_COMPILER_H

#include_next <lib/compiler.h>

/* True while columns of a race run: the rest costs nothing else. */
extern bool fake_exploring;

/* False: store it yourself, nothing is buffered here. */
bool fake_store(volatile void *to, const void *value, size_t size);
void fake_load(const volatile void *from);
void fake_drain(void);			/* the calling CPU's buffer */

#define FAKE_LOAD(p)	(fake_exploring ? fake_load(p) : (void)0)
#define FAKE_DRAIN()	(fake_exploring ? fake_drain() : (void)0)

#undef READ_ONCE
#undef WRITE_ONCE
#undef load_acquire
#undef store_release
#undef full_barrier
#undef atomic_exchange
#undef atomic_add
#undef atomic_sub
#undef atomic_or
#undef atomic_and
#undef atomic_cmpxchg

#define READ_ONCE(x) \
	(FAKE_LOAD(&(x)), *(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) do {						\
	__typeof__(x) value_ = (v);					\
	if (!fake_exploring || !fake_store(&(x), &value_, sizeof(x)))	\
		*(volatile __typeof__(x) *)&(x) = value_;		\
} while (0)

#define load_acquire(p) \
	(FAKE_LOAD(p), __atomic_load_n(p, __ATOMIC_ACQUIRE))
#define store_release(p, v) \
	(FAKE_DRAIN(), __atomic_store_n(p, v, __ATOMIC_RELEASE))
#define full_barrier() \
	(FAKE_DRAIN(), __atomic_thread_fence(__ATOMIC_SEQ_CST))

#define atomic_exchange(p, v) \
	(FAKE_DRAIN(), __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST))
#define atomic_add(p, v) \
	(FAKE_DRAIN(), __atomic_add_fetch(p, v, __ATOMIC_SEQ_CST))
#define atomic_sub(p, v) \
	(FAKE_DRAIN(), __atomic_sub_fetch(p, v, __ATOMIC_SEQ_CST))
#define atomic_or(p, v) \
	(FAKE_DRAIN(), __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
#define atomic_and(p, v) \
	(FAKE_DRAIN(), __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST))

#define atomic_cmpxchg(p, old, new) __extension__ ({			\
	__typeof__(*(p)) expected_ = (old);				\
	FAKE_DRAIN();							\
	__atomic_compare_exchange_n(p, &expected_, new, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); })

#endif
