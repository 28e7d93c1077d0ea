/*
 * Scenario files: what is read, what is said about mistakes, which pages a
 * statement is about, and the least that it can cost.
 */
#include "test/host/support.h"

#include <stdio.h>
#include <string.h>
#include "lab/scenario/least.h"
#include "lab/scenario/scenarios.h"
#include "lab/scenario/selection.h"

static struct scenario scenario;
static char error[SCENARIO_ERROR];

static int read_text(const char *text)
{
	struct text_file file = { "my.scn", text, strlen(text) };

	return scenario_read(&scenario, &file, error);
}

/* --- Reading. */

static void test_statements(void **state)
{
	const struct statement *s = scenario.statements;

	(void)state;
	if (read_text("# mine\nscenario my-1 \"what  it does\"\n"
		      "phase a guest write class 3; fork timed t per page\n"
		      "phase b each page: discard p2..p9; host write every 3rd;"
		      " vcpu2 read 25 %; repeat 4 { pace; scan 7 };\n"
		      " mix 90 { 2 fork; 5 { child-write random page;"
		      " host write random range 8 class of 2 } }"
		      " beside { scan 1; migrate random page }"))
		fail_msg("%s", error);
	assert_string_equal(scenario.name, "my-1");
	assert_string_equal(scenario.what, "what it does");
	assert_string_equal(scenario.timed, "t");
	assert_int_equal(scenario.vcpus, 3);
	assert_int_equal(scenario.pages, 10);
	assert_int_equal(scenario.phase_count, 2);
	assert_string_equal(scenario.phases[1].name, "b");
	assert_int_equal(scenario.phases[1].begin, 2);
	assert_int_equal(scenario.phases[1].end, 16);
	assert_int_equal(s[0].who, WHO_GUEST);
	assert_int_equal(s[0].class, 3);
	assert_int_equal(s[0].line, 3);
	assert_true(s[1].timed && s[1].per_page);
	assert_false(s[0].timed || s[2].per_page);
	assert_true(s[2].each);
	assert_int_equal(s[2].pages.first, 2);
	assert_int_equal(s[2].pages.count, 8);
	assert_int_equal(s[3].pages.kind, EVERY_PAGE);
	assert_int_equal(s[3].pages.count, 3);
	assert_int_equal(s[4].who, WHO_VCPU);
	assert_int_equal(s[4].vcpu, 2);
	assert_int_equal(s[4].pages.kind, PERCENT_OF_PAGES);
	assert_int_equal(s[5].kind, BLOCK);
	assert_int_equal(s[5].times, 4);
	assert_int_equal(s[5].end, 8);
	assert_int_equal(s[7].steps, 7);
	assert_int_equal(s[8].kind, MIX);
	assert_int_equal(s[8].times, 90);
	assert_int_equal(s[8].end, 13);
	assert_int_equal(s[9].weight, 2);
	assert_int_equal(s[10].weight, 5);
	assert_int_equal(s[12].classes, 2);
	assert_int_equal(s[12].pages.kind, RANDOM_RANGE);
	assert_int_equal(s[13].kind, BESIDE);
	assert_int_equal(s[13].end, 16);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "1: the end of the file is not accepted: scenario NAME" },
		{ "scenario all phase p fork", "scenario all is not accepted" },
		{ "scenario aaaaaaaaaabbbbbbbbbbccccccccccdd\nphase p fork",
		  "1: 'aaaaaaaaaabbbbbbbbbbccccccccccdd' is not accepted" },
		{ "scenario s\n(* no\nend", "2: the comment has no end" },
		{ "scenario s phase p fork (* no", "the comment has no end" },
		{ "scenario s\n\"no\nend", "2: the text has no end" },
		{ "scenario", "1: the end of the file is not accepted: "
		  "scenario NAME" },
		{ "scenario s", "the end of the file is not accepted: ; and "
		  "a statement, or phase NAME" },
		{ "scenario s\nphase", "2: the end of the file is not accepted:"
		  " phase NAME" },
		{ "scenario s phase p", "the end of the file is not accepted: "
		  "host can do read write fork" },
		{ "scenario s\nphase p\nguest fork", "3: 'fork' is not "
		  "accepted: guest can do read write" },
		{ "scenario s phase p await f0", "1: 'await' is not accepted" },
		{ "scenario s phase p merge p1", "the end of the file is not "
		  "accepted: p0 to p262143" },
		{ "scenario s phase p pin", "pin takes up to 4 pages" },
		{ "scenario s phase p pin p1..p5", "pin takes up to 4 pages" },
		{ "scenario s phase p vcpu8 read", "'vcpu8' is not accepted" },
		{ "scenario s phase p fork fork", "1: 'fork' is not accepted: "
		  "; and a statement, or phase NAME" },
		{ "scenario s phase p host write every 0", "every takes" },
		{ "scenario s phase p host write every", "a number, like 2" },
		{ "scenario s phase p host write 101 %", "'101' is not accepted:"
		  " a number from 1 to 100" },
		{ "scenario s phase p host write 10", "% behind a number" },
		{ "scenario s phase p host write random", "random page, or" },
		{ "scenario s phase p host write random range 0",
		  "a number of pages from 1 to 262144" },
		{ "scenario s phase p host write p262144", "p0 to p262143" },
		{ "scenario s phase p host write p4..p3", "p4..p3 is not" },
		{ "scenario s phase p host write class 0", "'0' is not accepted:"
		  " a class from 1 to 255" },
		{ "scenario s phase p guest write timed t per", "timed NAME per"
		  " page" },
		{ "scenario s phase p repeat 2 { scan } timed t", "a block is "
		  "timed as a whole" },
		{ "scenario s phase p fork timed a; fork timed b",
		  "'timed b' is not accepted" },
		{ "scenario s phase p each fork", "each page:" },
		{ "scenario s phase p repeat 2 fork", "'fork' is not accepted: "
		  "{" },
		{ "scenario s phase p repeat 0 { fork }", "a number from 1 to" },
		{ "scenario s phase p repeat 2 { }", "the block is empty" },
		{ "scenario s phase p repeat 2 { fork", "the end of the file is "
		  "not accepted: ; or }" },
		{ "scenario s phase p {{{{{{{{{fork}}}}}}}}}", "too deep" },
		{ "scenario s phase p guest keeps-writing 8", "in a mix" },
		{ "scenario s phase p mix { 1 fork }", "operations, or a number"
		},
		{ "scenario s phase p mix 3 { fork }", "a weight from 1 to" },
		{ "scenario s phase p mix 3 { 1 mix 2 { 1 fork } }",
		  "a mix in a mix" },
		{ "scenario s phase p mix 3 { 1 fork } beside { fork }",
		  "beside { } takes scan and migrate only" },
		{ "scenario s phase p repeat 1000000 { repeat 11 { fork } }",
		  "phase p would do too much" },
		{ "scenario s phase p mix 1000000 { 1 fork; 1 repeat 11 { fork }"
		  " }", "phase p would do too much" },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		if (read_text(rows[i].text) != -EINVAL ||
		    strncmp(error, "my.scn:", 7) ||
		    !strstr(error, rows[i].error))
			fail_msg("%s\nis answered by '%s', not '%s'",
				 rows[i].text, error, rows[i].error);
}

