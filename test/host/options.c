/*
 * The kernel's command line: what is accepted, and what is said about the
 * rest. Both readers of it: boot's one word, and the lab's whole line.
 */
#include "test/host/support.h"

#include <stdio.h>
#include <string.h>
#include "boot/command.h"
#include "ept/axes.h"
#include "lab/litmus/options.h"
#include "lab/mutant/mutant.h"
#include "lab/scenario/options.h"
#include "lab/words.h"

static struct options options;
static char error[1200];

static int parse(const char *line)
{
	error[0] = 0;
	return options_parse(&options, lab_words, line, error, sizeof(error));
}

/* How many are asked for; @name, if it is not NULL, alone. */
static u32 workloads_asked(const char *name)
{
	u32 count = 0, i;

	for (i = 0; i < SCENARIOS; i++) {
		count += scenario_options.asked[i];
		if (name && scenario_options.asked[i])
			assert_string_equal(scenarios[i].name, name);
	}
	return count;
}

static void test_defaults(void **state)
{
	static const char *const lines[] = {
		"", "   ", "build/tandem.bin", "/boot/tandem.bin ",
		"/a=b/tandem.bin", "/policy=/x",
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(lines); i++) {
		assert_int_equal(parse(lines[i]), 0);
		assert_int_equal(options.policies, (1u << policy_count) - 1);
		assert_int_equal(workloads_asked(NULL), scenario_count);
		assert_int_equal(options.mutants, 0);
		assert_int_equal(scenario_options.guest,
				 GUEST_IDLE | GUEST_RUNNING);
		assert_int_equal(options.pages, 1024);
		assert_int_equal(options.vcpus, 1);
		assert_int_equal(options.cpus, 0);
		assert_int_equal(options.seed, 1);
		assert_int_equal(scenario_options.operations, 0);
		assert_int_equal(options.first, 1);
		assert_false(scenario_options.pace_free);
		assert_false(options.trace);
		assert_int_equal(options.list, 0);
		assert_string_equal(options.tests, "");
	}
}

/* NAME=BASE and the axes on which it differs; the rest is BASE's. */
static void test_own_policy(void **state)
{
	const struct policy *base = policy_find("change-pte"), *own;

	(void)state;
	assert_int_equal(parse("policy=mine=change-pte,when=defer,"
			       "upgrade=silent,bracket,other-1=bracket"), 0);
	assert_int_equal(options.own_count, 2);
	assert_int_equal(options.policies, 1ull << 0 | 3ull << policy_count);
	own = options_policy(&options, policy_count);
	assert_string_equal(own->name, "mine");
	assert_ptr_equal(own->when, &whens[WHEN_DEFER]);
	assert_ptr_equal(own->upgrade, &upgrades[UPGRADE_SILENT]);
	assert_ptr_equal(own->start, base->start);
	assert_ptr_equal(own->cleared, base->cleared);
	assert_ptr_equal(own->change, base->change);
	assert_ptr_equal(own->protect, base->protect);
	assert_ptr_equal(own->deliver, base->deliver);
	own = options_policy(&options, policy_count + 1);
	assert_string_equal(own->name, "other-1");
	assert_ptr_equal(own->start, &starts[START_ZAP]);
	assert_null(options_policy(&options, policy_count + 2));
	assert_int_equal(parse("policy=all,m=batch"), 0);
	assert_int_equal(options.policies, (2ull << policy_count) - 1);
	/* The last policy= counts, and takes nothing from the one before. */
	assert_int_equal(parse("policy=a=batch,when=now "
			       "policy=b=batch,when=defer"), 0);
	assert_int_equal(options.own_count, 1);
	assert_ptr_equal(options_policy(&options, policy_count)->when,
			 &whens[WHEN_DEFER]);
	/* What was put together is none of the next line's. */
	assert_int_equal(parse("policy=bracket"), 0);
	assert_int_equal(options.own_count, 0);
}

