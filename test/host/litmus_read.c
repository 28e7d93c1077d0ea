/*
 * Litmus files: what is read, and what is said about mistakes, with file and
 * line.
 */
#include "test/host/support.h"

#include <stdio.h>
#include <string.h>
#include "lab/litmus/tests.h"

static struct litmus_test test;
static char error[LITMUS_ERROR];

static int read_text(const char *text)
{
	struct text_file file = { "my.litmus", text, strlen(text) };

	return litmus_read(&test, &file, error);
}

/* The least that is a test, with these pieces in it. */
#define HEAD	"Tandem T\n"
#define INIT	"{ }\n"
#define ROWS	" host | vcpu0 ;\n write p0 1 | r0 = read p0 ;\n"
#define LAST	"forbidden 1:r0=2\n"

static void test_least(void **state)
{
	(void)state;
	assert_int_equal(read_text(HEAD INIT ROWS LAST), 0);
	assert_string_equal(test.name, "T");
	assert_string_equal(test.file, "my.litmus");
	assert_int_equal(test.pages, 2);
	assert_int_equal(litmus_actor_count(&test), 2);
	assert_int_equal(test.actors[0].ops[0].verb, VERB_WRITE);
	assert_int_equal(test.actors[0].ops[0].value, 1);
	assert_int_equal(test.actors[1].who, LITMUS_VCPU0);
	assert_int_equal(test.actors[1].ops[0].verb, VERB_READ);
	assert_false(test.allowed);
	assert_int_equal(test.term_count, 3);
}

static void test_everything(void **state)
{
	static const char text[] =
		"(* a comment\n of two lines *)\n"
		"Tandem MY-1 # and another\n\"It\n  happens.\"\n"
		"Rules=O2  O12\nReach=all\nMutants=no-flush\n"
		"Heard=free-early\nPages=300\n"
		"{ write p0.511 0x10; vcpu1: read p1'; child-exit; }\n"
		"host|vcpu1;merge p3 p4|r7=watch p299'.2 5 6 f1;\n"
		"discard p1..p299||host; # never\n";
	struct action *op;

	(void)state;
	/* Cells may be empty, but there are as many as columns. */
	assert_int_equal(read_text(text), -EINVAL);
	assert_string_equal(error, "my.litmus:13: '|host;' is not accepted: "
			    "; behind a row");
	assert_string_equal(test.what, "It happens.");
	assert_string_equal(test.rules, "O2 O12");
	assert_string_equal(test.heard, "free-early");
	assert_int_equal(test.pages, 300);
	op = test.initially;
	assert_int_equal(op[0].word, 511);
	assert_int_equal(op[0].value, 16);
	assert_int_equal(op[1].who, LITMUS_VCPU1);
	assert_int_equal(op[1].page, 1 | VERB_ALIAS);
	assert_int_equal(op[2].verb, VERB_CHILD_EXIT);
	op = test.actors[0].ops;
	assert_int_equal(op[0].page, 3);
	assert_int_equal(op[0].into, 4);
	assert_int_equal(op[1].page, 1);
	assert_int_equal(op[1].count, 299);
	op = test.actors[1].ops;
	assert_int_equal(op[0].page, 299 | VERB_ALIAS);
	assert_int_equal(op[0].word, 2);
	assert_int_equal(op[0].value, 5);
	assert_int_equal(op[0].other, 6);
	assert_int_equal(op[0].flag, 1);
}

/* --- Conditions: 1:r0 is 5, 1:r1 is 7, finally:r9 is 7. */

static bool holds(const char *condition)
{
	char text[400];
	struct litmus_outcome outcome = { 0 };

	outcome.reg[1][0] = 5;
	outcome.reg[1][1] = 7;
	outcome.reg[LITMUS_FINALLY][0] = 7;
	snprintf(text, sizeof(text), HEAD INIT "host | host;\n"
		 "fork | r0 = read p0; | r1 = read p1;\n"
		 "finally { r9 = read p0 }\nforbidden %s", condition);
	if (read_text(text))
		fail_msg("%s: %s", condition, error);
	return litmus_seen(&test, &outcome);
}

