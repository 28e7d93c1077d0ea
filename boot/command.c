#include "boot/command.h"

#include "lib/string.h"

#define MAX_VALUE	0xffffffffull

/* A number that ends where the word ends, else 0. */
static u32 parse_number(const char *text)
{
	u64 value = 0;

	for (; *text >= '0' && *text <= '9' && value <= MAX_VALUE; text++)
		value = value * 10 + (u64)(*text - '0');
	if ((*text != ' ' && *text != '\0') || value > MAX_VALUE)
		return 0;
	return (u32)value;
}

u32 command_number(const char *line, const char *name)
{
	size_t length = strlen(name);
	u32 value = 0;

	while (*line) {
		if (!strncmp(line, name, length) && line[length] == '=')
			value = parse_number(line + length + 1);
		while (*line && *line != ' ')
			line++;
		while (*line == ' ')
			line++;
	}
	return value;
}
