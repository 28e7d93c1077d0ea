/*
 * One action of a litmus file: a verb, what is said behind it, and the register
 * that it sets.
 */
#include "lab/litmus/read.h"

#include "lab/verb/read.h"
#include "lib/error.h"

#define REGISTERS	100	/* r0 to r99 */
#define STEPS_MAX	1000

const char *const litmus_who_names[] = {
	[LITMUS_HOST] = "host", [LITMUS_VCPU0] = "vcpu0",
	[LITMUS_VCPU1] = "vcpu1",
};

/* --- Arguments. */

static int read_page(struct litmus_reader *reader, u32 *page)
{
	return read_lettered(&reader->scan, 'p', reader->test->pages, page);
}

/* p0, p0.1 (a word), p0' (through the second memslot), p0'.1 */
static int read_place(struct litmus_reader *reader, struct action *action)
{
	struct scan *scan = &reader->scan, before;
	u64 word;
	int err = read_page(reader, &action->page);

	if (err)
		return err;
	if (scan_symbol(scan, "'")) {
		if (action->who == LITMUS_HOST ||
		    verbs[action->verb].by != BY_ANYBODY)
			return scan_error(scan, "p%u' is the page through the "
					  "second memslot: accepted for a "
					  "vCPU's read, write and watch",
					  action->page);
		action->page |= VERB_ALIAS;
	}
	if (!scan_symbol(scan, "."))
		return 0;
	before = *scan;
	if (!scan_number(scan, &word) || word >= PAGE_WORDS) {
		*scan = before;
		return scan_error(scan, "%s is not accepted: a word from 0 to "
				  "%lu", scan_next(scan),
				  (unsigned long)PAGE_WORDS - 1);
	}
	action->word = (u16)word;
	return 0;
}

static int read_number(struct litmus_reader *reader, u64 *number)
{
	if (scan_number(&reader->scan, number))
		return 0;
	return litmus_refuse(reader, "a number, like 7 or 0x66");
}

/* A number, or nothing where the action ends. */
static int read_steps(struct litmus_reader *reader, u32 *steps)
{
	struct scan *scan = &reader->scan;
	u64 number = 0;

	if (!scan_more(scan) || *scan->at < '0' || *scan->at > '9')
		return 0;
	if (!scan_number(scan, &number) || !number || number > STEPS_MAX)
		return litmus_refuse(reader, "1 to 1000 steps of the scanner, or "
			      "nothing: a whole pass");
	*steps = (u32)number;
	return 0;
}

static int read_flag(struct litmus_reader *reader, u8 *flag)
{
	u32 number = 0;
	int err = read_lettered(&reader->scan, 'f', PARTY_FLAGS, &number);

	*flag = (u8)number;
	return err;
}

static int read_argument(struct litmus_reader *reader, enum argument argument,
			 struct action *action)
{
	switch (argument) {
	case ARGUMENT_PLACE:
		return read_place(reader, action);
	case ARGUMENT_PAGE:
		return read_page(reader, &action->page);
	case ARGUMENT_PAGES:
		return read_pages(&reader->scan, reader->test->pages,
				  &action->page, &action->count);
	case ARGUMENT_INTO:
		return read_page(reader, &action->into);
	case ARGUMENT_VALUE:
		return read_number(reader, &action->value);
	case ARGUMENT_OTHER:
		return read_number(reader, &action->other);
	case ARGUMENT_FLAG:
		return read_flag(reader, &action->flag);
	case ARGUMENT_STEPS:
		return read_steps(reader, &action->count);
	case ARGUMENT_NONE:
		break;
	}
	return 0;
}

/* --- Actions. */

int litmus_read_register(struct litmus_reader *reader)
{
	u32 number = 0;

	if (read_lettered(&reader->scan, 'r', REGISTERS, &number))
		return -EINVAL;
	return (int)number;
}

static bool host_may(enum verb_id verb)
{
	return verbs[verb].by != BY_VCPU;
}

static bool vcpu_may(enum verb_id verb)
{
	return verbs[verb].by != BY_HOST;
}

static int read_known_verb(struct litmus_reader *reader, struct action *action)
{
	bool (*may)(enum verb_id verb) =
		action->who == LITMUS_HOST ? host_may : vcpu_may;

	action->verb = read_verb(&reader->scan, may);
	if (action->verb != VERB_END)
		return 0;
	return refuse_verb(&reader->scan, litmus_who_names[action->who], may);
}

/* Registers are in the order in which they are set; note what @number, which
 * may be -1, stands for. */
static int note_register(struct litmus_reader *reader, u32 list, int number)
{
	int *numbers = reader->registers[list], i;

	for (i = 0; i < reader->register_count[list]; i++)
		if (number >= 0 && numbers[i] == number)
			return scan_error(&reader->scan, "r%d is set twice: "
					  "accepted is a new register", number);
	numbers[reader->register_count[list]++] = number;
	return 0;
}

/* [rN =] VERB ARGUMENTS; action->who is known. */
int litmus_read_action(struct litmus_reader *reader, u32 list,
		       struct action *action)
{
	struct scan *scan = &reader->scan, before = *scan;
	const enum argument *argument;
	int number = -1, err;

	if (scan_more(scan) && *scan->at == 'r') {
		number = litmus_read_register(reader);
		if (number < 0 || !scan_symbol(scan, "=")) {
			number = -1;		/* it was a verb */
			before.error[0] = '\0';
			*scan = before;
		}
	}
	err = read_known_verb(reader, action);
	for (argument = verbs[action->verb].arguments; !err && *argument;
	     argument++)
		err = read_argument(reader, *argument, action);
	if (err)
		return err;
	if (verb_sets_register(action->verb))
		return note_register(reader, list, number);
	if (number >= 0)
		return scan_error(scan, "%s sets no register: accepted is %s "
				  "without 'r%d ='", verbs[action->verb].name,
				  verbs[action->verb].name, number);
	return 0;
}
