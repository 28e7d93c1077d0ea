#include "lab/scenario/read.h"

#include "lab/verb/read.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"
#include "vmm/hypercall_abi.h"

#define LINES_MAX	4096
#define TIMES_MAX	1000000u
#define TOTAL_MAX	10000000ull	/* statements, repeated ones included */
#define WEIGHT_MAX	1000000u
#define CLASSES_MAX	255u
#define STEPS_MAX	1000u

struct reader {
	struct scan scan;
	struct scenario *scenario;
	u32 depth;
	bool in_mix;
};

#define refuse(reader, accepted) \
	scan_error(&(reader)->scan, "%s is not accepted: " accepted, \
		   scan_next(&(reader)->scan))

/* A number from 1 to @max, for @what. */
static int read_count(struct reader *reader, const char *what, u64 max,
		      u32 *count)
{
	struct scan before = reader->scan;
	u64 number = 0;

	if (scan_number(&reader->scan, &number) && number && number <= max) {
		*count = (u32)number;
		return 0;
	}
	reader->scan = before;
	return scan_error(&reader->scan, "%s is not accepted: %s from 1 to "
			  "%llu", scan_next(&reader->scan), what,
			  (unsigned long long)max);
}

static bool digit_is_next(struct reader *reader)
{
	return scan_more(&reader->scan) && *reader->scan.at >= '0' &&
	       *reader->scan.at <= '9';
}

/* --- What a statement is about. */

/* every 2: behind it one may say which, as people do: 2nd, 3rd, 4th */
static int read_every(struct reader *reader, struct selection *pages)
{
	static const char *const endings[] = { "nd", "rd", "th", "st" };
	struct scan *scan = &reader->scan;
	u32 i;
	u64 n = 0;

	pages->kind = EVERY_PAGE;
	if (!scan_more(scan))
		return refuse(reader, "a number, like 2 or 2nd");
	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9' &&
	       n <= GUEST_MAX_PAGES)
		n = n * 10 + (*scan->at++ - '0');
	for (i = 0; i < array_count(endings); i++)
		if (scan->end - scan->at >= 2 &&
		    !strncmp(scan->at, endings[i], 2)) {
			scan->at += 2;
			break;
		}
	if (!n || n > GUEST_MAX_PAGES)
		return scan_error(scan, "every takes a number from 1 to %u, "
				  "like 2 or 2nd", GUEST_MAX_PAGES);
	pages->count = (u32)n;
	return 0;
}

static int read_random(struct reader *reader, struct selection *pages)
{
	pages->kind = RANDOM_PAGE;
	pages->count = 1;
	if (scan_keyword(&reader->scan, "page"))
		return 0;
	pages->kind = RANDOM_RANGE;
	if (!scan_keyword(&reader->scan, "range"))
		return refuse(reader, "random page, or random range N");
	return read_count(reader, "a number of pages", GUEST_MAX_PAGES,
			  &pages->count);
}

/* p0..p63, every 2nd, 10 %, random page, random range 8; nothing: all. */
static int read_selection(struct reader *reader, struct selection *pages)
{
	struct scenario *scenario = reader->scenario;
	struct scan *scan = &reader->scan;
	int err;

	pages->kind = ALL_PAGES;
	if (scan_keyword(scan, "every"))
		return read_every(reader, pages);
	if (scan_keyword(scan, "random"))
		return read_random(reader, pages);
	if (digit_is_next(reader)) {
		pages->kind = PERCENT_OF_PAGES;
		err = read_count(reader, "a number", 100, &pages->count);
		return err || scan_symbol(scan, "%") ? err
			: refuse(reader, "%% behind a number");
	}
	if (!scan_more(scan) || *scan->at != 'p' || scan->at + 1 >= scan->end ||
	    scan->at[1] < '0' || scan->at[1] > '9')
		return 0;
	pages->kind = SOME_PAGES;
	err = read_pages(scan, GUEST_MAX_PAGES, &pages->first, &pages->count);
	if (!err && pages->first + pages->count > scenario->pages)
		scenario->pages = pages->first + pages->count;
	return err;
}

/* class 1: all these pages are equal; class of 2: one of two, by chance. */
static int read_class(struct reader *reader, struct statement *statement)
{
	if (!scan_keyword(&reader->scan, "class"))
		return 0;
	if (scan_keyword(&reader->scan, "of"))
		return read_count(reader, "a number of classes", CLASSES_MAX,
				  &statement->classes);
	return read_count(reader, "a class", CLASSES_MAX, &statement->class);
}

