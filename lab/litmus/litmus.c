#include "lab/litmus/litmus.h"

#include "lib/string.h"

const char *const litmus_verb_names[LITMUS_VERB_COUNT] = {
	[LITMUS_READ] = "read",
	[LITMUS_WRITE] = "write",
	[LITMUS_RAISE] = "raise",
	[LITMUS_LOOK] = "look",
	[LITMUS_AWAIT] = "await",
	[LITMUS_WATCH] = "watch",
	[LITMUS_OUT_READ] = "leave-and-read",
	[LITMUS_OUT_WRITE] = "leave-and-write",
	[LITMUS_FORK] = "fork",
	[LITMUS_CHILD_READ] = "child-read",
	[LITMUS_CHILD_WRITE] = "child-write",
	[LITMUS_CHILD_EXIT] = "child-exit",
	[LITMUS_PIN] = "pin",
	[LITMUS_PIN_READ] = "read-pinned",
	[LITMUS_PIN_SAME] = "is-pinned",
	[LITMUS_UNPIN] = "unpin",
	[LITMUS_MERGE] = "merge",
	[LITMUS_PROTECT_RO] = "protect-ro",
	[LITMUS_PROTECT_RW] = "protect-rw",
	[LITMUS_DISCARD] = "discard",
	[LITMUS_MIGRATE] = "migrate",
	[LITMUS_REUSE] = "reuse-frames",
	[LITMUS_COMPLETE] = "complete",
	[LITMUS_SPURIOUS] = "spurious",
	[LITMUS_FAULTS] = "faults",
};

const struct litmus_test *litmus_find(const char *name)
{
	u32 i;

	for (i = 0; i < litmus_test_count; i++)
		if (!strcmp(litmus_tests[i].name, name))
			return &litmus_tests[i];
	return NULL;
}

bool litmus_sets_register(enum litmus_verb verb)
{
	switch (verb) {
	case LITMUS_READ:
	case LITMUS_LOOK:
	case LITMUS_WATCH:
	case LITMUS_OUT_READ:
	case LITMUS_CHILD_READ:
	case LITMUS_PIN:
	case LITMUS_PIN_READ:
	case LITMUS_PIN_SAME:
	case LITMUS_MERGE:
	case LITMUS_MIGRATE:
	case LITMUS_SPURIOUS:
	case LITMUS_FAULTS:
		return true;
	default:
		return false;
	}
}

u32 litmus_actor_count(const struct litmus_test *test)
{
	u32 n = 0;

	while (n < LITMUS_ACTORS && test->actors[n].ops[0].verb != LITMUS_END)
		n++;
	return n;
}

u32 litmus_pages_max(void)
{
	u32 max = 0, i;

	for (i = 0; i < litmus_test_count; i++)
		if (litmus_pages(&litmus_tests[i]) > max)
			max = litmus_pages(&litmus_tests[i]);
	return max;
}

bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	const char *at = words;

	while (at && *at) {
		const char *end = at;

		while (*end && *end != ' ')
			end++;
		if ((size_t)(end - at) == length && !strncmp(at, word, length))
			return true;
		at = *end ? end + 1 : end;
	}
	return false;
}

bool litmus_reached_by(const struct litmus_test *test, const char *mutant)
{
	return has_word(test->mutants, mutant);
}

bool litmus_shows(const struct litmus_test *test, const char *mutant)
{
	return litmus_reached_by(test, mutant) ||
	       has_word(test->heard, mutant);
}
