/*
 * Litmus files: any bytes are read, or refused by one line.
 */
#include "test/fuzz/text.h"

#include <string.h>
#include "lab/litmus/read.h"

const char fuzz_name[] = "litmus";

static struct litmus_test test;

static void check_actions(const struct action *actions, u32 max)
{
	u32 i;

	for (i = 0; actions[i].verb != VERB_END; i++) {
		u32 page = actions[i].page & ~VERB_ALIAS;

		FUZZ_EXPECT(i < max && actions[i].verb < VERB_COUNT);
		FUZZ_EXPECT(page < test.pages && actions[i].into < test.pages);
		FUZZ_EXPECT(page + actions[i].count <= test.pages ||
			    actions[i].verb == VERB_SCAN);
		FUZZ_EXPECT(actions[i].word < PAGE_WORDS);
		FUZZ_EXPECT(actions[i].flag < PARTY_FLAGS);
		FUZZ_EXPECT(actions[i].who <= LITMUS_VCPU1);
	}
}

static void check_accepted(void)
{
	struct litmus_outcome outcome;
	u32 i;

	memset(&outcome, 0, sizeof(outcome));
	FUZZ_EXPECT(test.name[0] && strlen(test.name) < LITMUS_NAME);
	FUZZ_EXPECT(test.pages >= 1 && test.pages <= LITMUS_MAX_PAGES);
	check_actions(test.initially, LITMUS_INITIAL);
	check_actions(test.finally, LITMUS_OPS);
	FUZZ_EXPECT(litmus_actor_count(&test) >= 1);
	for (i = 0; i < litmus_actor_count(&test); i++)
		check_actions(test.actors[i].ops, LITMUS_OPS);
	FUZZ_EXPECT(test.term_count && test.term_count <= LITMUS_TERMS);
	for (i = 0; i < test.term_count; i++)
		FUZZ_EXPECT(test.terms[i].kind != TERM_REGISTER ||
			    (test.terms[i].actor <= LITMUS_FINALLY &&
			     test.terms[i].reg < LITMUS_OPS));
	(void)litmus_seen(&test, &outcome);
}

static int read_file(const struct text_file *file, char *error)
{
	return litmus_read(&test, file, error);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	return fuzz_text(data, size, LITMUS_ERROR, read_file, check_accepted);
}