/* Each limit: what just fits, and one more. */
static void test_limits(void **state)
{
	static char text[65536 + 100];
	u32 i, n;

	(void)state;
	n = sprintf(text, "scenario s");
	for (i = 0; i < SCENARIO_PHASES; i++)
		n += sprintf(text + n, "\nphase p%u fork", i);
	assert_int_equal(read_text(text), 0);
	sprintf(text + n, "\nphase more fork");
	assert_int_equal(read_text(text), -EINVAL);
	assert_string_equal(error, "my.scn:258: too many phases: accepted are "
			    "up to 256");

	n = sprintf(text, "scenario s phase p fork");
	for (i = 1; i < SCENARIO_STATEMENTS; i++)
		n += sprintf(text + n, "; fork");
	assert_int_equal(read_text(text), 0);
	sprintf(text + n, "; fork");
	assert_int_equal(read_text(text), -EINVAL);
	assert_non_null(strstr(error, "too many statements"));

	n = sprintf(text, "scenario s phase p fork");
	for (i = 1; i < 4096; i++)
		n += sprintf(text + n, "\n");
	n += sprintf(text + n, "#");
	assert_int_equal(read_text(text), 0);
	sprintf(text + n, "\n#");
	assert_int_equal(read_text(text), -EINVAL);
	assert_string_equal(error, "my.scn:1: the file has 4097 lines: "
			    "accepted are up to 4096");
}

static void test_many(void **state)
{
	static char texts[SCENARIOS + 1][64];
	struct text_file file = { "my.scn", NULL, 0 };
	u32 count = scenario_count, i;

	(void)state;
	file.text = "scenario zero phase p fork";
	file.size = strlen(file.text);
	assert_int_equal(scenario_add(&file, error), -EINVAL);
	assert_string_equal(error, "my.scn:1: the name zero is taken "
			    "(zero.scn): accepted is a name of its own");
	for (i = count; i <= SCENARIOS; i++) {
		file.text = texts[i];
		file.size = sprintf(texts[i], "scenario t%u phase p fork", i);
		assert_int_equal(scenario_add(&file, error),
				 i < SCENARIOS ? 0 : -EINVAL);
	}
	assert_non_null(strstr(error, "too many scenarios"));
	assert_string_equal(scenario_load(&scenarios[count + 1])->name,
			    scenarios[count + 1].name);
	scenario_count = count;
}

/* --- Selections. */

