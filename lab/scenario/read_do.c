/*
 * One verb of a scenario file: who does it, to which pages, with what content.
 */
#include "lab/scenario/reader.h"

#include "lab/verb/read.h"
#include "lib/error.h"
#include "lib/string.h"
#include "vmm/hypercall_abi.h"

#define CLASSES_MAX	255u
#define STEPS_MAX	1000u

/* A number from 1 to @max, for @what. */
int reader_count(struct reader *reader, const char *what, u64 max,
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
		return reader_refuse(reader, "a number, like 2 or 2nd");
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
		return reader_refuse(reader, "random page, or random range N");
	return reader_count(reader, "a number of pages", GUEST_MAX_PAGES,
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
		err = reader_count(reader, "a number", 100, &pages->count);
		return err || scan_symbol(scan, "%") ? err
			: reader_refuse(reader, "%% behind a number");
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
		return reader_count(reader, "a number of classes", CLASSES_MAX,
				  &statement->classes);
	return reader_count(reader, "a class", CLASSES_MAX, &statement->class);
}

/* timed NAME [per page]: a record "ticks NAME" of how long each page takes. */
int reader_timed(struct reader *reader, struct statement *statement)
{
	struct scenario *scenario = reader->scenario;
	char name[SCENARIO_NAME];

	if (!scan_keyword(&reader->scan, "timed"))
		return 0;
	if (!scan_word(&reader->scan, name, sizeof(name)))
		return reader_refuse(reader, "timed NAME, of up to 31 letters, "
			      "digits, - and _");
	if (scenario->timed[0] && strcmp(scenario->timed, name))
		return scan_error(&reader->scan, "'timed %s' is not accepted: "
				  "one name in a scenario, and it is %s", name,
				  scenario->timed);
	memcpy(scenario->timed, name, strlen(name) + 1);
	statement->timed = true;
	if (!scan_keyword(&reader->scan, "per"))
		return 0;
	statement->per_page = true;
	return scan_keyword(&reader->scan, "page") ? 0 :
		reader_refuse(reader, "timed NAME per page");
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
	return verb == VERB_READ || verb == VERB_WRITE || verb == VERB_LEAVE;
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
		return reader_count(reader, "steps of the scanner", STEPS_MAX,
				  &statement->steps);
	default:
		return 0;
	}
}

static int check_pins(struct reader *reader, const struct selection *pages)
{
	if (pages->kind == RANDOM_PAGE ||
	    (pages->kind == SOME_PAGES && pages->count <= PARTY_PINS))
		return 0;
	return scan_error(&reader->scan, "pin takes up to %u pages, like "
			  "p0..p3 or random page", PARTY_PINS);
}

static int read_arguments(struct reader *reader, struct statement *statement)
{
	const enum argument *argument = verbs[statement->verb].arguments;
	int err = 0;

	for (; !err && *argument; argument++)
		err = read_argument(reader, *argument, statement);
	if (!err && statement->verb == VERB_PIN)
		err = check_pins(reader, &statement->pages);
	if (!err && statement->verb == VERB_WRITE)
		err = read_class(reader, statement);
	return err ? err : reader_timed(reader, statement);
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
		return scan_error(&reader->scan, "keeps-writing is accepted "
				  "only in a mix");
	statement->kind = KEEP_WRITING;
	reader->scenario->keeps_writing = true;
	return reader_count(reader, "a number of pages", GUEST_MAX_PAGES,
			  &statement->pages.count);
}

/* [each page:] [WHO] VERB [PAGES] [class N] [timed NAME] */
int reader_do(struct reader *reader, struct statement *statement)
{
	struct scan *scan = &reader->scan;
	bool (*may)(enum verb_id verb);
	int err;

	if (scan_keyword(scan, "each")) {
		if (!scan_keyword(scan, "page") || !scan_symbol(scan, ":"))
			return reader_refuse(reader, "each page:");
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
