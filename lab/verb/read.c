#include "lab/verb/read.h"

#include "lib/error.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

int read_lettered(struct scan *scan, char letter, u32 end, u32 *number)
{
	const char *at;
	u64 n = 0;

	if (scan_more(scan) && *scan->at == letter) {
		at = scan->at + 1;
		while (at < scan->end && *at >= '0' && *at <= '9' && n < end)
			n = n * 10 + (*at++ - '0');
		if (at > scan->at + 1 && n < end) {
			scan->at = at;
			*number = (u32)n;
			return 0;
		}
	}
	return scan_error(scan, "%s is not accepted: %c0 to %c%u",
			  scan_next(scan), letter, letter, end - 1);
}

int read_pages(struct scan *scan, u32 end, u32 *first, u32 *count)
{
	u32 last;
	int err = read_lettered(scan, 'p', end, first);

	*count = 1;
	if (err || !scan_symbol(scan, ".."))
		return err;
	err = read_lettered(scan, 'p', end, &last);
	if (!err && last < *first)
		err = scan_error(scan, "p%u..p%u is not accepted: the first "
				 "page comes first", *first, last);
	*count = last + 1 - *first;
	return err;
}

enum verb_id read_verb(struct scan *scan, bool (*may)(enum verb_id verb))
{
	enum verb_id verb;

	for (verb = VERB_END + 1; verb < VERB_COUNT; verb++)
		if (may(verb) && scan_keyword(scan, verbs[verb].name))
			return verb;
	return VERB_END;
}

int refuse_verb(struct scan *scan, const char *who,
		bool (*may)(enum verb_id verb))
{
	char text[400];
	enum verb_id verb;
	size_t n;

	text[0] = '\0';
	for (verb = VERB_END + 1; verb < VERB_COUNT; verb++) {
		n = strlen(text);
		if (may(verb))
			format_text(text + n, sizeof(text) - n, " %s",
				    verbs[verb].name);
	}
	return scan_error(scan, "%s is not accepted: %s can do%s",
			  scan_next(scan), who, text);
}
