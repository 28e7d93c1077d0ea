#include "lib/string.h"

/*
 * The string instructions: fast on every CPU of the last ten years, and an
 * emulator runs them many bytes at a time. gcc must not turn the bodies below
 * into calls of themselves.
 */
#pragma GCC optimize ("no-tree-loop-distribute-patterns")

void *memcpy(void *to, const void *from, size_t size)
{
	void *d = to;
	size_t words = size / 8, rest = size % 8;

	__asm__ volatile ("rep movsq; movq %3, %2; rep movsb"
			  : "+D" (d), "+S" (from), "+c" (words)
			  : "r" (rest) : "memory");
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	void *d = to;
	size_t words = size / 8, rest = size % 8;
	u64 pattern = 0x0101010101010101ull * (u8)byte;

	__asm__ volatile ("rep stosq; movq %2, %1; rep stosb"
			  : "+D" (d), "+c" (words)
			  : "r" (rest), "a" (pattern) : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	u8 *d = to;
	const u8 *s = from;

	if (d <= s || d >= s + size)
		return memcpy(to, from, size);
	while (size--)
		d[size] = s[size];
	return to;
}

/* Compares pages, which are mostly equal: words first. */
int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;
	size_t words = size / 8, rest = size % 8;
	bool differ;

	__asm__ volatile ("cmpq %%rax, %%rax; repe cmpsq"
			  : "+S" (x), "+D" (y), "+c" (words), "=@ccne" (differ)
			  :: "memory");
	if (differ) {
		x -= 8;		/* the difference is in the word just read */
		y -= 8;
		rest = 8;
	}
	for (; rest; rest--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t size)
{
	for (; size && *a && *a == *b; size--) {
		a++;
		b++;
	}
	return size ? (u8)*a - (u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s; s++)
		if (*s == (char)c)
			return (char *)s;
	return c ? NULL : (char *)s;
}
