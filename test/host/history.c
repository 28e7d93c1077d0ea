#include "test/host/history.h"

#include <stdio.h>
#include <string.h>

#define KEPT	20

static struct {
	u64 count;
	bool wrong;
	char what[200];
	struct {
		const char *format;
		u64 arguments[4];
	} kept[KEPT];
} history;

void history_start(void)
{
	memset(&history, 0, sizeof(history));
}

void history_note(const char *format, u64 a, u64 b, u64 c, u64 d)
{
	u64 *arguments = history.kept[history.count % KEPT].arguments;

	history.kept[history.count % KEPT].format = format;
	arguments[0] = a;
	arguments[1] = b;
	arguments[2] = c;
	arguments[3] = d;
}

void history_next(void)
{
	history.count++;
	history_note("nothing", 0, 0, 0, 0);
}

u64 history_count(void)
{
	return history.count;
}

void history_wrong(const char *format, ...)
{
	va_list args;

	if (history.wrong)
		return;
	history.wrong = true;
	va_start(args, format);
	vsnprintf(history.what, sizeof(history.what), format, args);
	va_end(args);
}

const char *history_what(void)
{
	return history.wrong ? history.what : NULL;
}

void history_explain(void)
{
	u64 i = history.count < KEPT ? 0 : history.count - KEPT + 1;

	for (; i <= history.count; i++) {
		const u64 *a = history.kept[i % KEPT].arguments;
		char text[120] = "";

		if (history.kept[i % KEPT].format)
			snprintf(text, sizeof(text),
				 history.kept[i % KEPT].format, a[0], a[1],
				 a[2], a[3]);
		print_message("# %10llu  %s\n", (unsigned long long)i, text);
	}
	print_message("# operation %llu: %s\n",
		      (unsigned long long)history.count,
		      history.wrong ? history.what : "the program ended");
}
