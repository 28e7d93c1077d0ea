/*
 * The axes of a policy as data, for whoever names them: ./tandem list axes, and
 * policies that a user puts together (docs/adding.md).
 */
#ifndef EPT_AXES_H
#define EPT_AXES_H

#include "ept/policy.h"

struct axis {
	const char *name;
	const char *about;	/* what is chosen */
	const void *rows;	/* each begins with a struct choice */
	u32 count;
	size_t row_size;
	size_t cell;		/* of struct policy, which points to a row */
};

extern const struct axis axes[];
extern const u32 axis_count;

/* The @i-th choice of @axis; NULL after the last one. */
const struct choice *axis_choice(const struct axis *axis, u32 i);

/* The choice of @policy on @axis; and set it to the @i-th. */
const struct choice *policy_choice(const struct policy *policy,
				   const struct axis *axis);
void policy_choose(struct policy *policy, const struct axis *axis, u32 i);

/*
 * Choices that exclude each other: one could never take effect, or nobody
 * would change S.
 */
struct exclusion {
	const char *choices;	/* "axis=choice,axis=choice,..." */
	const char *why;
};

extern const struct exclusion exclusions[];
extern const u32 exclusion_count;

/* The first exclusion that @policy violates; NULL: none. */
const struct exclusion *policy_exclusion(const struct policy *policy);

#endif
