#include "test/explore/checkpoint.h"

#include <stdlib.h>
#include <string.h>
#include "test/explore/internal.h"
#include "test/explore/memory.h"
#include "test/fake/fake.h"

/* Points that cost about as much as a checkpoint. */
#define DISTANCE 16
#define MAX_CHECKPOINTS	256

struct checkpoint {
	u32 choice;
	struct run run;		/* but its order */
	struct order *order;
	u32 order_count;
	char *stacks;		/* as far as they are in use */
	u32 stacks_size;
	struct memory_image memory;
};

static struct checkpoints {
	struct checkpoint all[MAX_CHECKPOINTS];
	u32 count;
	u32 points;		/* run->points at the last one */
} *checkpoints;

void checkpoint_start(void)
{
	checkpoints = memory_own(sizeof(*checkpoints));
}

void checkpoint_forget(void)
{
	checkpoints->count = 0;
	checkpoints->points = 0;
}

bool checkpoint_is_due(void)
{
	return run->points >= checkpoints->points + DISTANCE &&
	       checkpoints->count < MAX_CHECKPOINTS;
}

static u32 stack_size(const struct actor *a)
{
	return a->stack + STACK_SIZE - (char *)a->stack_pointer;
}

static u32 all_stacks_size(void)
{
	u32 i, size = 0;

	for (i = 0; i < run->what->count; i++)
		size += stack_size(&run->actors[i]);
	return size;
}

static void *resize(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		abort();
	return p;
}

void checkpoint_take(u32 n)
{
	struct checkpoint *c = &checkpoints->all[checkpoints->count++];
	u32 i, words = access_learned_count() + 1;
	char *to;

	checkpoints->points = run->points;
	c->choice = n;
	memcpy(&c->run, run, offsetof(struct run, order));
	if (c->order_count < words) {
		c->order = resize(c->order, words * sizeof(*c->order));
		c->order_count = words;
	}
	memcpy(c->order, run->order, words * sizeof(*c->order));
	if (c->stacks_size < all_stacks_size()) {
		c->stacks_size = 2 * all_stacks_size();
		c->stacks = resize(c->stacks, c->stacks_size);
	}
	to = c->stacks;
	for (i = 0; i < run->what->count; i++) {
		const struct actor *a = &run->actors[i];

		memcpy(to, a->stack_pointer, stack_size(a));
		to += stack_size(a);
	}
	memory_keep(&c->memory);
}

static void bring_back(const struct checkpoint *c)
{
	const char *from = c->stacks;
	u32 i;

	memcpy(run, &c->run, offsetof(struct run, order));
	memcpy(run->order, c->order,
	       (access_learned_count() + 1) * sizeof(*c->order));
	for (i = 0; i < run->what->count; i++) {
		const struct actor *a = &run->actors[i];

		memcpy(a->stack_pointer, from, stack_size(a));
		from += stack_size(a);
	}
	memory_bring_back(&c->memory);
}

int checkpoint_return(u32 n)
{
	const struct checkpoint *c;

	while (checkpoints->count &&
	       checkpoints->all[checkpoints->count - 1].choice > n)
		checkpoints->count--;
	checkpoints->points = 0;
	if (!checkpoints->count)
		return -1;
	c = &checkpoints->all[checkpoints->count - 1];
	bring_back(c);
	checkpoints->points = run->points;
	return c->choice;
}
