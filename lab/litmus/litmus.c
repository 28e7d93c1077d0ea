#include "lab/litmus/litmus.h"

#include "lib/scan.h"

u32 litmus_actor_count(const struct litmus_test *test)
{
	u32 n = 0;

	while (n < LITMUS_ACTORS && test->actors[n].ops[0].verb != VERB_END)
		n++;
	return n;
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
