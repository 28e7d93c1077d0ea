/*
 * What the fuzz targets of text files share: any bytes are accepted, or refused
 * by one line that begins with the file's name.
 */
#ifndef TEST_FUZZ_TEXT_H
#define TEST_FUZZ_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/scan.h"
#include "test/fuzz/fuzz.h"

/* @check looks at what @read has accepted. Copies of their own: a sanitizer sees
 * whoever reads or writes beyond them. */
static inline int fuzz_text(const u8 *data, size_t size, size_t error_size,
			    int (*read)(const struct text_file *file,
					char *error), void (*check)(void))
{
	char *text = malloc(size + !size), *error = malloc(error_size);
	struct text_file file = { "f", text, size };
	int err;

	memcpy(text, data, size);
	err = read(&file, error);
	if (err) {
		FUZZ_EXPECT(err == -EINVAL);
		FUZZ_EXPECT(!strncmp(error, "f:", 2) && !strchr(error, '\n'));
	} else {
		FUZZ_EXPECT(!error[0]);
		check();
	}
	free(error);
	free(text);
	return 0;
}

#endif