/* timed NAME: a record "ticks NAME" of how long each page takes. */
static int read_timed(struct reader *reader, struct statement *statement)
{
	struct scenario *scenario = reader->scenario;
	char name[SCAN_WORD];

	if (!scan_keyword(&reader->scan, "timed"))
		return 0;
	if (statement->who != WHO_HOST)
		return scan_error(&reader->scan, "'timed' is accepted behind "
				  "what the host does");
	if (!scan_word(&reader->scan, name) || strlen(name) >= SCENARIO_NAME)
		return refuse(reader, "timed NAME, of up to 31 letters, "
			      "digits, - and _");
	if (scenario->timed[0] && strcmp(scenario->timed, name))
		return scan_error(&reader->scan, "'timed %s' is not accepted: "
				  "one name in a scenario, and it is %s", name,
				  scenario->timed);
	memcpy(scenario->timed, name, strlen(name) + 1);
	statement->timed = true;
	return 0;
}

/* --- Verbs. */

/* What makes sense for pages that an oracle judges. */
static bool host_may(enum verb_id verb)
{
	switch (verb) {
	case VERB_RAISE:
	case VERB_LOOK:
	case VERB_AWAIT:
	case VERB_WATCH:
	case VERB_PIN_READ:
	case VERB_PIN_SAME:
	case VERB_REUSE:
	case VERB_SPURIOUS:
	case VERB_FAULTS:
		return false;
	default:
		return verbs[verb].by != BY_VCPU;
	}
}

static bool guest_may(enum verb_id verb)
{
	return verb == VERB_READ || verb == VERB_WRITE;
}

/* merge p1 p0: the page behind the pages. */
static int read_into(struct reader *reader, struct statement *statement)
{
	int err = read_lettered(&reader->scan, 'p', GUEST_MAX_PAGES,
				&statement->into);

	if (!err && statement->into >= reader->scenario->pages)
		reader->scenario->pages = statement->into + 1;
	return err;
}

static int read_argument(struct reader *reader, enum argument argument,
			 struct statement *statement)
{
	switch (argument) {
	case ARGUMENT_PLACE:
	case ARGUMENT_PAGE:
	case ARGUMENT_PAGES:
		return read_selection(reader, &statement->pages);
	case ARGUMENT_INTO:
		return read_into(reader, statement);
	case ARGUMENT_STEPS:
		if (!digit_is_next(reader))
			return 0;
		return read_count(reader, "steps of the scanner", STEPS_MAX,
				  &statement->steps);
	default:
		return 0;
	}
}

static int read_arguments(struct reader *reader, struct statement *statement)
{
	const enum argument *argument = verbs[statement->verb].arguments;
	int err = 0;

	for (; !err && *argument; argument++)
		err = read_argument(reader, *argument, statement);
	if (!err && statement->verb == VERB_WRITE)
		err = read_class(reader, statement);
	return err ? err : read_timed(reader, statement);
}

/* guest, vcpu0, host; nothing: host. */
static int read_who(struct reader *reader, struct statement *statement)
{
	struct scan *scan = &reader->scan;
	char name[] = "vcpu0";

	statement->who = WHO_GUEST;
	if (scan_keyword(scan, "guest"))
		return 0;
	statement->who = WHO_VCPU;
	for (; name[4] < '0' + GUEST_MAX_VCPUS; name[4]++) {
		if (!scan_keyword(scan, name))
			continue;
		statement->vcpu = name[4] - '0';
		if (statement->vcpu >= reader->scenario->vcpus)
			reader->scenario->vcpus = statement->vcpu + 1;
		return 0;
	}
	statement->who = WHO_HOST;
	(void)scan_keyword(scan, "host");
	return 0;
}

/* guest keeps-writing 8: a vCPU, each time another one, to so many pages. */
static int read_keep_writing(struct reader *reader,
			     struct statement *statement)
{
	if (!reader->in_mix)
		return scan_error(&reader->scan, "keeps-writing is accepted in "
				  "a mix");
	statement->kind = KEEP_WRITING;
	reader->scenario->keeps_writing = true;
	return read_count(reader, "a number of pages", GUEST_MAX_PAGES,
			  &statement->pages.count);
}

