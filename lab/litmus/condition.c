/*
 * The condition behind "forbidden" or "allowed": comparisons of registers,
 * joined by /\ (and), \/ (or), ~ (not) and parentheses, as in herd.
 */
#include "lab/litmus/read.h"

#include "lib/string.h"

#define DEPTH_MAX	16	/* parentheses and ~, one in another */

static int add(struct litmus_reader *reader, struct litmus_term term)
{
	struct litmus_test *test = reader->test;

	if (test->term_count == LITMUS_TERMS)
		return scan_error(&reader->scan, "the condition is too long: "
				  "accepted are up to %u registers, numbers "
				  "and operators", LITMUS_TERMS);
	test->terms[test->term_count++] = term;
	return 0;
}

/* --- Reading. */

static int read_register(struct litmus_reader *reader, u32 actor)
{
	struct scan *scan = &reader->scan;
	int number = litmus_read_register(reader), reg;

	if (number < 0)
		return number;
	for (reg = 0; reg < reader->register_count[actor]; reg++)
		if (reader->registers[actor][reg] == number)
			return add(reader, (struct litmus_term){
				TERM_REGISTER, actor, reg, 0,
			});
	if (actor == LITMUS_FINALLY)
		return scan_error(scan, "finally:r%d is set nowhere: accepted "
				  "is a register that finally sets", number);
	return scan_error(scan, "%u:r%d is set nowhere: accepted is a register "
			  "that column %u sets", actor, number, actor);
}

static int read_operand(struct litmus_reader *reader)
{
	struct scan *scan = &reader->scan;
	u32 actors = litmus_actor_count(reader->test);
	u64 number;

	if (scan_keyword(scan, "finally")) {
		if (!scan_symbol(scan, ":"))
			return scan_error(scan, "%s is not accepted: finally:rN",
					  scan_next(scan));
		return read_register(reader, LITMUS_FINALLY);
	}
	if (!scan_number(scan, &number))
		return scan_error(scan, "%s is not accepted: a register (1:r0, "
				  "finally:r0) or a number", scan_next(scan));
	if (!scan_symbol(scan, ":"))
		return add(reader, (struct litmus_term){
			TERM_NUMBER, 0, 0, number,
		});
	if (number >= actors)
		return scan_error(scan, "column %llu is not there: accepted "
				  "are 0 to %u", (unsigned long long)number,
				  actors - 1);
	return read_register(reader, (u32)number);
}

static int read_comparison(struct litmus_reader *reader)
{
	/* A longer one comes before what it begins with. */
	static const struct {
		const char *symbol;
		enum litmus_term_kind kind;
	} symbols[] = {
		{ "!=", TERM_UNEQUAL }, { "<=", TERM_AT_MOST },
		{ ">=", TERM_AT_LEAST }, { "=", TERM_EQUAL },
		{ "<", TERM_LESS }, { ">", TERM_MORE },
	};
	u32 i;
	int err = read_operand(reader);

	if (err)
		return err;
	for (i = 0; i < array_count(symbols); i++) {
		if (!scan_symbol(&reader->scan, symbols[i].symbol))
			continue;
		err = read_operand(reader);
		return err ? err : add(reader, (struct litmus_term){
			.kind = symbols[i].kind,
		});
	}
	return scan_error(&reader->scan, "%s is not accepted: = != < <= > or "
			  ">=", scan_next(&reader->scan));
}

static int read_or(struct litmus_reader *reader, u32 depth);

static int read_not(struct litmus_reader *reader, u32 depth)
{
	struct scan *scan = &reader->scan;
	int err;

	if (depth == DEPTH_MAX)
		return scan_error(scan, "the condition is too deep: accepted "
				  "are %u parentheses in one another",
				  DEPTH_MAX);
	if (scan_symbol(scan, "~")) {
		err = read_not(reader, depth + 1);
		return err ? err : add(reader, (struct litmus_term){
			.kind = TERM_NOT,
		});
	}
	if (!scan_symbol(scan, "("))
		return read_comparison(reader);
	err = read_or(reader, depth + 1);
	if (!err && !scan_symbol(scan, ")"))
		err = scan_error(scan, "%s is not accepted: /\\ \\/ or )",
				 scan_next(scan));
	return err;
}

static int read_and(struct litmus_reader *reader, u32 depth)
{
	int err = read_not(reader, depth);

	while (!err && scan_symbol(&reader->scan, "/\\")) {
		err = read_not(reader, depth);
		if (!err)
			err = add(reader, (struct litmus_term){
				.kind = TERM_AND,
			});
	}
	return err;
}

static int read_or(struct litmus_reader *reader, u32 depth)
{
	int err = read_and(reader, depth);

	while (!err && scan_symbol(&reader->scan, "\\/")) {
		err = read_and(reader, depth);
		if (!err)
			err = add(reader, (struct litmus_term){
				.kind = TERM_OR,
			});
	}
	return err;
}

int litmus_read_condition(struct litmus_reader *reader)
{
	return read_or(reader, 0);
}

/* --- What it says. */

static u64 apply(enum litmus_term_kind kind, u64 left, u64 right)
{
	switch (kind) {
	case TERM_EQUAL:
		return left == right;
	case TERM_UNEQUAL:
		return left != right;
	case TERM_LESS:
		return left < right;
	case TERM_AT_MOST:
		return left <= right;
	case TERM_MORE:
		return left > right;
	case TERM_AT_LEAST:
		return left >= right;
	case TERM_AND:
		return left && right;
	default:
		return left || right;
	}
}

bool litmus_seen(const struct litmus_test *test,
		 const struct litmus_outcome *outcome)
{
	u64 stack[LITMUS_TERMS + 1];
	u32 n = 0, i;

	for (i = 0; i < test->term_count; i++) {
		const struct litmus_term *term = &test->terms[i];

		if (term->kind == TERM_REGISTER) {
			stack[n++] = outcome->reg[term->actor][term->reg];
		} else if (term->kind == TERM_NUMBER) {
			stack[n++] = term->number;
		} else if (term->kind == TERM_NOT) {
			stack[n - 1] = !stack[n - 1];
		} else {
			n--;
			stack[n - 1] = apply(term->kind, stack[n - 1],
					     stack[n]);
		}
	}
	return n && stack[0];
}
