/*
 * A question that is nearly always answered no, for one instruction: a nop,
 * which static_key_set() replaces by a jump, wherever the question is asked.
 * Programs of the host, which cannot write to their code, load a word.
 */
#ifndef LIB_STATIC_KEY_H
#define LIB_STATIC_KEY_H

#include "lib/compiler.h"

struct static_key {
	bool on;
};

#if __STDC_HOSTED__

#define static_key(key) unlikely(READ_ONCE((key)->on))

static inline void static_key_set(struct static_key *key, bool on)
{
	WRITE_ONCE(key->on, on);
}

#else

/* No CPU asks meanwhile. Other CPUs serialize before they ask again (SDM vol. 3,
 * "Cross-Modifying Code"): smp.c. */
void static_key_set(struct static_key *key, bool on);

/* One in each place that asks; the linker gathers them. */
struct static_key_site {
	u32 code;		/* of the nop, 5 bytes */
	u32 target;		/* where to, if the key is on */
	u32 key;
};

#define static_key(key) __extension__ ({				\
	__label__ on_, end_;						\
	bool is_on_ = false;						\
	asm goto("1: .byte 0x0f, 0x1f, 0x44, 0, 0\n\t"			\
		 ".pushsection static_keys, \"a\"\n\t"			\
		 ".long 1b, %l[on_], %c0\n\t"				\
		 ".popsection" : : "i"(key) : : on_);			\
	goto end_;							\
on_:									\
	is_on_ = true;							\
end_:									\
	unlikely(is_on_); })
#endif

#endif