static void test_conditions(void **state)
{
	static const struct {
		const char *condition;
		bool holds;
	} rows[] = {
		{ "1:r0=5", true }, { "1:r0=6", false },
		{ "1:r0!=5", false }, { "1:r0!=6", true },
		{ "1:r0<6", true }, { "1:r0<5", false },
		{ "1:r0<=5", true }, { "1:r0<=4", false },
		{ "1:r0>4", true }, { "1:r0>5", false },
		{ "1:r0>=5", true }, { "1:r0>=6", false },
		{ "5=1:r0", true }, { "1:r1=finally:r9", true },
		{ "1:r0=5 /\\ 1:r1=7", true }, { "1:r0=5 /\\ 1:r1=8", false },
		{ "1:r0=4 \\/ 1:r1=7", true }, { "1:r0=4 \\/ 1:r1=8", false },
		{ "~1:r0=4", true }, { "~(1:r0=5 /\\ 1:r1=7)", false },
		/* And binds more than or. */
		{ "1:r0=5 \\/ 1:r0=4 /\\ 1:r1=8", true },
		{ "(1:r0=5 \\/ 1:r0=4) /\\ 1:r1=8", false },
		{ "~~1:r0=5 \"in words\"", true },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		if (holds(rows[i].condition) != rows[i].holds)
			fail_msg("%s", rows[i].condition);
}

/* --- Mistakes. */

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "1: the end of the file is not accepted: Tandem NAME" },
		{ "Other SB", "1: 'Other' is not accepted: Tandem NAME" },
		{ "Tandem 7", "1: '7' is not accepted: a NAME of a letter" },
		{ "Tandem AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDD {}",
		  "1: 'AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDD' is not accepted: a NAME" },
		{ HEAD "\"no end", "2: the text has no end" },
		{ HEAD "\"\x01\"", "2: byte 0x1 cannot be shown" },
		{ HEAD "Rule=O1", "2: 'Rule' is not accepted: Rules= Reach=" },
		{ HEAD "Rules=O1\nRules=O2", "3: Rules= comes twice" },
		{ HEAD "Pages=513", "2: Pages= takes a number from 1 to 512" },
		{ HEAD "Pages=0", "2: Pages= takes" },
		{ HEAD INIT, "3: the end of the file is not accepted: an actor" },
		{ HEAD "{ write p0 1 read p0 }", "2: 'read' is not accepted: ;"
		  " or }" },
		{ HEAD "{ vcpu0 read p0 }", "2: 'read' is not accepted: ':'" },
		{ HEAD "{ write p2 1 }", "2: 'p2' is not accepted: p0 to p1" },
		{ HEAD "{ write p0.512 1 }", "2: '512' is not accepted: a word from 0 to 511" },
		{ "Tandem none { }", "1: Tandem none is not accepted" },
		{ HEAD INIT ROWS LAST "(* no\nend", "6: the comment has no" },
		{ HEAD "{ write p0 x }", "2: 'x' is not accepted: a number" },
		{ HEAD "{ write p0 18446744073709551616 }", "a number" },
		{ HEAD "{ raise f2 }", "2: 'f2' is not accepted: f0 to f1" },
		{ HEAD "{ write p0' 1 }", "2: p0' is the page through the" },
		{ HEAD "{ discard p1..p0 }", "2: p1..p0 is not accepted" },
		{ HEAD "{ vcpu0: fork }", "2: 'fork' is not accepted: vcpu0 can "
		  "do read write raise" },
		{ HEAD "{ leave-and-read p0 }", "2: 'leave-and-read' is not "
		  "accepted: host can do" },
		{ HEAD "{ r0 = write p0 1 }", "2: write sets no register" },
		{ HEAD INIT "guest ;", "3: 'guest' is not accepted: an actor" },
		{ HEAD INIT "host | vcpu0 | vcpu0 ;", "3: vcpu0 has column 1 "
		  "already" },
		{ HEAD INIT "host|host|host|host|host;", "3: too many columns" },
		{ HEAD INIT "host vcpu0 ;", "3: 'vcpu0' is not accepted: | " },
		{ HEAD INIT "host | host ;\n fork ;", "4: ';' is not accepted: "
		  "| and column 1 of 2" },
		{ HEAD INIT "host | host ;\n fork | ;\n" LAST, "4: column 1 "
		  "does nothing" },
		{ HEAD INIT "host ; r0 = read p0 ; r0 = read p1 ;", "3: r0 is "
		  "set twice" },
		{ HEAD INIT "host;fork;fork;fork;fork;fork;fork;fork;fork;fork;",
		  "3: column 0 is too long: accepted are up to 8" },
		{ HEAD INIT ROWS, "5: the end of the file is not accepted: "
		  "forbidden or allowed" },
		{ HEAD INIT ROWS "forbidden 1:r1=1", "5: 1:r1 is set nowhere" },
		{ HEAD INIT ROWS "forbidden 0:r0=1", "5: 0:r0 is set nowhere" },
		{ HEAD INIT ROWS "forbidden 2:r0=1", "5: column 2 is not there" },
		{ HEAD INIT ROWS "forbidden finally:r0=1", "5: finally:r0 is "
		  "set nowhere" },
		{ HEAD INIT ROWS "forbidden 1:r0", "5: the end of the file is "
		  "not accepted: = !=" },
		{ HEAD INIT ROWS "forbidden (1:r0=1", "5: the end of the file "
		  "is not accepted: /\\" },
		{ HEAD INIT ROWS LAST "and more", "6: 'and' is not accepted" },
		{ HEAD INIT ROWS "forbidden ((((((((((((((((((1:r0=1",
		  "5: the condition is too deep" },
		{ HEAD INIT ROWS "forbidden 1:r0=1 \\/ 1:r0=1 \\/ 1:r0=1 \\/ "
		  "1:r0=1 \\/ 1:r0=1 \\/ 1:r0=1 \\/ 1:r0=1 \\/ 1:r0=1 \\/ "
		  "1:r0=1", "5: the condition is too long" },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		if (read_text(rows[i].text) != -EINVAL ||
		    strncmp(error, "my.litmus:", 10) ||
		    !strstr(error, rows[i].error))
			fail_msg("%s\nis answered by '%s', not '%s'",
				 rows[i].text, error, rows[i].error);
}

