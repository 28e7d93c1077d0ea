#include "lab/experiment/reading.h"

#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

int refuse_part(const struct reading *r, const char *value, size_t length,
		const char *format, ...)
{
	char shown[SHOWN];
	va_list args;
	int n;

	quote_text(shown, sizeof(shown), value, length);
	n = format_text(r->error, r->error_size, "'%s=%s' is not accepted: "
			"%s= takes ", r->name, shown, r->name);
	if ((size_t)n < r->error_size) {
		va_start(args, format);
		format_text_args(r->error + n, r->error_size - n, format,
				 args);
		va_end(args);
	}
	return -EINVAL;
}

/* Add @text to @error, as far as there is room. */
void append_text(char *error, size_t error_size, const char *text)
{
	size_t n = strlen(error);

	format_text(error + n, error_size - n, "%s", text);
}

int refuse_names(const struct reading *r, const char *value, size_t length,
		 name_fn name, const char *others)
{
	u32 i;

	refuse_part(r, value, length, "%s", name(0));
	for (i = 1; name(i); i++) {
		append_text(r->error, r->error_size, " ");
		append_text(r->error, r->error_size, name(i));
	}
	append_text(r->error, r->error_size, others);
	return -EINVAL;
}

int find_name(name_fn name, const char *text, size_t length)
{
	u32 i;

	for (i = 0; name(i); i++)
		if (strlen(name(i)) == length &&
		    !strncmp(text, name(i), length))
			return i;
	return -1;
}

u64 all_of(name_fn name)
{
	u64 mask = 0;
	u32 i;

	for (i = 0; name(i); i++)
		mask |= 1ull << i;
	return mask;
}

/* Names with commas between them, or "all". */
int read_names(const struct reading *r, name_fn name, u64 *mask)
{
	const char *at = r->value;
	size_t length;
	int i;

	if (!strcmp(r->value, "all")) {
		*mask = all_of(name);
		return 0;
	}
	for (*mask = 0; ; at += length + 1) {
		for (length = 0; at[length] && at[length] != ','; length++)
			;
		i = find_name(name, at, length);
		if (i < 0)
			/* The wrong name only, of a list that may be long. */
			return refuse_names(r, at, length, name, " all");
		*mask |= 1ull << i;
		if (!at[length])
			return 0;
	}
}

int read_number(const struct reading *r, u64 low, u64 high, u32 *number)
{
	const char *at = r->value;
	u64 n = 0;

	while (*at >= '0' && *at <= '9' && n <= high)
		n = n * 10 + (*at++ - '0');
	if (at == r->value || *at || n < low || n > high) {
		return refuse(r, "a number from %llu to %llu",
			      (unsigned long long)low,
			      (unsigned long long)high);
	}
	*number = (u32)n;
	return 0;
}

/* One of two words; @flag becomes true for the second. */
int read_flag(const struct reading *r, const char *no, const char *yes,
		     bool *flag)
{
	if (!strcmp(r->value, no) || !strcmp(r->value, yes)) {
		*flag = !strcmp(r->value, yes);
		return 0;
	}
	return refuse(r, "%s %s", no, yes);
}

/* Names, or "none". */
int read_some(const struct reading *r, name_fn name, u64 *mask)
{
	if (!strcmp(r->value, "none")) {
		*mask = 0;
		return 0;
	}
	return read_names(r, name, mask);
}

void ask_all(name_fn name, bool *asked)
{
	u32 i;

	for (i = 0; name(i); i++)
		asked[i] = true;
}

int read_files(const struct reading *r, name_fn name, name_fn file,
	       bool *asked)
{
	const char *at = r->value;
	size_t length;
	int i;

	for (; ; at += length + 1) {
		for (length = 0; at[length] && at[length] != ','; length++)
			;
		i = find_name(name, at, length);
		if (i < 0)
			i = find_name(file, at, length);
		if (i >= 0)
			asked[i] = true;
		else if (length == 3 && !strncmp(at, "all", length))
			ask_all(name, asked);
		else
			return refuse_names(r, at, length, name, " all");
		if (!at[length])
			return 0;
	}
}
