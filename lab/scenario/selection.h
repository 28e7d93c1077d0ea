/*
 * Which pages a statement is about, one after the other.
 */
#ifndef LAB_SCENARIO_SELECTION_H
#define LAB_SCENARIO_SELECTION_H

#include "lab/scenario/scenario.h"

/* @count pages: the i-th is number first + i * stride, modulo the rest. */
struct selected {
	u32 first, stride, modulus;
	u32 count;
};

/*
 * The pages of @selection among those below @pages; chance comes from @random.
 * What is neither a range nor random comes in the order that @seed gives
 * (seed=1: ascending).
 */
struct selected select_pages(const struct selection *selection, u32 pages,
			     u32 seed, u64 *random);

static inline u32 selected_page(const struct selected *selected, u32 i)
{
	return (selected->first + (u64)i * selected->stride) %
	       selected->modulus;
}

/* Are they a range? Then it begins with the first page. */
static inline bool selected_is_range(const struct selected *selected)
{
	return (selected->stride == 1 || selected->count == 1) &&
	       (u64)selected->first + selected->count <= selected->modulus;
}

#endif
