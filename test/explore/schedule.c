#include "test/explore/schedule.h"

#include <stdlib.h>
#include <string.h>

static void write_numbers(FILE *to, const char *name, const u32 *words,
			  const u16 *choices, u32 count)
{
	u32 i;

	fprintf(to, "# %s", name);
	for (i = 0; i < count; i++)
		fprintf(to, " %u", words ? words[i] : choices[i]);
	fprintf(to, "\n");
}

void schedule_write(FILE *to, const struct trial *trial, const char *turns,
		    const struct schedule *s)
{
	fprintf(to, "# explore test=%s policy=%s mutant=%s checked=%u "
		"preemptions=%u reduced=%u schedule=%s\n", trial->test->name,
		trial->policy->name,
		trial->mutant ? trial->mutant->name : "none", trial->checked,
		s->preemptions, s->reduced, turns);
	write_numbers(to, "words", s->words, NULL, s->word_count);
	write_numbers(to, "choices", NULL, s->choices, s->choice_count);
}

static bool read_head(const char *line, struct trial *trial,
		      struct schedule *s)
{
	char test[64], policy[64], mutant[64];
	u32 checked, reduced;

	if (sscanf(line, "# explore test=%63s policy=%63s mutant=%63s "
		   "checked=%u preemptions=%u reduced=%u", test, policy,
		   mutant, &checked, &s->preemptions, &reduced) != 6)
		return false;
	s->reduced = reduced;
	trial->test = litmus_find(test);
	trial->policy = policy_find(policy);
	trial->mutant = strcmp(mutant, "none") ? mutant_find(mutant) : NULL;
	trial->checked = checked;
	return trial->test && trial->policy &&
	       (trial->mutant || !strcmp(mutant, "none"));
}

static u32 read_numbers(const char *line, u32 *words, u16 *choices, u32 max)
{
	u32 n = 0;
	char *end;

	for (;;) {
		unsigned long value = strtoul(line, &end, 10);

		if (end == line || n == max)
			return n;
		if (words)
			words[n++] = value;
		else
			choices[n++] = value;
		line = end;
	}
}

bool schedule_read(const char *path, struct trial *trial, struct schedule *s)
{
	FILE *file = fopen(path, "r");
	bool good = false;
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		perror(path);
		return false;
	}
	while (getline(&line, &size, file) > 0 && line[0] == '#') {
		if (!strncmp(line, "# explore ", 10))
			good = read_head(line, trial, s);
		else if (!strncmp(line, "# words", 7))
			s->word_count = read_numbers(line + 7, s->words, NULL,
						     EXPLORE_WORDS);
		else if (!strncmp(line, "# choices", 9))
			s->choice_count = read_numbers(line + 9, NULL,
				s->choices, EXPLORE_CHOICES);
	}
	if (!good)
		fprintf(stderr, "explore: %s: no schedule of ours\n", path);
	free(line);
	fclose(file);
	return good;
}
