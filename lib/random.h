/*
 * Pseudo-random numbers from a seed (splitmix64).
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include "lib/types.h"

static inline u64 random_next(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Below @n, which is not 0. */
static inline u32 random_below(u64 *state, u32 n)
{
	return (u32)(random_next(state) >> 32) % n;
}

#endif