/* Each exclusion is refused with its choices and its reason. */
static void test_excluded(void **state)
{
	static const char *const bases[] = { "bracket", "clear-flush-notify" };
	char line[OPTIONS_TEXT], expected[OPTIONS_TEXT];
	u32 i, k, found;

	(void)state;
	for (i = 0; i < exclusion_count; i++) {
		snprintf(expected, sizeof(expected), "takes no %s, which a "
			 "has: %s", exclusions[i].choices, exclusions[i].why);
		for (k = found = 0; k < array_count(bases); k++) {
			snprintf(line, sizeof(line), "policy=a=%s,%s",
				 bases[k], exclusions[i].choices);
			assert_int_equal(parse(line), -EINVAL);
			found += strstr(error, expected) != NULL;
		}
		assert_true(found);
	}
}

/* Each policy there is makes sense, and each axis can be told from the rows. */
static void test_axes(void **state)
{
	u32 i, k;

	(void)state;
	for (i = 0; i < policy_count; i++)
		assert_null(policy_exclusion(&policies[i]));
	for (i = 0; i < axis_count; i++) {
		struct policy policy = policies[0];

		assert_ptr_equal(policy_choice(&policies[0], &axes[i]),
				 axis_choice(&axes[i], 0));
		for (k = 0; axis_choice(&axes[i], k); k++) {
			policy_choose(&policy, &axes[i], k);
			assert_ptr_equal(policy_choice(&policy, &axes[i]),
					 axis_choice(&axes[i], k));
		}
		assert_int_equal(k, axes[i].count);
	}
}

static u64 policy_bit(const char *name)
{
	return 1ull << (policy_find(name) - policies);
}

static void test_accepted(void **state)
{
	(void)state;
	assert_int_equal(parse("/tandem policy=bracket,change-pte "
			       "workload=cow-host  guest=idle pages=7 vcpus=8 "
			       "cpus=16 seed=4294967295 first=3 pace=free "
			       "trace=on mutants=no-flush operations=9 "
			       "phases=fork,guest-read"), 0);
	assert_int_equal(options.policies, policy_bit("bracket") |
					   policy_bit("change-pte"));
	assert_int_equal(workloads_asked("cow-host"), 1);
	assert_int_equal(scenario_options.guest, GUEST_IDLE);
	assert_int_equal(options.pages, 7);
	assert_int_equal(options.vcpus, 8);
	assert_int_equal(options.cpus, 16);
	assert_int_equal(options.seed, 4294967295u);
	assert_int_equal(scenario_options.operations, 9);
	assert_int_equal(options.first, 3);
	assert_true(scenario_options.pace_free);
	assert_true(options.trace);
	assert_string_equal(scenario_options.phases, "fork guest-read");
	assert_true(options.mutants != 0);
	/* The least and the most of each. */
	assert_int_equal(parse("pages=1 vcpus=1 cpus=1 seed=0 first=1 rounds=1 "
			       "operations=1"), 0);
	assert_int_equal(options.pages, 1);
	assert_int_equal(options.seed, 0);
	assert_int_equal(parse("pages=262144 first=1000000 rounds=1000000000 "
			       "operations=1000000000"), 0);
	assert_int_equal(options.pages, 262144);
	/* The last one counts. */
	assert_int_equal(parse("seed=3 seed=4 guest=both"), 0);
	assert_int_equal(options.seed, 4);
	assert_int_equal(parse("workload=zero.scn"), 0);
	assert_int_equal(workloads_asked("zero"), 1);
	assert_int_equal(parse("mutants=none list=policies,scenarios "
			       "test=a,b"), 0);
	assert_int_equal(options.mutants, 0);
	assert_int_equal(options.list, LIST_POLICIES | LIST_SCENARIOS);
	assert_string_equal(options.tests, "a,b");
	assert_int_equal(parse("list=modules"), 0);
	assert_int_equal(options.list, LIST_MODULES);
}

static u32 tests_asked(void)
{
	u32 count = 0, i;

	for (i = 0; i < LITMUS_TESTS; i++)
		count += litmus_options.asked[i];
	return count;
}

