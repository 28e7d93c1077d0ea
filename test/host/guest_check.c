/*
 * The guest's half of the oracle: what is allowed, what is stale. The guest's
 * own file is compiled in here, because no kernel object contains it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "guest/check.c"

#define ZERO	0ull
#define P(gen)	TAG_PAGE(7, gen)
#define Q(gen)	TAG_PAGE(8, gen)
#define C(gen)	TAG_OF_CLASS(3, gen)

static const struct tag_case {
	const char *name;
	uint64_t tag, published, begun;
	bool allowed;
} tag_cases[] = {
	{ "never written",		ZERO, ZERO, ZERO, true },
	{ "first write begins",		ZERO, ZERO, P(1), true },
	{ "first write seen early",	P(1), ZERO, P(1), true },
	{ "as published",		P(4), P(4), P(4), true },
	{ "as begun",			P(5), P(4), P(5), true },
	{ "between the two",		P(6), P(4), P(9), true },
	{ "older",			P(3), P(4), P(4), false },
	{ "older, while written",	P(3), P(4), P(5), false },
	{ "not begun yet",		P(6), P(4), P(5), false },
	{ "zero after a write",		ZERO, P(1), P(1), false },
	{ "another page",		Q(4), P(4), P(4), false },
	{ "another page, between",	Q(5), P(4), P(9), false },
	{ "page becomes class",		C(5), P(4), C(5), true },
	{ "still the page",		P(4), P(4), C(5), true },
	{ "the page, too new",		P(6), P(4), C(5), false },
	{ "the page, too old",		P(3), P(4), C(5), false },
	{ "class broken",		P(6), C(5), P(6), true },
	{ "class, one too old",		C(4), C(5), P(6), false },
	{ "thrown away",		P(4), P(4), ZERO, true },
	{ "thrown away, gone",		ZERO, P(4), ZERO, true },
	{ "thrown away, older",		P(3), P(4), ZERO, false },
};

static void test_tags(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tag_cases) / sizeof(*tag_cases); i++) {
		const struct tag_case *c = &tag_cases[i];

		if (check_tag(c->tag, c->published, c->begun) != c->allowed)
			fail_msg("%s", c->name);
	}
}

static const struct backwards_case {
	const char *name;
	uint64_t tag, seen, begun;
	bool backwards;
} backwards_cases[] = {
	{ "nothing seen",		P(1), ZERO, P(1), false },
	{ "the same again",		P(3), P(3), P(3), false },
	{ "newer",			P(4), P(3), P(4), false },
	{ "older than seen",		P(3), P(4), P(4), true },
	{ "older, another since",	P(3), P(4), P(5), true },
	{ "another identity",		P(3), C(4), P(4), false },
	{ "begun anew",			P(1), P(4), P(1), false },
	{ "thrown away",		ZERO, P(4), ZERO, false },
};

static void test_backwards(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(backwards_cases) / sizeof(*backwards_cases);
	     i++) {
		const struct backwards_case *c = &backwards_cases[i];

		if (check_backwards(c->tag, c->seen, c->begun) != c->backwards)
			fail_msg("%s", c->name);
	}
}

static uint64_t copy[CHECK_WORDS];

static void fill(uint64_t tag)
{
	uint32_t i;

	for (i = 0; i < CHECK_WORDS; i++)
		copy[i] = tag;
}

/* One wrong word is found wherever it stands, and nothing is learnt from it. */
static void test_each_word(void **state)
{
	struct check_failure failure;
	uint64_t seen = P(1);
	uint32_t i;

	(void)state;
	for (i = 0; i < CHECK_WORDS; i++) {
		fill(P(2));
		copy[i] = P(1);
		assert_false(check_page(copy, P(2), P(2), &seen, &failure));
		assert_int_equal(failure.word, i);
		assert_true(failure.expected == P(2));
		assert_true(failure.found == P(1));
		assert_true(seen == P(1));
	}
}

/* Half written is allowed; the reader then remembers what word 0 was. */
static void test_half_written(void **state)
{
	struct check_failure failure;
	uint64_t seen = P(1);
	uint32_t i;

	(void)state;
	fill(P(1));
	for (i = 0; i < CHECK_WORDS / 2; i++)
		copy[i] = P(2);
	assert_true(check_page(copy, P(1), P(2), &seen, &failure));
	assert_true(seen == P(2));

	/* Back to the old one, which is still what is published. */
	fill(P(1));
	assert_false(check_page(copy, P(1), P(2), &seen, &failure));
	assert_int_equal(failure.word, 0);
	assert_true(failure.expected == P(2));
	assert_true(failure.found == P(1));
	assert_true(seen == P(2));

	fill(P(2));
	assert_true(check_page(copy, P(2), P(2), &seen, &failure));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_backwards),
		cmocka_unit_test(test_each_word),
		cmocka_unit_test(test_half_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
