#include "boot/command.h"

#include "arch/x86/string.h"

#define MAX_DIGITS	9	/* no overflow of a u32 */

/* A number that ends where the word ends, else 0. */
static u32 parse_number(const char *text)
{
	u32 value = 0, digits = 0;

	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (u32)(*text - '0');
		if (++digits > MAX_DIGITS)
			return 0;
	}
	return *text == ' ' || *text == '\0' ? value : 0;
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