static void count_pages(const struct selection *selection, u32 page_count,
			u32 seed, u32 expected)
{
	static u8 met[2000];
	u64 random = seed;
	struct selected selected = select_pages(selection, page_count, seed,
						&random);
	u32 i, page;

	memset(met, 0, sizeof(met));
	assert_int_equal(selected.count, expected);
	for (i = 0; i < selected.count; i++) {
		page = selected_page(&selected, i);
		assert_in_range(page, 0, page_count - 1);
		assert_false(met[page]++);
	}
}

/* Each page at most once, and as many as were asked for. */
static void test_selections(void **state)
{
	static const u32 sizes[] = { 1, 2, 3, 64, 100, 1024, 1999 };
	u32 i, seed, n;

	(void)state;
	for (i = 0; i < array_count(sizes); i++)
		for (seed = 1; seed < 50; seed += 7) {
			n = sizes[i];
			count_pages(&(struct selection){ ALL_PAGES, 0, 0 }, n,
				    seed, n);
			count_pages(&(struct selection){ EVERY_PAGE, 0, 3 }, n,
				    seed, (n + 2) / 3);
			count_pages(&(struct selection){ PERCENT_OF_PAGES, 0,
				    10 }, n, seed, n < 10 ? 1 : n / 10);
			count_pages(&(struct selection){ RANDOM_PAGE, 0, 1 }, n,
				    seed, 1);
		}
	count_pages(&(struct selection){ SOME_PAGES, 5, 7 }, 64, 3, 7);
}

/* --- The least. */

/* What statement @text costs at least on a model of 4 pages. */
static void costs(struct least_model *model, const char *text, u64 requests,
		  u64 primary, u64 faults)
{
	static char whole[200];
	const struct statement *s = scenario.statements;
	bool by_page;
	u32 i;

	snprintf(whole, sizeof(whole), "scenario s phase p %s", text);
	if (read_text(whole))
		fail_msg("%s", error);
	by_page = verbs[s->verb].arguments[0] == ARGUMENT_PLACE ||
		  verbs[s->verb].arguments[0] == ARGUMENT_PAGE ||
		  verbs[s->verb].arguments[0] == ARGUMENT_PAGES;
	least_begin(model);
	if (!by_page)
		least_note(model, s);
	least_begin_pages(model);
	for (i = 0; i < 4 && by_page; i++)
		least_note_page(model, s, i, s->class);
	least_end_pages(model, s);
	if (model->least.requests != requests ||
	    model->least.primary != primary || model->least.faults != faults)
		fail_msg("%s: %llu %llu %llu", text,
			 (unsigned long long)model->least.requests,
			 (unsigned long long)model->least.primary,
			 (unsigned long long)model->least.faults);
}

static void test_least(void **state)
{
	static struct least_model model;

	(void)state;
	assert_int_equal(least_init(&model, 4), 0);
	costs(&model, "guest read", 0, 0, 4);		/* zero frames */
	costs(&model, "host write", 4, 4, 0);		/* T1 */
	costs(&model, "guest write", 0, 0, 0);
	costs(&model, "fork", 1, 1, 0);			/* T4 */
	costs(&model, "guest write", 4, 4, 4);
	costs(&model, "fork", 0, 0, 0);			/* one child at most */
	costs(&model, "guest write", 0, 0, 0);
	costs(&model, "child-exit", 0, 0, 0);
	costs(&model, "fork", 1, 1, 0);
	costs(&model, "child-exit", 0, 0, 0);
	costs(&model, "host write", 0, 0, 0);		/* T2 */
	costs(&model, "guest write", 0, 0, 0);
	costs(&model, "fork", 1, 1, 0);
	costs(&model, "child-write", 0, 4, 0);
	costs(&model, "guest write", 0, 0, 4);		/* takes it over */
	costs(&model, "protect-ro", 1, 1, 0);
	costs(&model, "guest read", 0, 0, 0);
	costs(&model, "protect-rw", 0, 0, 0);
	costs(&model, "guest write class 1", 0, 0, 0);
	costs(&model, "scan", 0, 0, 0);			/* looks at nothing */
	costs(&model, "scan", 0, 0, 0);
	costs(&model, "mergeable", 0, 0, 0);
	costs(&model, "scan", 0, 0, 0);			/* sees them */
	costs(&model, "scan", 2, 2, 0);			/* T3a */
	costs(&model, "scan", 0, 0, 0);
	costs(&model, "host write", 4, 4, 0);
	costs(&model, "migrate", 4, 4, 0);		/* T6 */
	costs(&model, "discard", 1, 1, 0);		/* T7 */
	costs(&model, "host write", 0, 0, 0);		/* T8 */
	costs(&model, "each page: discard", 0, 4, 0);
	costs(&model, "guest write", 0, 0, 4);
	costs(&model, "merge p1 p0", 0, 0, 0);		/* it is lost here */
	costs(&model, "fork", 0, 0, 0);
	least_exit(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_selections),
		TEST(test_least),
	};

	scenarios_add_built_in();
	return RUN(tests);
}
