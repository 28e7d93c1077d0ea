/*
 * Small words that the compiler needs: once-only accesses, barriers, hints and
 * atomic read-modify-writes. Every access that another CPU may race with goes
 * through one of these. Pure: host tests compile this file as it is.
 */
#ifndef LIB_COMPILER_H
#define LIB_COMPILER_H

#include "lib/types.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define __must_check	__attribute__((warn_unused_result))
#define __noinline	__attribute__((noinline, cold))
#define __noreturn	__attribute__((noreturn))
#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define array_count(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, field) \
	((type *)((char *)(p) - offsetof(type, field)))

#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* A hint: any value that was ever stored will do. */
#define load_relaxed(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define store_relaxed(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)

/* Each use names its partner in a comment. */
#define load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define full_barrier()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define read_barrier()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define write_barrier()		__atomic_thread_fence(__ATOMIC_RELEASE)

/* Locked read-modify-writes: each is a full barrier on x86. */
#define atomic_exchange(p, v)	__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_add(p, v)	__atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)
#define atomic_sub(p, v)	__atomic_sub_fetch(p, v, __ATOMIC_SEQ_CST)
#define atomic_or(p, v)		__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_and(p, v)	__atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)

/* True if *@p was @old and is @new now. */
#define atomic_cmpxchg(p, old, new) __extension__ ({			\
	__typeof__(*(p)) expected_ = (old);				\
	__atomic_compare_exchange_n(p, &expected_, new, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); })

#endif
