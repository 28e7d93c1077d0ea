#include "lab/litmus/read.h"

#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

/* Who it is that is next: a word of litmus_who_names. False: none. */
static bool read_who(struct litmus_reader *reader, enum litmus_who *who)
{
	for (*who = 0; *who < array_count(litmus_who_names); ++*who)
		if (scan_keyword(&reader->scan, litmus_who_names[*who]))
			return true;
	return false;
}

/* { action; vcpu0: action; } into @actions, up to @max of them, whose registers
 * are those of @list. */
static int read_block(struct litmus_reader *reader, u32 list,
		      struct action *actions, u32 max)
{
	struct scan *scan = &reader->scan;
	enum litmus_who who;
	u32 n;
	int err;

	if (!scan_symbol(scan, "{"))
		return litmus_refuse(reader, "{");
	for (n = 0; !scan_symbol(scan, "}"); n++) {
		if (n && !scan_symbol(scan, ";"))
			return litmus_refuse(reader, "; or }");
		if (scan_symbol(scan, "}"))
			break;
		if (n == max)
			return scan_error(scan, "too many actions: accepted "
					  "are up to %u here", max);
		if (!read_who(reader, &who))
			who = LITMUS_HOST;
		else if (!scan_symbol(scan, ":"))
			return litmus_refuse(reader, "':' behind a vCPU's name");
		actions[n].who = who;
		err = litmus_read_action(reader, list, &actions[n]);
		if (err)
			return err;
	}
	return 0;
}

/* --- Columns. */

static int refuse_twice(struct litmus_reader *reader, enum litmus_who who)
{
	const struct litmus_test *test = reader->test;
	u32 i;

	for (i = 0; test->actors[i].who != who; i++)
		;
	return scan_error(&reader->scan, "%s has column %u already: accepted "
			  "is one column for each vCPU", litmus_who_names[who], i);
}

/* host | vcpu0 | vcpu1 ; */
static int read_heads(struct litmus_reader *reader, u32 *count)
{
	struct litmus_actor *actors = reader->test->actors;
	struct scan *scan = &reader->scan;
	u32 seen = 0;
	enum litmus_who who;

	for (*count = 0; ; ++*count) {
		if (*count && scan_symbol(scan, ";"))
			return 0;
		if (*count && !scan_symbol(scan, "|"))
			return litmus_refuse(reader, "| and one more actor, or ;");
		if (*count == LITMUS_ACTORS)
			return scan_error(scan, "too many columns: accepted "
					  "are up to %u", LITMUS_ACTORS);
		if (!read_who(reader, &who))
			return litmus_refuse(reader, "an actor: host, vcpu0 or vcpu1");
		if (who != LITMUS_HOST && seen & 1u << who)
			return refuse_twice(reader, who);
		seen |= 1u << who;
		actors[*count].who = who;
	}
}

static u32 op_count(const struct litmus_actor *actor)
{
	u32 n = 0;

	while (actor->ops[n].verb != VERB_END)
		n++;
	return n;
}

/* One cell of a row, which may be empty. */
static int read_cell(struct litmus_reader *reader, u32 column)
{
	struct litmus_actor *actor = &reader->test->actors[column];
	struct scan *scan = &reader->scan;
	u32 n = op_count(actor);

	if (!scan_more(scan) || *scan->at == '|' || *scan->at == ';')
		return 0;
	if (n == LITMUS_OPS)
		return scan_error(scan, "column %u is too long: accepted are "
				  "up to %u operations", column, LITMUS_OPS);
	actor->ops[n].who = actor->who;
	return litmus_read_action(reader, column, &actor->ops[n]);
}

static int read_row(struct litmus_reader *reader, u32 count)
{
	struct scan *scan = &reader->scan;
	u32 i;
	int err;

	for (i = 0; i < count; i++) {
		if (i && !scan_symbol(scan, "|"))
			return scan_error(scan, "%s is not accepted: | and "
					  "column %u of %u", scan_next(scan),
					  i, count);
		err = read_cell(reader, i);
		if (err)
			return err;
	}
	return scan_symbol(scan, ";") ? 0 : litmus_refuse(reader, "; behind a row");
}

/* Does one of the words that may follow the rows come next? */
static bool rows_end(struct litmus_reader *reader)
{
	static const char *const words[] = { "finally", "forbidden", "allowed" };
	struct scan before = reader->scan;
	bool found = !scan_more(&reader->scan);
	u32 i;

	for (i = 0; i < array_count(words) && !found; i++)
		found = scan_keyword(&reader->scan, words[i]);
	reader->scan = before;
	return found;
}

static int read_columns(struct litmus_reader *reader)
{
	u32 count, i;
	int err = read_heads(reader, &count);

	while (!err && !rows_end(reader))
		err = read_row(reader, count);
	for (i = 0; i < count && !err; i++)
		if (!op_count(&reader->test->actors[i]))
			err = scan_error(&reader->scan, "column %u does "
					 "nothing: accepted are 1 to %u "
					 "operations", i, LITMUS_OPS);
	return err;
}

