#include "lab/scenario/read.h"

#include "lab/scenario/reader.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

#define LINES_MAX	4096
#define TIMES_MAX	1000000u
#define TOTAL_MAX	10000000ull	/* statements, repeated ones included */
#define WEIGHT_MAX	1000000u

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
		return reader_refuse(reader, "{");
	if (reader->depth == SCENARIO_DEPTH)
		return scan_error(scan, "too deep: accepted are %u blocks in "
				  "one another", SCENARIO_DEPTH);
	reader->depth++;
	reader->in_mix |= kind == MIX;
	while (!err && !scan_symbol(scan, "}")) {
		u32 next = reader->scenario->statement_count;
		u32 weight = 1;

		if (!is_first && !scan_symbol(scan, ";"))
			return reader_refuse(reader, "; or }");
		is_first = false;
		if (scan_symbol(scan, "}"))
			break;
		if (kind == MIX)
			err = reader_count(reader, "a weight", WEIGHT_MAX,
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
		err = reader_count(reader, "operations, or a number", TIMES_MAX,
				 &statement->times);
	if (!err)
		err = read_body(reader, index);
	return err ? err : read_beside(reader);
}

/* { ... } [timed NAME per page] */
static int read_block(struct reader *reader, struct statement *statement,
		      u32 index)
{
	int err = read_body(reader, index);

	if (!err)
		err = reader_timed(reader, statement);
	if (!err && statement->timed && !statement->per_page)
		err = scan_error(&reader->scan, "a block is timed as a whole: "
				 "accepted is timed NAME per page");
	return err;
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
			scan_error(scan, "anything is accepted "
				   "only in a mix");
	statement->kind = BLOCK;
	if (scan_keyword(scan, "repeat")) {
		err = reader_count(reader, "a number", TIMES_MAX,
				 &statement->times);
		return err ? err : read_block(reader, statement, index);
	}
	if (scan_more(scan) && *scan->at == '{')
		return read_block(reader, statement, index);
	return reader_do(reader, statement);
}

/* --- The file. */

static u64 total(const struct scenario *scenario, u32 begin, u32 end);

/* The same of the statement at @i, once; of a mix the longest of its body. */
static u64 body_of(const struct scenario *scenario, u32 i)
{
	const struct statement *s = &scenario->statements[i];
	u64 longest = 1, n;

	if (s->kind == BLOCK)
		return total(scenario, i + 1, s->end);
	for (i++; s->kind == MIX && i < s->end;
	     i = scenario->statements[i].end) {
		n = total(scenario, i, scenario->statements[i].end);
		if (n > longest)
			longest = n;
	}
	return longest;
}

/* How many statements @begin to @end are when all is repeated; at most the
 * bound and one. A mix without a number is bounded by operations=. */
static u64 total(const struct scenario *scenario, u32 begin, u32 end)
{
	u64 sum = 0;
	u32 i;

	for (i = begin; i < end && sum <= TOTAL_MAX;
	     i = scenario->statements[i].end) {
		const struct statement *s = &scenario->statements[i];

		sum += body_of(scenario, i) * (s->times ? s->times : 1);
	}
	return sum > TOTAL_MAX ? TOTAL_MAX + 1 : sum;
}

static int read_phase(struct reader *reader)
{
	struct scenario *scenario = reader->scenario;
	struct scan *scan = &reader->scan;
	struct phase *phase = &scenario->phases[scenario->phase_count];
	int err;

	if (!scan_keyword(scan, "phase"))
		return reader_refuse(reader, "; and a statement, or phase NAME");
	if (scenario->phase_count == SCENARIO_PHASES)
		return scan_error(scan, "too many phases: accepted are up to "
				  "%u", SCENARIO_PHASES);
	if (!scan_word(scan, phase->name, sizeof(phase->name)))
		return reader_refuse(reader, "phase NAME, of up to 31 letters, "
			      "digits, - and _");
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

	if (!scan_keyword(scan, "scenario"))
		return reader_refuse(reader, "scenario NAME, before the first phase");
	if (!scan_word(scan, scenario->name, sizeof(scenario->name)))
		return reader_refuse(reader, "scenario NAME, of up to 31 letters, "
			      "digits, - and _");
	if (!strcmp(scenario->name, "all") || !strcmp(scenario->name, "none"))
		return scan_error(scan, "scenario %s is not accepted: a name "
				  "that means nothing else", scenario->name);
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
	return error[0] ? -EINVAL : err;	/* a comment without an end */
}