static void test_litmus_words(void **state)
{
	const struct schedule_plan *plan = &litmus_options.plan;

	(void)state;
	assert_int_equal(parse(""), 0);
	assert_false(litmus_options.wanted);
	assert_int_equal(litmus_options.rounds, 0);
	assert_int_equal(plan->hold_count, 0);
	assert_int_equal(plan->segment_count, 0);

	assert_int_equal(parse("litmus=COW-XIAO policy=none rounds=7 "
			       "hold=1:12"), 0);
	assert_int_equal(tests_asked(), 1);
	assert_true(litmus_options.asked[litmus_find("COW-XIAO") -
					 litmus_tests]);
	assert_int_equal(options.policies, 0);
	assert_int_equal(litmus_options.rounds, 7);
	assert_int_equal(plan->hold_count, 1);
	assert_int_equal(plan->holds[0].actor, 1);
	assert_int_equal(plan->holds[0].at, 12);

	assert_int_equal(parse("litmus=ABA-P.litmus,COW-MP"), 0);
	assert_int_equal(tests_asked(), 2);
	assert_true(litmus_options.asked[litmus_find("ABA-P") - litmus_tests]);

	assert_int_equal(parse("hold=0:N5"), 0);
	assert_int_equal(plan->holds[0].at, 0);
	assert_int_equal(plan->holds[0].name, STEP_N5);

	assert_int_equal(parse("hold=0:F1"), 0);
	assert_int_equal(plan->holds[0].name, STEP_F1);

	assert_int_equal(parse("litmus=all schedule=0:5,1:3,0:1"), 0);
	assert_int_equal(tests_asked(), litmus_test_count);
	assert_int_equal(plan->segment_count, 3);
	assert_int_equal(plan->segments[1].actor, 1);
	assert_int_equal(plan->segments[1].steps, 3);
	assert_int_equal(plan->segments[2].steps, 1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "polcy=x",		"word 'polcy=x' is unknown: accepted "
					"are policy= mutants=" },
		{ "/tandem verbose",	"word 'verbose' is unknown" },
		{ "help",		"word 'help' is unknown" },
		{ "help seed=1",	"; a path (with a '/') may come "
					"first" },
		{ "a /b",		"word 'a' is unknown" },
		{ "/a /b",		"word '/b' is unknown" },
		{ "test=",		"'test=' is not accepted: test= takes "
					"names of boot scenarios or all" },
		{ "pages=a/b",		"'pages=a/b' is not accepted" },
		{ "policy=bracket,x,batch", "'policy=x' is not accepted" },
		/* What cannot be seen is written out. */
		{ "seed=1\r",		"'seed=1\\r' is not accepted" },
		{ "seed=1 \r",		"word '\\r' is unknown" },
		{ "seed=\x01\xc3\xa4",	"'seed=\\x01\\xc3\\xa4' is not" },
		{ "guest=idle\r",	"'guest=idle\\r' is not accepted" },
		{ "policy=all\r",	"'policy=all\\r' is not accepted" },
		{ "pace=free\t",	"'pace=free\\t' is not accepted" },
		{ "hold=0:N5\n",	"'hold=0:N5\\n' is not accepted" },
		{ "schedule=0:5\033",	"'schedule=0:5\\x1b' is not accepted" },
		{ "=",			"is unknown" },
		{ "=5",			"is unknown" },
		{ "page=5",		"is unknown" },
		{ "policy=brack",	"policy= takes bracket " },
		{ "policy=bracketx",	"policy= takes bracket " },
		{ "policy=",		"policy= takes" },
		{ "policy=bracket,",	"policy= takes" },
		{ "policy=,bracket",	"policy= takes" },
		{ "policy=none,bracket", "policy= takes" },
		{ "policy=mine=brakcet", ", after NAME=" },
		{ "policy=bracket,mine=", ", after NAME=" },
		{ "policy==bracket",	"a new NAME=BASE" },
		{ "policy=Mine=bracket", "a new NAME=BASE" },
		{ "policy=a23456789b123456789c1234=bracket",
		  "23 bytes at most" },
		{ "policy=batch=bracket", "takes a NAME that is not taken" },
		{ "policy=all=bracket",	"takes a NAME that is not taken" },
		{ "policy=no-flush=bracket", "takes a NAME that is not taken" },
		{ "policy=a=bracket,a=batch", "a NAME that is not taken" },
		{ "policy=a=change-pte,when=defer,when=now",
		  "each axis of a once" },
		{ "policy=a=bracket,b",	"'policy=b' is not accepted" },
		{ "policy=when=now",	"takes NAME=BASE before when=" },
		{ "policy=a=batch,batch,when=now",
		  "takes NAME=BASE before when=" },
		{ "policy=a=batch,when=", "when= one of now batch defer" },
		{ "policy=a=batch,when=nowx", "when= one of now batch defer" },
		{ "policy=a=bracket,when=defer",
		  "no change=nothing,when=defer, which a has: only " },
		{ "policy=a=change-pte,start=zap",
		  "no start=zap,change=rewrite, which a has: " },
		{ "policy=a=batch,b=batch,c=batch,d=batch,e=batch,f=batch,"
		  "g=batch,h=batch,i=batch", "up to 8 policies of your own" },
		{ "workload=cow-",	"workload= takes churn control cow-guest" },
		{ "mutants=bracket",	"mutants= takes seq-early" },
		{ "guest=none",		"guest= takes idle running both" },
		{ "guest=idle,running",	"guest= takes" },
		{ "pages=0",		"from 1 to 262144" },
		{ "pages=262145",	"from 1 to 262144" },
		{ "pages=",		"takes a number" },
		{ "pages=5x",		"takes a number" },
		{ "pages=-5",		"takes a number" },
		{ "pages=0x10",		"takes a number" },
		{ "vcpus=9",		"from 1 to 8" },
		{ "cpus=17",		"from 1 to 16" },
		{ "seed=4294967296",	"from 0 to 4294967295" },
		{ "seed=99999999999999999999999", "from 0 to 4294967295" },
		/* Cut to 32 bits they would be 1, or what is accepted. */
		{ "pages=4294967297",	"from 1 to 262144" },
		{ "pages=18446744073709551617", "from 1 to 262144" },
		{ "vcpus=4294967297",	"from 1 to 8" },
		{ "cpus=4294967297",	"from 1 to 16" },
		{ "seed=4294967297",	"from 0 to 4294967295" },
		{ "seed=18446744073709551617", "from 0 to 4294967295" },
		{ "operations=4294967297", "from 1 to 1000000000" },
		{ "first=4294967297",	"from 1 to 1000000" },
		{ "rounds=4294967297",	"from 1 to 1000000000" },
		{ "rounds=18446744073709551617", "from 1 to 1000000000" },
		{ "hold=0:4294967297",	"hold= takes" },
		{ "hold=4294967296:N5",	"an actor from 0 to 3" },
		{ "schedule=0:4294967301", "schedule= takes" },
		{ "schedule=4294967296:5", "schedule= takes" },
		{ "first=0",		"from 1" },
		{ "pace=fast",		"pace= takes lockstep free" },
		{ "trace=yes",		"trace= takes off on" },
		{ "phases=",		"phases= takes names of phases" },
		{ "list=all,x",		"list= takes policies" },
		{ "seed=1 pages=0",	"from 1 to 262144" },
		{ "litmus=COW",		"litmus= takes ABA-FRAME" },
		{ "litmus=",		"litmus= takes ABA-FRAME" },
		{ "rounds=0",		"from 1" },
		{ "hold=",		"hold= takes ACTOR:STEP" },
		{ "hold=0",		"hold= takes" },
		{ "hold=0:",		"hold= takes" },
		{ "hold=0:0",		"hold= takes" },
		{ "hold=0:7x",		"hold= takes" },
		{ "hold=0:PTE",		"hold= takes" },
		{ "hold=0:PRIMARY",	"hold= takes" },
		{ "hold=4:N5",		"an actor from 0 to 3" },
		{ "schedule=",		"schedule= takes ACTOR:STEPS" },
		{ "schedule=0:5,",	"schedule= takes" },
		{ "schedule=0:5;1:3",	"schedule= takes" },
		{ "schedule=0:5,1",	"schedule= takes" },
		{ "schedule=4:5",	"schedule= takes" },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		assert_int_equal(parse(rows[i].line), -EINVAL);
		if (!strstr(error, rows[i].says))
			fail_msg("%s: '%s' lacks '%s'", rows[i].line, error,
				 rows[i].says);
	}
}