/* --- The file. */

static int read_pages_key(struct litmus_reader *reader)
{
	u64 pages = 0;

	if (!scan_number(&reader->scan, &pages) || !pages ||
	    pages > LITMUS_MAX_PAGES)
		return scan_error(&reader->scan, "Pages= takes a number from 1 "
				  "to %u", LITMUS_MAX_PAGES);
	reader->test->pages = (u32)pages;
	return 0;
}

/* KEY=VALUE to the end of a line. */
static int read_key(struct litmus_reader *reader)
{
	struct litmus_test *test = reader->test;
	const struct {
		const char *name;
		char *text;
		size_t size;
		u32 *line;
	} keys[] = {
		{ "Rules", test->rules, sizeof(test->rules), NULL },
		{ "Reach", test->reach, sizeof(test->reach), NULL },
		{ "Mutants", test->mutants, sizeof(test->mutants),
		  &test->mutants_line },
		{ "Heard", test->heard, sizeof(test->heard),
		  &test->heard_line },
		{ "Pages", NULL, 0, NULL },
	};
	u32 i;

	for (i = 0; i < array_count(keys); i++) {
		if (!scan_keyword(&reader->scan, keys[i].name))
			continue;
		if (!scan_symbol(&reader->scan, "="))
			return litmus_refuse(reader, "=");
		if (reader->keys & 1u << i)
			return scan_error(&reader->scan, "%s= comes twice: "
					  "accepted is one", keys[i].name);
		reader->keys |= 1u << i;
		if (keys[i].line)
			*keys[i].line = reader->scan.line;
		if (!keys[i].text)
			return read_pages_key(reader);
		return scan_line(&reader->scan, keys[i].text, keys[i].size);
	}
	return litmus_refuse(reader, "Rules= Reach= Mutants= Heard= Pages=, or the "
		      "initial state: { }");
}

/* Tandem NAME "What happens." and keys. */
static int read_head(struct litmus_reader *reader)
{
	struct litmus_test *test = reader->test;
	struct scan *scan = &reader->scan;
	int err = 0;

	if (!scan_keyword(scan, "Tandem"))
		return litmus_refuse(reader, "Tandem NAME in the first line");
	if (!scan_word(scan, test->name, sizeof(test->name)))
		return scan_error(scan, "%s is not accepted: a NAME of a "
				  "letter and up to %u letters, digits, - or _",
				  scan_next(scan), LITMUS_NAME - 2);
	if (!strcmp(test->name, "all") || !strcmp(test->name, "none"))
		return scan_error(scan, "Tandem %s is not accepted: a name "
				  "that means nothing else", test->name);
	if (scan_more(scan) && *scan->at == '"')
		err = scan_string(scan, test->what, sizeof(test->what));
	while (!err && scan_more(scan) && *scan->at != '{')
		err = read_key(reader);
	return err;
}

/* forbidden CONDITION "in words", or allowed. */
static int read_outcome(struct litmus_reader *reader)
{
	struct litmus_test *test = reader->test;
	struct scan *scan = &reader->scan;
	int err;

	test->allowed = scan_keyword(scan, "allowed");
	if (!test->allowed && !scan_keyword(scan, "forbidden"))
		return litmus_refuse(reader, "forbidden or allowed, and a condition");
	err = litmus_read_condition(reader);
	if (!err && scan_more(scan) && *scan->at == '"')
		err = scan_string(scan, test->outcome, sizeof(test->outcome));
	if (!err && scan_more(scan))
		err = litmus_refuse(reader, "/\\ \\/ or the end of the file");
	return err;
}

int litmus_read(struct litmus_test *test, const struct text_file *file,
		char *error)
{
	struct litmus_reader reader = {
		.scan = {
			.at = file->text, .end = file->text + file->size,
			.line = 1, .file = file->name, .error = error,
			.error_size = LITMUS_ERROR,
		},
		.test = test,
	};
	int err;

	memset(test, 0, sizeof(*test));
	test->pages = LITMUS_PAGES;
	format_text(test->file, sizeof(test->file), "%s", file->name);
	error[0] = '\0';
	err = read_head(&reader);
	if (!err)
		err = read_block(&reader, LITMUS_ACTORS + 1, test->initially,
				 LITMUS_INITIAL);
	if (!err)
		err = read_columns(&reader);
	if (!err && scan_keyword(&reader.scan, "finally"))
		err = read_block(&reader, LITMUS_FINALLY, test->finally,
				 LITMUS_OPS);
	if (!err)
		err = read_outcome(&reader);
	return error[0] ? -EINVAL : err;	/* a comment without an end */
}
