#include "lib/rule.h"

#include "lib/print.h"

static bool off;

void rule_broken(const char *format, ...)
{
	char text[160];
	va_list args;

	if (off)
		return;
	va_start(args, format);
	format_text_args(text, sizeof(text), format, args);
	va_end(args);
	panic("%s", text);
}

void rules_off(void)
{
	off = true;
}

void rules_on(void)
{
	off = false;
}

bool rules_are_on(void)
{
	return !off;
}
