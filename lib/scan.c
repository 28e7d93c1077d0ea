#include "lib/scan.h"

#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

bool text_file_is(const struct text_file *file, const char *suffix)
{
	size_t length = strlen(file->name), end = strlen(suffix);

	return length >= end && !strcmp(file->name + length - end, suffix);
}

int scan_error(struct scan *scan, const char *format, ...)
{
	va_list args;
	int n;

	if (scan->error[0])
		return -EINVAL;
	n = format_text(scan->error, scan->error_size, "%s:%u: ", scan->file,
			scan->line);
	if ((size_t)n < scan->error_size) {
		va_start(args, format);
		format_text_args(scan->error + n, scan->error_size - n, format,
				 args);
		va_end(args);
	}
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void advance(struct scan *scan)
{
	scan->line += *scan->at++ == '\n';
}

/* Is @text next, character by character? */
static bool begins_with(const struct scan *scan, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(scan->end - scan->at) >= length &&
	       !strncmp(scan->at, text, length);
}

/* An unterminated one takes the rest; the complaint names where it began. */
static void skip_comment(struct scan *scan)
{
	u32 line = scan->line;

	while (scan->at < scan->end && !begins_with(scan, "*)"))
		advance(scan);
	if (scan->at < scan->end) {
		scan->at += strlen("*)");
		return;
	}
	scan->line = line;
	scan_error(scan, "the comment has no end: accepted is (* until *)");
}

static void skip_line(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		scan->at++;
}

bool scan_more(struct scan *scan)
{
	while (scan->at < scan->end) {
		if (is_blank(*scan->at))
			advance(scan);
		else if (*scan->at == '#')
			skip_line(scan);
		else if (begins_with(scan, "(*"))
			skip_comment(scan);
		else
			return true;
	}
	return false;
}

bool scan_symbol(struct scan *scan, const char *symbol)
{
	if (!scan_more(scan) || !begins_with(scan, symbol))
		return false;
	scan->at += strlen(symbol);
	return true;
}

/* Length of the word that begins at @at; 0: none does. */
static size_t word_length(const struct scan *scan, const char *at)
{
	const char *end = at;

	if (at == scan->end || !is_letter(*at))
		return 0;
	while (end < scan->end && (is_letter(*end) || is_digit(*end) ||
				   *end == '-' || *end == '_'))
		end++;
	return end - at;
}

bool scan_keyword(struct scan *scan, const char *word)
{
	size_t length;

	if (!scan_more(scan))
		return false;
	length = word_length(scan, scan->at);
	if (length != strlen(word) || strncmp(scan->at, word, length))
		return false;
	scan->at += length;
	return true;
}

bool scan_word(struct scan *scan, char *word, size_t size)
{
	size_t length;

	if (!scan_more(scan))
		return false;
	length = word_length(scan, scan->at);
	if (!length || length >= size)
		return false;
	memcpy(word, scan->at, length);
	word[length] = '\0';
	scan->at += length;
	return true;
}

/* The value of a digit, or 16 and more. */
static u32 digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16u;
}

bool scan_number(struct scan *scan, u64 *number)
{
	u32 base = 10, digit;
	const char *at, *start;
	u64 n = 0;

	if (!scan_more(scan))
		return false;
	at = scan->at;
	if (begins_with(scan, "0x")) {
		base = 16;
		at += 2;
	}
	for (start = at; at < scan->end; at++) {
		digit = digit_value(*at);
		if (digit >= base)
			break;
		if (n > (~0ull - digit) / base)
			return false;
		n = n * base + digit;
	}
	if (at == start || word_length(scan, at))
		return false;
	scan->at = at;
	*number = n;
	return true;
}

/* Append @c to the @n bytes in @buf, runs of blanks as one. */
static int add(struct scan *scan, char *buf, size_t size, size_t *n, char c)
{
	if (is_blank(c)) {
		if (!*n || buf[*n - 1] == ' ')
			return 0;
		c = ' ';
	}
	if (c < ' ' || c > '~')
		return scan_error(scan, "byte 0x%x cannot be shown: accepted "
				  "are the characters of ASCII", (u8)c);
	if (*n + 1 >= size)
		return scan_error(scan, "the text is too long: accepted are "
				  "up to %lu characters",
				  (unsigned long)size - 1);
	buf[(*n)++] = c;
	return 0;
}

/* Copy up to @stop, or to the end. */
static int copy_text(struct scan *scan, char stop, char *buf, size_t size)
{
	size_t n = 0;

	for (; scan->at < scan->end && *scan->at != stop; advance(scan))
		if (add(scan, buf, size, &n, *scan->at))
			return -EINVAL;
	while (n && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
	return 0;
}

int scan_string(struct scan *scan, char *buf, size_t size)
{
	u32 line;

	if (!scan_symbol(scan, "\""))
		return scan_error(scan, "%s is not accepted: a text in double "
				  "quotes", scan_next(scan));
	line = scan->line;
	if (copy_text(scan, '"', buf, size))
		return -EINVAL;
	if (scan->at == scan->end) {
		scan->line = line;
		return scan_error(scan, "the text has no end: accepted is a "
				  "text in double quotes");
	}
	scan->at++;
	return 0;
}

int scan_line(struct scan *scan, char *buf, size_t size)
{
	return copy_text(scan, '\n', buf, size);
}

const char *scan_next(struct scan *scan)
{
	static char text[48];
	const char *at;
	size_t length;

	if (!scan_more(scan))
		return "the end of the file";
	at = scan->at;
	length = word_length(scan, at);
	if (!length)
		for (length = 1; at + length < scan->end &&
		     !is_blank(at[length]) && length < 16; length++)
			;
	text[0] = '\'';
	quote_text(text + 1, sizeof(text) - 2, at, length);
	format_text(text + strlen(text), 2, "'");
	return text;
}

bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	const char *at = words;

	while (at && *at) {
		const char *end = at;

		while (*end && *end != ' ')
			end++;
		if ((size_t)(end - at) == length && !strncmp(at, word, length))
			return true;
		at = *end ? end + 1 : end;
	}
	return false;
}
