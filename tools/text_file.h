/*
 * Reading a scenario or litmus file on the host.
 */
#ifndef TOOLS_TEXT_FILE_H
#define TOOLS_TEXT_FILE_H

#include "lib/scan.h"

/* The file at @path, into @file; its text lives until the next call. NULL, or
 * why it cannot be read. */
const char *text_file_read(const char *path, struct text_file *file);

#endif
