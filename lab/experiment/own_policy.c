/*
 * policy=: names of policies, and policies of the user's own: NAME=BASE, and
 * then axis=choice for each axis on which it differs from BASE.
 */
#include "lab/experiment/reading.h"

#include "ept/axes.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

/* "left=right", or "left" alone: part of a word, up to a comma. */
struct part {
	const char *left, *right;	/* right is NULL: no '=' */
	size_t left_length, right_length, length;
};

static struct part part_at(const char *at)
{
	struct part part = { .left = at };

	for (; at[part.length] && at[part.length] != ','; part.length++)
		if (!part.right && at[part.length] == '=')
			part.right = at + part.length + 1;
	part.left_length = part.length;
	if (part.right) {
		part.left_length = part.right - at - 1;
		part.right_length = at + part.length - part.right;
	}
	return part;
}

static const char *axis_name(u32 i)
{
	return i < axis_count ? axes[i].name : NULL;
}

static int refuse_choice(const struct reading *r, const struct part *part,
			 const struct axis *axis)
{
	u32 i;

	refuse_part(r, part->left, part->length, "%s= one of", axis->name);
	for (i = 0; axis_choice(axis, i); i++) {
		size_t n = strlen(r->error);

		format_text(r->error + n, r->error_size - n, " %s",
			    axis_choice(axis, i)->name);
	}
	return -EINVAL;
}

static bool is_text(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && !strncmp(name, text, length);
}

static int set_choice(const struct reading *r, const struct part *part,
		      const struct axis *axis, struct own_policy *own)
{
	u32 bit = 1u << (axis - axes), i;

	if (!own)
		return refuse_part(r, part->left, part->length,
				   "NAME=BASE before %s=", axis->name);
	if (own->said & bit)
		return refuse_part(r, part->left, part->length,
				   "each axis of %s once", own->name);
	own->said |= bit;
	for (i = 0; axis_choice(axis, i); i++)
		if (is_text(axis_choice(axis, i)->name, part->right,
			    part->right_length)) {
			policy_choose(&own->policy, axis, i);
			return 0;
		}
	return refuse_choice(r, part, axis);
}

static bool is_name(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') && text[i] != '-' &&
		    !(text[i] >= '0' && text[i] <= '9'))
			return false;
	return length && length < OWN_POLICY_NAME;
}

static bool is_taken(const struct options *options, const char *text,
		     size_t length)
{
	u32 i;

	for (i = 0; i < options->own_count; i++)
		if (is_text(options->own[i].name, text, length))
			return true;
	return find_name(policy_name, text, length) >= 0 ||
	       find_name(mutant_name, text, length) >= 0 ||
	       is_text("all", text, length) || is_text("none", text, length);
}

/* NAME=BASE. */
static int begin_own(const struct reading *r, const struct part *part)
{
	struct options *options = r->options;
	int base = find_name(policy_name, part->right, part->right_length);
	struct own_policy *own;

	if (is_taken(options, part->left, part->left_length))
		return refuse_part(r, part->left, part->length, "a NAME that is "
				   "not taken");
	if (!is_name(part->left, part->left_length))
		return refuse_names(r, part->left, part->length, axis_name,
				    " as axis=, or a new NAME=BASE of a-z 0-9 "
				    "-, 23 bytes at most");
	if (base < 0)
		return refuse_names(r, part->left, part->length, policy_name,
				    ", after NAME=");
	if (options->own_count == OWN_POLICIES)
		return refuse_part(r, part->left, part->length,
				   "up to %u policies of your own",
				   OWN_POLICIES);
	_Static_assert(OWN_POLICY_NAME == 24, "the complaint above");
	own = &options->own[options->own_count];
	memcpy(own->name, part->left, part->left_length);
	own->name[part->left_length] = '\0';
	own->said = 0;
	own->policy = policies[base];
	own->policy.name = own->name;
	own->policy.models = "of the command line";
	options->policies |= 1ull << (policy_count + options->own_count++);
	return 0;
}

static int check_own(const struct reading *r, const struct own_policy *own)
{
	const struct exclusion *exclusion = policy_exclusion(&own->policy);

	if (!exclusion)
		return 0;
	return refuse_part(r, r->value, strlen(r->value),
			   "no %s, which %s has: %s", exclusion->choices,
			   own->name, exclusion->why);
}

static int read_part(const struct reading *r, const struct part *part,
		     struct own_policy **own)
{
	int i = find_name(part->right ? axis_name : policy_name, part->left,
			  part->left_length), err;

	if (!part->right) {
		*own = NULL;
		if (is_text("all", part->left, part->length)) {
			r->options->policies |= (1ull << policy_count) - 1;
			return 0;
		}
		if (i < 0)
			return refuse_names(r, part->left, part->length,
					    policy_name,
					    " all none NAME=BASE,axis=choice");
		r->options->policies |= 1ull << i;
		return 0;
	}
	if (i >= 0)
		return set_choice(r, part, &axes[i], *own);
	err = begin_own(r, part);
	if (!err)
		*own = &r->options->own[r->options->own_count - 1];
	return err;
}

int read_policy(const struct reading *r)
{
	struct options *options = r->options;
	struct own_policy *own = NULL;
	const char *at = r->value;
	struct part part;
	u32 i;
	int err = 0;

	options->policies = 0;
	options->own_count = 0;
	if (!strcmp(at, "none"))
		return 0;
	for (;; at += part.length + 1) {
		part = part_at(at);
		err = read_part(r, &part, &own);
		if (err || !at[part.length])
			break;
	}
	for (i = 0; !err && i < options->own_count; i++)
		err = check_own(r, &options->own[i]);
	return err;
}

const struct policy *options_policy(const struct options *options, u32 i)
{
	if (i < policy_count)
		return &policies[i];
	i -= policy_count;
	return i < options->own_count ? &options->own[i].policy : NULL;
}