/* A name is taken once, and there is an end to them. */
static void test_many(void **state)
{
	static char text[200];
	struct text_file file = { "my.litmus", text, 0 };
	u32 count = litmus_test_count, i;

	(void)state;
	file.size = sprintf(text, "Tandem COW-MP " INIT ROWS LAST);
	assert_int_equal(litmus_add(&file, error), -EINVAL);
	assert_non_null(strstr(error, "the name COW-MP is taken"));
	file.size = sprintf(text, "Tandem T\n\nHeard=no-flash\n" INIT ROWS
			    LAST);
	assert_int_equal(litmus_add(&file, error), -EINVAL);
	assert_non_null(strstr(error, "my.litmus:3: mutant 'no-flash' is "
			       "unknown: accepted are seq-early"));
	for (i = count; i < LITMUS_TESTS; i++) {
		file.size = sprintf(text, "Tandem T%u " INIT ROWS LAST, i);
		assert_int_equal(litmus_add(&file, error), 0);
	}
	file.size = sprintf(text, HEAD INIT ROWS LAST);
	assert_int_equal(litmus_add(&file, error), -EINVAL);
	assert_non_null(strstr(error, "too many litmus tests"));
	litmus_test_count = count;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_many),
	};

	litmus_add_built_in();
	return RUN(tests);
}
