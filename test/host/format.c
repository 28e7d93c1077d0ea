/*
 * Formatting, against libc's for all that both understand.
 */
#include "test/host/support.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The same call to both; the texts and the lengths must be equal. */
#define same_as_libc(...) do {						\
	char ours_[256], theirs_[256];					\
	int n_ = format_text(ours_, sizeof(ours_), __VA_ARGS__);	\
	int m_ = snprintf(theirs_, sizeof(theirs_), __VA_ARGS__);	\
									\
	assert_string_equal(ours_, theirs_);				\
	assert_int_equal(n_, m_);					\
} while (0)

static void test_numbers(void **state)
{
	static const long long values[] = {
		0, 1, -1, 9, 10, 12345678, -12345678, INT_MAX, INT_MIN,
		UINT_MAX, LLONG_MAX, LLONG_MIN, 1ll << 32, (1ll << 32) + 1,
		-(1ll << 32) - 1, 10000000000, 0x123456789abcdef0,
		(1ll << 48) - 1,
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(values); i++) {
		long long v = values[i];

		same_as_libc("%d|%u|%x", (int)v, (unsigned)v, (unsigned)v);
		same_as_libc("%ld|%lu|%lx", (long)v, (unsigned long)v,
			     (unsigned long)v);
		same_as_libc("%lld|%llu|%llx", v, (unsigned long long)v,
			     (unsigned long long)v);
		same_as_libc("%5d|%-5d|%05d|", (int)v, (int)v, (int)v);
		same_as_libc("%16llx|%-16llx|%016llx|", (unsigned long long)v,
			     (unsigned long long)v, (unsigned long long)v);
		same_as_libc("%024llu|%40llu|", (unsigned long long)v,
			     (unsigned long long)v);
	}
}

static void test_texts(void **state)
{
	(void)state;
	same_as_libc("plain");
	same_as_libc("%s", "");
	same_as_libc("%s and %s", "one", "two");
	same_as_libc("%10s|%-10s|%2s", "right", "left", "longer");
	same_as_libc("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	same_as_libc("100%% of it");
	same_as_libc("%p", (void *)0x1234);
}

/* Without the compiler's look at the format. */
static int format_unchecked(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = format_text_args(buf, size, format, args);
	va_end(args);
	return n;
}

/* What libc does otherwise or not at all. */
static void test_own(void **state)
{
	char buf[64];

	(void)state;
	format_unchecked(buf, sizeof(buf), "%s", (char *)NULL);
	assert_string_equal(buf, "(null)");
	format_text(buf, sizeof(buf), "%p", NULL);
	assert_string_equal(buf, "0x0");
}

/* Letters that nobody knows are printed as they are. */
static void test_unknown(void **state)
{
	static const struct {
		const char *format, *text;
	} rows[] = {
		{ "%q",		"%q" },
		{ "%",		"%" },
		{ "%5",		"%5" },
		{ "%%%",	"%%" },
		{ "a%!b",	"a%!b" },
	};
	char buf[64];
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		format_unchecked(buf, sizeof(buf), rows[i].format);
		assert_string_equal(buf, rows[i].text);
	}
}

/* Always terminated, never beyond, and the length that it would have. */
static void test_cut(void **state)
{
	const char *text = "0123456789";
	size_t size;

	(void)state;
	for (size = 0; size < 15; size++) {
		char *buf = malloc(size ? size : 1);	/* ASan watches */

		buf[0] = '?';
		assert_int_equal(format_text(buf, size, "%s", text), 10);
		if (!size)
			assert_int_equal(buf[0], '?');
		else
			assert_int_equal(strlen(buf),
					 size > 10 ? 10 : size - 1);
		free(buf);
	}
}

/* Text from outside: nothing in it that cannot be seen, cut only visibly. */
static void test_quote(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *shown;
	} rows[] = {
		{ "",			8, "" },
		{ "plain 'x~",		20, "plain 'x~" },
		{ "a\r\n\tz",		20, "a\\r\\n\\tz" },
		{ "\a\b\t\n\v\f\r",	20, "\\a\\b\\t\\n\\v\\f\\r" },
		{ "\x01\x06\x0e\x1f",	20, "\\x01\\x06\\x0e\\x1f" },
		{ "\x7f\x80\xff",	20, "\\x7f\\x80\\xff" },
		{ "1234567",		8, "1234567" },
		{ "12345678",		8, "1234..." },
		{ "123456\r",		9, "123456\\r" },
		{ "123456\r",		8, "1234..." },
		{ "123\r56",		8, "123\\r56" },
		{ "123\r567",		8, "123..." },
		{ "\001\002",		8, "\\x01..." },
		{ "\001\002",		7, "..." },
		{ "long",		4, "..." },
		{ "long",		3, ".." },
		{ "long",		1, "" },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		char *buf = malloc(rows[i].size);	/* ASan watches */

		quote_text(buf, rows[i].size, rows[i].text,
			   strlen(rows[i].text));
		assert_string_equal(buf, rows[i].shown);
		free(buf);
	}
	quote_text(NULL, 0, "x", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_quote),
	};

	return RUN(tests);
}
