/*
 * Every access of the code under exploration: the compiler calls these
 * functions (-fsanitize=thread, with no runtime but this one), before a plain
 * access and instead of an atomic one.
 */
#include "test/explore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "test/explore/memory.h"
#include "test/explore/trace.h"
#include "test/fake/internal.h"

/* What is known of the words, over all schedules. */
static struct shadow {
	/* Who uses it: bits READS and WRITES of each actor. */
	u8 *words, *pages;	/* pages: of accesses to all of it */
	u16 *ids;		/* of shared words; 0: it is not shared */
	u8 *page_has_shared;
	u32 count;		/* of shared words */
	u32 shared[EXPLORE_WORDS];	/* word, by id; and ACCESS_RACY */
	const volatile u64 *at[EXPLORE_WORDS];
} *shadow;

static bool is_conflict(u32 users)
{
	u32 writers = users >> EXPLORE_ACTORS;
	u32 all = writers | (users & (WRITES - 1));

	return writers && all & (all - 1);
}

static u32 page_of(u32 word)
{
	return word / PAGE_WORDS;
}

void access_start(void)
{
	u32 words = memory_word_count();

	shadow = memory_own(sizeof(*shadow));
	shadow->words = memory_own(words);
	shadow->pages = memory_own(page_of(words) + 1);
	shadow->ids = memory_own(words * sizeof(u16));
	shadow->page_has_shared = memory_own(page_of(words) + 1);
}

void access_begin(void)
{
	memset(run->order, 0, (shadow->count + 1) * sizeof(run->order[0]));
}

u32 access_learned_count(void)
{
	return shadow->count;
}

u32 access_learned(u32 n)
{
	return shadow->shared[n + 1];
}

static void share(u32 word)
{
	if (shadow->ids[word])
		return;
	if (shadow->count + 1 == EXPLORE_WORDS) {
		fprintf(stderr, "explore: too many shared words\n");
		exit(4);
	}
	shadow->ids[word] = ++shadow->count;
	shadow->shared[shadow->count] = word;
	shadow->at[shadow->count] = memory_at(word);
	shadow->page_has_shared[page_of(word)] = 1;
	run->learned = true;
}

void access_learn(u32 what)
{
	share(what & ~ACCESS_RACY);
	shadow->shared[shadow->count] = what;
}

void access_is_racy(u32 id)
{
	if (shadow->shared[id] & ACCESS_RACY)
		return;
	shadow->shared[id] |= ACCESS_RACY;
	run->learned = true;
}

u32 access_id(u32 word)
{
	return shadow->ids[word];
}

bool access_is_interrupt(u32 id)
{
	return fake_interrupt_is_at(shadow->at[id]);
}

bool access_page_has_shared(u32 word)
{
	return shadow->page_has_shared[page_of(word)];
}

u32 access_use(u32 word, u32 how)
{
	u32 bit = how << run->turn;
	u32 users = shadow->words[word];

	if (!(users & bit)) {
		shadow->words[word] = users |= bit;
		if (is_conflict(users | shadow->pages[page_of(word)]))
			share(word);
	}
	return shadow->ids[word];
}

void access_use_page(u32 word, u32 how)
{
	u32 bit = how << run->turn, i;
	u8 *users = &shadow->pages[page_of(word)];

	if (*users & bit)
		return;
	*users |= bit;
	for (i = word; i < word + PAGE_WORDS; i++)
		if (shadow->words[i] && is_conflict(shadow->words[i] | *users))
			share(i);
}

/* The current actor reads *@p. */
static void note_value(const volatile void *p, u32 size)
{
	struct actor *a = &run->actors[run->turn];
	u64 value = 0;

	memcpy(&value, (const void *)p, size > 8 ? 8 : size);
	a->reads = mix(a->reads, value);
}

u64 access_contents(void)
{
	u64 all = 0;
	u32 id;

	for (id = 1; id <= shadow->count; id++)
		all = (all ^ *shadow->at[id]) * 0x9e3779b97f4a7c15ull +
		      (all >> 29);
	return all;
}

/* Pointers as numbers of words: see memory.h. */
u64 access_end(void)
{
	u64 all = 0;
	u32 id;

	for (id = 1; id <= shadow->count; id++) {
		u64 value = *shadow->at[id];
		u32 word = memory_word((const void *)value);

		all += mix(shadow->shared[id] & ~ACCESS_RACY,
			   word == MEMORY_NOWHERE ? value : word);
	}
	return all;
}

/* --- Store buffers. */

void access_drain(u32 actor)
{
	struct actor *a = &run->actors[actor];
	volatile void *to = a->store.to;

	if (!to)
		return;
	a->store.to = NULL;
	memcpy((void *)to, &a->store.value, a->store.size);
	order_access(actor, a->store.word, WRITES);
	trace_drain(actor, to, a->store.value);
}

/* Stores stay in order, and a load of what is in the buffer is no problem
 * either if it is not there any more. */
static void make_way(u32 id, u32 how)
{
	struct actor *a = &run->actors[run->turn];

	if (a->store.to && (how == WRITES || a->store.word == id))
		access_drain(run->turn);
}

/* --- Accesses. */

/* The current actor is about to access @word, which is shared. */
void access_stop(u32 id, u32 how, struct next next)
{
	turn_point(next);
	make_way(id, how);
}

static void plain_shared(const volatile void *p, u32 size, u32 first, u32 last,
			 u32 how)
{
	u32 word, id;

	for (word = first; word <= last; word++) {
		id = access_use(word, how);
		if (id && shadow->shared[id] & ACCESS_RACY)
			access_stop(id, how, (struct next){
				first == last ? id : 0, how, false,
			});
		else if (id)
			make_way(id, how);
	}
	/* All of it at once, from here on. */
	for (word = first; word <= last; word++) {
		id = shadow->ids[word];
		if (id && shadow->shared[id] & ACCESS_RACY)
			order_access(run->turn, id, how);
		else if (id)
			order_plain(id, how);
		if (id && how == READS) {
			note_value(p, size);
			trace_read(p, size);
		}
	}
}

