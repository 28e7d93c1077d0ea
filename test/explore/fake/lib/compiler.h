/*
 * Stands in for lib/compiler.h in the explorer: the same words, where the
 * once-only accesses are atomic ones too. The compiler hands each atomic access
 * to access.c, which performs it, and can keep a store back for a while.
 */
#ifndef EXPLORE_COMPILER_H
#define EXPLORE_COMPILER_H

#include_next <lib/compiler.h>

#undef READ_ONCE
#undef WRITE_ONCE

#define READ_ONCE(x)	 __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)

#endif