/* [each page:] [WHO] VERB [PAGES] [class N] [timed NAME] */
static int read_do(struct reader *reader, struct statement *statement)
{
	struct scan *scan = &reader->scan;
	bool (*may)(enum verb_id verb);
	int err;

	if (scan_keyword(scan, "each")) {
		if (!scan_keyword(scan, "page") || !scan_symbol(scan, ":"))
			return refuse(reader, "each page:");
		statement->each = true;
	}
	err = read_who(reader, statement);
	if (err)
		return err;
	if (statement->who == WHO_GUEST && scan_keyword(scan, "keeps-writing"))
		return read_keep_writing(reader, statement);
	may = statement->who == WHO_HOST ? host_may : guest_may;
	statement->kind = DO;
	statement->verb = read_verb(scan, may);
	if (statement->verb == VERB_END)
		return refuse_verb(scan, statement->who == WHO_HOST ?
				   "host" : "guest", may);
	return read_arguments(reader, statement);
}

/* --- Blocks. */

static int read_statement(struct reader *reader);

/* { statement; statement; } of the statement at @index. */
static int read_body(struct reader *reader, u32 index)
{
	struct scan *scan = &reader->scan;
	bool in_mix = reader->in_mix;
	enum statement_kind kind = reader->scenario->statements[index].kind;
	bool is_first = true;
	int err = 0;

	if (!scan_symbol(scan, "{"))
		return refuse(reader, "{");
	if (reader->depth == SCENARIO_DEPTH)
		return scan_error(scan, "too deep: accepted are %u blocks in "
				  "one another", SCENARIO_DEPTH);
	reader->depth++;
	reader->in_mix |= kind == MIX;
	while (!err && !scan_symbol(scan, "}")) {
		u32 next = reader->scenario->statement_count;
		u32 weight = 1;

		if (!is_first && !scan_symbol(scan, ";"))
			return refuse(reader, "; or }");
		is_first = false;
		if (scan_symbol(scan, "}"))
			break;
		if (kind == MIX)
			err = read_count(reader, "a weight", WEIGHT_MAX,
					 &weight);
		if (!err)
			err = read_statement(reader);
		reader->scenario->statements[next].weight = weight;
	}
	reader->depth--;
	reader->in_mix = in_mix;
	reader->scenario->statements[index].end =
		reader->scenario->statement_count;
	if (!err && reader->scenario->statement_count == index + 1)
		err = scan_error(scan, "the block is empty: accepted are "
				 "statements");
	return err;
}

static struct statement *add(struct reader *reader)
{
	struct scenario *scenario = reader->scenario;
	struct statement *statement =
		&scenario->statements[scenario->statement_count];

	if (scenario->statement_count == SCENARIO_STATEMENTS) {
		scan_error(&reader->scan, "too many statements: accepted are "
			   "up to %u", SCENARIO_STATEMENTS);
		return NULL;
	}
	scenario->statement_count++;
	(void)scan_more(&reader->scan);
	statement->line = reader->scan.line;
	statement->end = scenario->statement_count;
	statement->times = 1;
	return statement;
}

/* beside { ... } behind a mix. */
static int read_beside(struct reader *reader)
{
	u32 index = reader->scenario->statement_count, i;
	struct statement *statement;
	int err;

	if (!scan_keyword(&reader->scan, "beside"))
		return 0;
	statement = add(reader);
	if (!statement)
		return -EINVAL;
	statement->kind = BESIDE;
	err = read_body(reader, index);
	for (i = index + 1; i < statement->end && !err; i++)
		if (statement[i - index].kind != DO ||
		    (statement[i - index].verb != VERB_SCAN &&
		     statement[i - index].verb != VERB_MIGRATE))
			err = scan_error(&reader->scan, "beside { } takes "
					 "scan and migrate only");
	return err;
}

/* mix operations { 3 host write random page; 1 fork; } */
static int read_mix(struct reader *reader, struct statement *statement,
		    u32 index)
{
	int err = 0;

	statement->kind = MIX;
	statement->times = 0;
	reader->scenario->mixes = true;
	if (reader->in_mix)
		return scan_error(&reader->scan, "a mix in a mix is not "
				  "accepted");
	if (!scan_keyword(&reader->scan, "operations"))
		err = read_count(reader, "operations, or a number", TIMES_MAX,
				 &statement->times);
	if (!err)
		err = read_body(reader, index);
	return err ? err : read_beside(reader);
}

