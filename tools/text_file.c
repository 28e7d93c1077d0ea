#include "tools/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *text_file_read(const char *path, struct text_file *file)
{
	static char text[TEXT_FILE_SIZE + 1];
	FILE *f = fopen(path, "r");
	bool failed;

	if (!f)
		return strerror(errno);
	file->name = path;
	file->text = text;
	file->size = fread(text, 1, sizeof(text), f);
	failed = ferror(f);
	fclose(f);
	if (failed)
		return strerror(errno);
	return file->size > TEXT_FILE_SIZE ? "a file has up to 65536 bytes"
					   : NULL;
}
