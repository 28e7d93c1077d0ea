/*
 * Reading text files: words, numbers, symbols, strings, and a complaint that
 * names file and line. Pure. Tokens are separated by blanks, line ends and
 * comments: from # to the end of the line, or (* until *).
 */
#ifndef LIB_SCAN_H
#define LIB_SCAN_H

#include "lib/compiler.h"

#define TEXT_FILE_SIZE	65536	/* bytes of the largest accepted file */

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

/* Skip to the next token. True: there is one. */
bool scan_more(struct scan *scan);

/* Is @symbol next? Then move past it. */
bool scan_symbol(struct scan *scan, const char *symbol);

/* The same with a word, which must end there. */
bool scan_keyword(struct scan *scan, const char *word);

/*
 * Copy the next word, a letter, then letters, digits and - _, to @word of
 * @size bytes. False: there is none, or it does not fit; nothing was moved.
 */
bool scan_word(struct scan *scan, char *word, size_t size);

/* A number, decimal or after 0x. False: there is none, or it does not fit in
 * 64 bits; nothing was moved. */
bool scan_number(struct scan *scan, u64 *number);

/*
 * Copy the next string, between double quotes, to @buf of @size bytes, each
 * run of blanks and line ends as one blank. 0, or -EINVAL: there is none, it
 * does not end, it does not fit, or a byte of it is unprintable.
 */
__must_check int scan_string(struct scan *scan, char *buf, size_t size);

/* The same with the rest of this line, without blanks around it. */
__must_check int scan_line(struct scan *scan, char *buf, size_t size);

/* What is next, for a complaint: a few characters, quoted, in static storage;
 * "the end of the file". */
const char *scan_next(struct scan *scan);

/* Is @word among @words, which have spaces between them? NULL has none. */
bool has_word(const char *words, const char *word);

#endif