static int read_statement(struct reader *reader)
{
	struct scan *scan = &reader->scan;
	u32 index = reader->scenario->statement_count;
	struct statement *statement = add(reader);
	int err;

	if (!statement)
		return -EINVAL;
	if (scan_keyword(scan, "mix"))
		return read_mix(reader, statement, index);
	statement->kind = PACE;
	if (scan_keyword(scan, "pace"))
		return 0;
	statement->kind = ANYTHING;
	if (scan_keyword(scan, "anything"))
		return reader->in_mix ? 0 :
			scan_error(scan, "anything is accepted in a mix");
	statement->kind = BLOCK;
	if (scan_keyword(scan, "repeat")) {
		err = read_count(reader, "a number", TIMES_MAX,
				 &statement->times);
		return err ? err : read_body(reader, index);
	}
	if (scan_more(scan) && *scan->at == '{')
		return read_body(reader, index);
	return read_do(reader, statement);
}

/* --- The file. */

/* How many statements @begin to @end are when all is repeated; at most the
 * bound and one. A mix without a number is bounded by operations=. */
static u64 total(const struct scenario *scenario, u32 begin, u32 end)
{
	u64 sum = 0, body;
	u32 i;

	for (i = begin; i < end && sum <= TOTAL_MAX;
	     i = scenario->statements[i].end) {
		const struct statement *s = &scenario->statements[i];

		body = s->kind == BLOCK ? total(scenario, i + 1, s->end) : 1;
		sum += s->times ? body * s->times : body;
	}
	return sum > TOTAL_MAX ? TOTAL_MAX + 1 : sum;
}

static int read_phase(struct reader *reader)
{
	struct scenario *scenario = reader->scenario;
	struct scan *scan = &reader->scan;
	struct phase *phase = &scenario->phases[scenario->phase_count];
	char name[SCAN_WORD];
	int err;

	if (!scan_keyword(scan, "phase"))
		return refuse(reader, "; and a statement, or phase NAME");
	if (scenario->phase_count == SCENARIO_PHASES)
		return scan_error(scan, "too many phases: accepted are up to "
				  "%u", SCENARIO_PHASES);
	if (!scan_word(scan, name) || strlen(name) >= SCENARIO_NAME)
		return refuse(reader, "phase NAME, of up to 31 letters, "
			      "digits, - and _");
	memcpy(phase->name, name, strlen(name) + 1);
	phase->begin = scenario->statement_count;
	do {
		err = read_statement(reader);
	} while (!err && scan_symbol(scan, ";"));
	phase->end = scenario->statement_count;
	scenario->phase_count++;
	if (!err && total(scenario, phase->begin, phase->end) > TOTAL_MAX)
		err = scan_error(scan, "phase %s would do too much: accepted "
				 "are up to %llu statements, repeated ones "
				 "included", phase->name, TOTAL_MAX);
	return err;
}

/* scenario NAME "what happens" */
static int read_head(struct reader *reader)
{
	struct scenario *scenario = reader->scenario;
	struct scan *scan = &reader->scan;
	char name[SCAN_WORD];

	if (!scan_keyword(scan, "scenario"))
		return refuse(reader, "scenario NAME, before the first phase");
	if (!scan_word(scan, name) || strlen(name) >= SCENARIO_NAME)
		return refuse(reader, "scenario NAME, of up to 31 letters, "
			      "digits, - and _");
	memcpy(scenario->name, name, strlen(name) + 1);
	if (scan_more(scan) && *scan->at == '"')
		return scan_string(scan, scenario->what,
				   sizeof(scenario->what));
	return 0;
}

static int check_lines(struct reader *reader)
{
	const char *at;
	u32 lines = 1;

	for (at = reader->scan.at; at < reader->scan.end; at++)
		lines += *at == '\n' && at + 1 < reader->scan.end;
	if (lines <= LINES_MAX)
		return 0;
	return scan_error(&reader->scan, "the file has %u lines: accepted are "
			  "up to %u", lines, LINES_MAX);
}

int scenario_read(struct scenario *scenario, const struct text_file *file,
		  char *error)
{
	struct reader reader = {
		.scan = {
			.at = file->text, .end = file->text + file->size,
			.line = 1, .file = file->name, .error = error,
			.error_size = SCENARIO_ERROR,
		},
		.scenario = scenario,
	};
	int err;

	memset(scenario, 0, sizeof(*scenario));
	scenario->vcpus = 1;
	error[0] = '\0';
	err = check_lines(&reader);
	if (!err)
		err = read_head(&reader);
	do {
		if (!err)
			err = read_phase(&reader);
	} while (!err && scan_more(&reader.scan));
	return err;
}
