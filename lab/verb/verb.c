/*
 * What is said of verbs, without what they do: whoever only reads files links
 * this alone.
 */
#include "lab/verb/verb.h"

const struct verb verbs[VERB_COUNT] = {
#define VERB_ROW(id, function, name, by, result, use, ...)			\
	[VERB_##id] = { name, by, result, use, { ARGUMENT_##__VA_ARGS__ } },
	VERBS(VERB_ROW)
};

enum verb_id verb_any_time(u32 draw)
{
	enum verb_id verb = VERB_END;
	u32 count = 0, i;

	for (i = 0; i < VERB_COUNT; i++)
		count += verbs[i].use == ANY_TIME;
	for (draw %= count; ; draw--) {
		do {
			verb++;
		} while (verbs[verb].use != ANY_TIME);
		if (!draw)
			return verb;
	}
}
