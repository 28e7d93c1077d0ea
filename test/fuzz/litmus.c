/*
 * Litmus files: any bytes are read, or refused by one line.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lab/litmus/read.h"
#include "lib/error.h"

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

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *text = malloc(size + !size), *error = malloc(LITMUS_ERROR);
	struct text_file file = { "f", text, size };
	int err;

	memcpy(text, data, size);
	err = litmus_read(&test, &file, error);
	if (err) {
		FUZZ_EXPECT(err == -EINVAL);
		FUZZ_EXPECT(!strncmp(error, "f:", 2) && !strchr(error, '\n'));
	} else {
		FUZZ_EXPECT(!error[0]);
		check_accepted();
	}
	free(error);
	free(text);
	return 0;
}
