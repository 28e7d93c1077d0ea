#include "lib/print.h"

#include "lib/string.h"

/* Where formatted characters go; @length also counts those that do not fit. */
struct sink {
	char *buf;
	size_t size;
	size_t length;
	va_list args;
};

/* One conversion: flags, width, size of the argument. */
struct conversion {
	bool left, zero;
	unsigned width;
	unsigned longs;		/* number of l before the letter */
};

static void put(struct sink *sink, char c)
{
	if (sink->length + 1 < sink->size)
		sink->buf[sink->length] = c;
	sink->length++;
}

static void pad(struct sink *sink, char c, size_t used, size_t width)
{
	for (; used < width; used++)
		put(sink, c);
}

static void put_text(struct sink *sink, const struct conversion *how,
		     const char *text, size_t length)
{
	size_t i;

	if (!how->left)
		pad(sink, ' ', length, how->width);
	for (i = 0; i < length; i++)
		put(sink, text[i]);
	if (how->left)
		pad(sink, ' ', length, how->width);
}

static void put_number(struct sink *sink, const struct conversion *how,
		       u64 value, unsigned base, const char *prefix)
{
	char digits[24];
	size_t n = sizeof(digits), prefix_length = strlen(prefix), i;

	do {
		digits[--n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);

	if (how->zero && !how->left) {
		for (i = 0; i < prefix_length; i++)
			put(sink, prefix[i]);
		pad(sink, '0', sizeof(digits) - n + prefix_length, how->width);
		for (; n < sizeof(digits); n++)
			put(sink, digits[n]);
		return;
	}
	while (prefix_length)
		digits[--n] = prefix[--prefix_length];
	put_text(sink, how, digits + n, sizeof(digits) - n);
}

static const char *parse_conversion(const char *format,
				    struct conversion *how)
{
	*how = (struct conversion){ 0 };
	for (; *format == '-' || *format == '0'; format++) {
		if (*format == '-')
			how->left = true;
		else
			how->zero = true;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		how->width = how->width * 10 + (*format - '0');
	for (; *format == 'l'; format++)
		how->longs++;
	return format;
}

/* One argument, by the letter of its conversion; false: no such letter. */
static bool put_argument(struct sink *sink, const struct conversion *how,
			 char letter)
{
	const char *text;
	s64 number;
	char c;

	switch (letter) {
	case 'd':
		number = how->longs ? va_arg(sink->args, long) :
				      va_arg(sink->args, int);
		put_number(sink, how, number < 0 ? -(u64)number : (u64)number,
			   10, number < 0 ? "-" : "");
		return true;
	case 'u':
	case 'x':
		put_number(sink, how,
			   how->longs ? va_arg(sink->args, unsigned long) :
					va_arg(sink->args, unsigned),
			   letter == 'u' ? 10 : 16, "");
		return true;
	case 'p':
		put_number(sink, how, (u64)va_arg(sink->args, void *), 16,
			   "0x");
		return true;
	case 'c':
		c = (char)va_arg(sink->args, int);
		put_text(sink, how, &c, 1);
		return true;
	case 's':
		text = va_arg(sink->args, const char *);
		if (!text)
			text = "(null)";
		put_text(sink, how, text, strlen(text));
		return true;
	default:
		return false;
	}
}

int format_text_args(char *buf, size_t size, const char *format, va_list args)
{
	struct sink sink = { .buf = buf, .size = size };
	struct conversion how;
	const char *end;

	va_copy(sink.args, args);
	for (; *format; format++) {
		if (*format == '%') {
			end = parse_conversion(format + 1, &how);
			if (put_argument(&sink, &how, *end)) {
				format = end;
				continue;
			}
			if (*end == '%')
				format = end;
		}
		put(&sink, *format);
	}
	va_end(sink.args);
	if (size)
		buf[sink.length < size ? sink.length : size - 1] = '\0';
	return (int)sink.length;
}

int format_text(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = format_text_args(buf, size, format, args);
	va_end(args);
	return length;
}

/* As C writes @c in a string; returns how many characters these are. */
static int quote_character(char *buf, size_t size, char c)
{
	static const char letters[] = "abtnvfr";	/* from 7 on */
	u8 byte = (u8)c;

	if (byte >= 7 && byte < 7 + strlen(letters))
		return format_text(buf, size, "\\%c", letters[byte - 7]);
	if (byte < 0x20 || byte >= 0x7f)
		return format_text(buf, size, "\\x%02x", byte);
	return format_text(buf, size, "%c", c);
}

void quote_text(char *buf, size_t size, const char *text, size_t length)
{
	static const char more[] = "...";
	size_t used = 0, full = 0, i;
	char one[8];

	if (!size)
		return;
	for (i = 0; i < length; i++) {
		size_t n = quote_character(one, sizeof(one), text[i]);

		if (used + n + 1 > size)
			break;
		memcpy(buf + used, one, n);
		used += n;
		/* If the text is cut, it is cut here. */
		if (used + sizeof(more) <= size)
			full = used;
	}
	if (i < length)
		used = full + format_text(buf + full, size - full, "%s", more);
	buf[used < size ? used : size - 1] = '\0';
}