/* However long a word is and however short the buffer: no byte too far. */
static void complain_into_any(const char *line)
{
	size_t size;

	for (size = 1; size < 700; size++) {
		char *buf = malloc(size);	/* ASan watches */

		assert_int_equal(options_parse(&options, lab_words, line, buf,
					       size), -EINVAL);
		assert_true(strlen(buf) < size);
		free(buf);
	}
}

static void test_long(void **state)
{
	char *line = malloc(3000);

	(void)state;
	memset(line, 'x', 2999);
	line[2999] = 0;
	line[0] = '/';				/* a path */
	assert_int_equal(parse(line), 0);
	memcpy(line, "policy=", 7);
	complain_into_any(line);
	line[OPTIONS_TEXT - 1] = 0;
	complain_into_any(line);
	memcpy(line, "xolicy=", 7);
	complain_into_any(line);
	free(line);
}

/* A word of the greatest length is read to its end; a longer one is not read. */
static void test_word_limit(void **state)
{
	char line[OPTIONS_TEXT + 20];
	const size_t limit = OPTIONS_TEXT - 1;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "test=", 5);
	strcpy(line + limit, " seed=7");
	assert_int_equal(parse(line), 0);
	assert_int_equal(strlen(options.tests), limit - strlen("test="));
	assert_int_equal(options.seed, 7);

	memset(line, 'x', sizeof(line));
	memcpy(line, "test=", 5);
	strcpy(line + limit + 1, " seed=7");
	assert_int_equal(parse(line), -EINVAL);
	assert_non_null(strstr(error, "...' has 512 bytes: accepted are words "
				      "of up to 511"));
	assert_true(strlen(error) < 150);
	/* Every name is right, and it is the number of them that is wrong. */
	strcpy(line, "policy=batch");
	while (strlen(line) < OPTIONS_TEXT)
		strcat(line, ",batch");
	assert_int_equal(parse(line), -EINVAL);
	assert_non_null(strstr(error, "of up to 511"));
}