static inline void plain(const volatile void *p, u32 size, u32 how)
{
	u32 first, last;

	if (!run || !run->active)
		return;
	first = memory_word(p);
	if (first == MEMORY_NOWHERE)
		return;
	last = memory_word((const volatile char *)p + size - 1);
	/* Mostly it is one word, and nobody else's. */
	if (first == last && shadow->words[first] & how << run->turn &&
	    !shadow->ids[first])
		return;
	plain_shared(p, size, first, last, how);
}

void access_plain(const volatile void *p, u32 size, u32 how)
{
	plain(p, size, how);
}

/* Before an atomic access; its id, or 0: nobody else cares for that word. */
static u32 atomic(volatile void *p, u32 how, bool late)
{
	u32 word, id;

	if (!run || !run->active)
		return 0;
	word = memory_word(p);
	if (word == MEMORY_NOWHERE)
		return 0;
	id = access_use(word, how);
	if (id)
		access_stop(id, how, (struct next){ id, how, late });
	return id;
}

/* True: somebody else cares. */
static bool before_rmw(volatile void *p, u32 size)
{
	u32 id = atomic(p, WRITES, false);

	if (run && run->active)
		access_drain(run->turn);
	if (id) {
		order_access(run->turn, id, WRITES);
		note_value(p, size);
	}
	return id;
}

/*
 * True: it is in the store buffer. Only what WRITE_ONCE() stores is kept there:
 * a late store_release() is the same as an actor that is slow.
 */
static bool buffered(volatile void *p, u64 value, u32 size, int order)
{
	u32 id = atomic(p, WRITES, order == __ATOMIC_RELAXED);
	struct actor *a;

	if (!id)
		return false;
	a = &run->actors[run->turn];
	if (order != __ATOMIC_RELAXED) {
		order_access(run->turn, id, WRITES);
		trace_write(p, value);
		return false;
	}
	a->store.to = p;
	a->store.value = value;
	a->store.size = size;
	a->store.word = id;
	trace_store(p, value);
	return true;
}

static void before_load(volatile void *p, u32 size)
{
	u32 id = atomic(p, READS, false);

	if (id) {
		order_access(run->turn, id, READS);
		note_value(p, size);
		trace_read(p, size);
	}
}

/* --- What the compiler calls; the names are its own. */

void __tsan_init(void);
void __tsan_init(void)
{
}

#define PLAIN(size)							\
	void __tsan_read##size(void *p);				\
	void __tsan_read##size(void *p) { plain(p, size, READS); }	\
	void __tsan_write##size(void *p);				\
	void __tsan_write##size(void *p) { plain(p, size, WRITES); }	\
	void __tsan_unaligned_read##size(void *p);			\
	void __tsan_unaligned_read##size(void *p)			\
	{ plain(p, size, READS); }					\
	void __tsan_unaligned_write##size(void *p);			\
	void __tsan_unaligned_write##size(void *p)			\
	{ plain(p, size, WRITES); }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *p, size_t size);
void __tsan_read_range(void *p, size_t size)
{
	plain(p, size, READS);
}

void __tsan_write_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size)
{
	plain(p, size, WRITES);
}

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	if (order == __ATOMIC_SEQ_CST && run && run->active)
		access_drain(run->turn);
}

#define RMW(bits, name, builtin)					\
	u##bits __tsan_atomic##bits##_##name(volatile u##bits *p,	\
					     u##bits v, int order);	\
	u##bits __tsan_atomic##bits##_##name(volatile u##bits *p,	\
					     u##bits v, int order)	\
	{								\
		bool shared = before_rmw(p, sizeof(*p));				\
		u##bits old = builtin(p, v, __ATOMIC_SEQ_CST);		\
									\
		(void)order;						\
		if (shared)						\
			trace_write(p, *p);				\
		return old;						\
	}

#define ATOMIC(bits)							\
	u##bits __tsan_atomic##bits##_load(volatile u##bits *p, int order); \
	u##bits __tsan_atomic##bits##_load(volatile u##bits *p, int order) \
	{								\
		(void)order;						\
		before_load(p, sizeof(*p));				\
		return *p;						\
	}								\
	void __tsan_atomic##bits##_store(volatile u##bits *p, u##bits v, \
					 int order);			\
	void __tsan_atomic##bits##_store(volatile u##bits *p, u##bits v, \
					 int order)			\
	{								\
		if (!buffered(p, v, sizeof(*p), order))			\
			*p = v;						\
	}								\
	int __tsan_atomic##bits##_compare_exchange_strong(		\
		volatile u##bits *p, u##bits *expected, u##bits v,	\
		int order, int failed);					\
	int __tsan_atomic##bits##_compare_exchange_strong(		\
		volatile u##bits *p, u##bits *expected, u##bits v,	\
		int order, int failed)					\
	{								\
		bool shared = before_rmw(p, sizeof(*p));				\
		int done = __atomic_compare_exchange_n(p, expected, v,	\
			false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);	\
									\
		(void)order, (void)failed;				\
		if (shared)						\
			trace_write(p, *p);				\
		return done;						\
	}								\
	RMW(bits, exchange, __atomic_exchange_n)			\
	RMW(bits, fetch_add, __atomic_fetch_add)			\
	RMW(bits, fetch_sub, __atomic_fetch_sub)			\
	RMW(bits, fetch_or, __atomic_fetch_or)				\
	RMW(bits, fetch_and, __atomic_fetch_and)

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)
