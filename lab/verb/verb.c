/*
 * What is said of verbs, without what they do: whoever only reads files links
 * this alone.
 */
#include "lab/verb/verb.h"

const struct verb verbs[VERB_COUNT] = {
#define VERB_ROW(id, function, name, by, result, ...)			\
	[VERB_##id] = { name, by, result, { ARGUMENT_##__VA_ARGS__ } },
	VERBS(VERB_ROW)
};