/* A complaint has room for all that is accepted, whatever was written. */
static void test_complaints(void **state)
{
	static char room[OPTIONS_ERROR];
	char line[OPTIONS_TEXT];
	static const struct {
		const char *name, *end;
	} rows[] = {
		{ "policy=", "axis=choice" }, { "litmus=", " all" },
		{ "mutants=", " all" }, { "list=", " all" },
		{ "nonsense=", " may come first" },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++) {
		size_t end;

		memset(line, '\r', sizeof(line));
		memcpy(line, rows[i].name, strlen(rows[i].name));
		line[sizeof(line) - 1] = 0;
		assert_int_equal(options_parse(&options, lab_words, line, room,
					       sizeof(room)), -EINVAL);
		end = strlen(room) - strlen(rows[i].end);
		assert_string_equal(room + end, rows[i].end);
		assert_null(strchr(room, '\r'));
	}
}

/* Boot needs to know one number before the lab has read the line. */
static void test_boot_word(void **state)
{
	static const struct {
		const char *line;
		u32 value;
	} rows[] = {
		{ "",				0 },
		{ "cpus=4",			4 },
		{ "tandem cpus=16 seed=1",	16 },
		{ "cpus=4 cpus=5",		5 },
		{ "xcpus=4",			0 },
		{ "cpus",			0 },
		{ "cpus=",			0 },
		{ "cpus:4",			0 },
		{ "cpus 4",			0 },
		{ "cpus=4x",			0 },
		{ "cpus=-1",			0 },
		{ "cpus=999999999",		999999999 },
		{ "cpus=4294967295",		4294967295u },
		{ "cpus=4294967296",		0 },
		{ "cpus=9999999999",		0 },
		{ "cpus=18446744073709551620",	0 },
		{ "cpus=0000000000004",		4 },
		{ "cpu=3",			0 },
		{ "  cpus=3  ",			3 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		assert_int_equal(command_number(rows[i].line, "cpus"),
				 rows[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_own_policy),
		cmocka_unit_test(test_axes),
		cmocka_unit_test(test_excluded),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_litmus_words),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_word_limit),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_boot_word),
	};

	litmus_add_built_in();
	scenarios_add_built_in();
	return RUN(tests);
}
