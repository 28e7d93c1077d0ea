/*
 * Operations on whole pages: fill, copy, compare, digest. Pure; string
 * instructions and plain arithmetic, so host tests compile it as it is.
 */
#ifndef ARCH_X86_PAGE_H
#define ARCH_X86_PAGE_H

#include "lib/compiler.h"

static inline void page_fill(void *page, u64 word)
{
	u64 count = PAGE_WORDS;

	__asm__ volatile ("rep stosq" : "+D" (page), "+c" (count)
				      : "a" (word) : "memory");
}

static inline void page_copy(void *to, const void *from)
{
	u64 count = PAGE_WORDS;

	__asm__ volatile ("rep movsq" : "+D" (to), "+S" (from), "+c" (count)
				      : : "memory");
}

/* Is each word of the page @word? */
static inline bool page_is(const void *page, u64 word)
{
	u64 count = PAGE_WORDS;
	bool is;

	__asm__ volatile ("repe scasq"
			  : "=@cce" (is), "+D" (page), "+c" (count)
			  : "a" (word) : "memory");
	return is;
}

/* Somebody may be writing to either page: the answer is then only a hint. */
static inline bool page_same(const void *a, const void *b)
{
	u64 count = PAGE_WORDS;
	bool same;

	__asm__ volatile ("repe cmpsq"
			  : "=@cce" (same), "+S" (a), "+D" (b), "+c" (count)
			  : : "memory");
	return same;
}

/* A digest of the content: two multiplicative lanes, then a final mix. */
static inline u64 page_digest(const void *page)
{
	const u64 factor = 0x9e3779b97f4a7c15ull;
	const volatile u64 *p = page;
	u64 a = 1, b = 2;
	u32 i;

	for (i = 0; i < PAGE_WORDS; i += 8) {
		a = (a ^ p[i]) * factor;
		b = (b ^ p[i + 1]) * factor;
		a = (a ^ p[i + 2]) * factor;
		b = (b ^ p[i + 3]) * factor;
		a = (a ^ p[i + 4]) * factor;
		b = (b ^ p[i + 5]) * factor;
		a = (a ^ p[i + 6]) * factor;
		b = (b ^ p[i + 7]) * factor;
	}
	a ^= a >> 29;
	b ^= b >> 31;
	a = (a ^ b * factor) * factor;
	return a ^ a >> 32;
}

/*
 * The same by CRC32 (SSE4.2), in half the instructions: even and odd words in
 * a lane each.
 */
static inline u64 page_digest_crc32(const void *page)
{
	const u64 *p = page, *end = p + PAGE_WORDS;
	u64 a = 1, b = 2;

	for (; p < end; p += 16)
		__asm__ volatile (
			"crc32q (%2), %0;    crc32q 8(%2), %1;"
			"crc32q 16(%2), %0;  crc32q 24(%2), %1;"
			"crc32q 32(%2), %0;  crc32q 40(%2), %1;"
			"crc32q 48(%2), %0;  crc32q 56(%2), %1;"
			"crc32q 64(%2), %0;  crc32q 72(%2), %1;"
			"crc32q 80(%2), %0;  crc32q 88(%2), %1;"
			"crc32q 96(%2), %0;  crc32q 104(%2), %1;"
			"crc32q 112(%2), %0; crc32q 120(%2), %1"
			: "+r" (a), "+r" (b) : "r" (p) : "memory");
	return b << 32 | a;
}

#endif
