/*
 * The checker beside two virtual machines over one address space: it hears each
 * rule that one of both breaks, whichever it is, and nothing of the other.
 */
#include "test/host/pair.h"

#include "lab/mutant/mutant.h"

/* Two machines under change-pte; of one of both, @broken, it is the mutant's. */
static void begin(const char *name, u32 broken)
{
	static struct policy policy;	/* stays while a machine has it */
	const struct mutant *mutant = mutant_find(name);
	u32 i;

	policy = mutant_policy(mutant);
	pair_begin();
	for (i = 0; i < 2; i++)
		machine_make(i, i == broken ? &policy
					    : policy_find("change-pte"));
	if (broken < 2)
		mutant_arm(mutant, &machines[broken].ept);
	pair_write(1);
}

static void end(void)
{
	u32 i;

	for (i = 0; i < 2; i++)
		machine_stop(i);
	mutant_disarm();
	pair_end();
}

static u64 violations_without_flush(u32 broken)
{
	begin("no-flush", broken);
	pair_fork_and_read();
	pair_host_write();
	end();
	return check_count(RULE_O12);
}

static void test_one_is_not_flushed(void **state)
{
	(void)state;
	assert_int_equal(violations_without_flush(2), 0);
	assert_true(violations_without_flush(0) > 0);
	assert_true(violations_without_flush(1) > 0);
}

static void count_violations(const char *name, u32 broken, u64 *count)
{
	u32 i;

	begin(name, broken);
	pair_scan();
	pair_fork();
	pair_host_write();
	mm_put(child);
	child = NULL;
	pair_discard();
	end();
	for (i = 0; i < RULE_COUNT; i++)
		count[i] = check_count(i);
}

static void test_each_rule_of_either(void **state)
{
	static const struct {
		const char *mutant;
		enum rule rule;
		u64 count;
	} rows[] = {
		{ "no-flush", RULE_O2, 8 }, { "no-flush", RULE_O4, 2 },
		{ "no-flush", RULE_O5, 2 }, { "no-flush", RULE_O6, 8 },
		{ "no-flush", RULE_O12, 6 }, { "seq-none", RULE_O1, 10 },
	};
	u64 count[RULE_COUNT];
	u32 i, broken;

	(void)state;
	for (i = 0; i < array_count(rows); i++)
		for (broken = 0; broken < 2; broken++) {
			count_violations(rows[i].mutant, broken, count);
			assert_int_equal(count[rows[i].rule], rows[i].count);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_is_not_flushed),
		cmocka_unit_test(test_each_rule_of_either),
	};

	return RUN(tests);
}
