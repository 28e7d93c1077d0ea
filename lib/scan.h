/*
 * Reading text files: words, numbers, symbols, strings, and a complaint that
 * names file and line. Pure. Between tokens stand blanks, line ends and
 * comments: from # to the end of the line, or (* until *).
 */
#ifndef LIB_SCAN_H
#define LIB_SCAN_H

#include "lib/compiler.h"

#define TEXT_FILE_SIZE	65536	/* bytes of the biggest that is accepted */

/* A file's text; no zero byte ends it. */
struct text_file {
	const char *name, *text;
	size_t size;
};

/* Does the name of @file end with @suffix? */
bool text_file_is(const struct text_file *file, const char *suffix);

struct scan {
	const char *at, *end;	/* what is left */
	u32 line;		/* of @at, from 1 on */
	const char *file;	/* its name, for complaints */
	char *error;		/* of @error_size bytes: the first complaint */
	size_t error_size;
};

/* Write "FILE:LINE: " and @format to the error, unless there is one. Returns
 * -EINVAL. */
int scan_error(struct scan *scan, const char *format, ...) __printf(2, 3);

/* Skip what stands between tokens. True: something is left. */
bool scan_more(struct scan *scan);

/* Is @symbol next? Then move behind it. */
bool scan_symbol(struct scan *scan, const char *symbol);

/* The same with a word, which must end there. */
bool scan_keyword(struct scan *scan, const char *word);

/*
 * Copy the word that is next to @word of @size bytes: a letter, then letters,
 * digits and - _. False: there is none, or it has no room; nothing was moved.
 */
bool scan_word(struct scan *scan, char *word, size_t size);

/* A number, decimal or after 0x. False: there is none, or it has no room in
 * 64 bits; nothing was moved. */
bool scan_number(struct scan *scan, u64 *number);

/*
 * Copy the string between double quotes that is next to @buf of @size bytes,
 * each row of blanks and line ends as one blank. 0, or -EINVAL: there is none,
 * it does not end, it has no room, or a byte of it cannot be shown.
 */
__must_check int scan_string(struct scan *scan, char *buf, size_t size);

/* The same with what is left of this line, without blanks around it. */
__must_check int scan_line(struct scan *scan, char *buf, size_t size);

/* What is next, for a complaint: a few characters, quoted, in static storage;
 * "the end of the file". */
const char *scan_next(struct scan *scan);

#endif
