#include "lab/scenario/selection.h"

#include "lib/random.h"

static u32 gcd(u32 a, u32 b)
{
	while (b) {
		u32 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* A step from page to page that meets each of them once. */
static u32 stride_of(u64 seed, u32 pages)
{
	u32 stride = (u32)(seed % pages);

	while (gcd(stride, pages) != 1)
		stride++;
	return stride;
}

static u32 at_least_one(u64 n)
{
	return n ? (u32)n : 1;
}

struct selected select_pages(const struct selection *selection, u32 pages,
			     u32 seed, u64 *random)
{
	u32 n = selection->count, first;

	switch (selection->kind) {
	case ALL_PAGES:
		break;
	case SOME_PAGES:
		return (struct selected){ selection->first, 1, pages, n };
	case EVERY_PAGE:
		return (struct selected){ 0, n, pages, (pages + n - 1) / n };
	case PERCENT_OF_PAGES:
		first = random_below(random, pages);
		return (struct selected){
			first, stride_of(pages * 5ull / 8 + seed, pages), pages,
			at_least_one((u64)pages * n / 100),
		};
	case RANDOM_PAGE:
		return (struct selected){
			random_below(random, pages), 1, pages, 1,
		};
	case RANDOM_RANGE:
		first = random_below(random, pages);
		if (n > pages - first)
			n = pages - first;
		return (struct selected){
			first, 1, pages, 1 + random_below(random, n),
		};
	}
	return (struct selected){ 0, stride_of(seed, pages), pages, pages };
}
