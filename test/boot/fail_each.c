/*
 * In each workload the n-th allocation of a frame fails, for every n: the run
 * ends with one line that says so, or comes through all the same; nothing is
 * leaked, nobody reads a wrong byte, and the next run works.
 */
#include "test/boot/boot_test.h"

#include "lab/scenario/run.h"
#include "lab/scenario/scenarios.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frame.h"

#define PAGES		4
#define OPERATIONS	48	/* of churn */

/* Another name than lab.c's, which gdb sessions use. */
static struct run failing;
static const struct options options = {
	.pages = PAGES, .vcpus = 1, .seed = 1, .first = 1,
};

static void perform(const struct scenario_file *scenario,
		    const struct policy *policy, u64 fail_at)
{
	struct cell cell = { .options = &options, .policy = *policy };

	memset(&failing, 0, sizeof(failing));
	failing.cell = &cell;
	failing.scenario = scenario_load(scenario);
	failing.operations = OPERATIONS;
	frame_fail_at(fail_at);
	run_quietly(&failing);
}

static bool contains(const char *text, const char *part)
{
	for (; *text; text++)
		if (!strncmp(text, part, strlen(part)))
			return true;
	return false;
}

/* One line that says what was missing. */
static bool is_clear(const char *message)
{
	return contains(message, "memory") && !strchr(message, '\n') &&
	       strlen(message) < sizeof(failing.stage.message) - 1;
}

static bool was_created(void)
{
	return !contains(failing.stage.message, "creating the virtual machine");
}

/*
 * From allocation *@first on, which moves to the last one that a VM needs to be
 * made at all. Adds to *@failed how many have failed.
 */
static int fail_each(const struct scenario_file *scenario,
		     const struct policy *policy, u64 *first, u64 *failed)
{
	const char *message = failing.stage.message;
	u64 n, left;

	for (n = *first; ; n++) {
		perform(scenario, policy, n);
		left = frame_fail_at(0);
		EXPECT_EQUAL(failing.stage.leaked_frames, 0);	/* INV-FREE */
		EXPECT_EQUAL(failing.content.stale_reads, 0);
		if (message[0] && (left || !is_clear(message))) {
			boot_test_explain(__FILE__, __LINE__, message);
			return BOOT_TEST_FAIL;
		}
		if (left)
			return BOOT_TEST_PASS;	/* it met no failure */
		/* A VM is made in the same way for all: once is enough. */
		if (!was_created())
			*first = n;
		++*failed;
	}
}

static int with_policy(const struct policy *policy)
{
	u64 first = 1, failed = 0;
	u32 i;

	for (i = 0; i < scenario_count; i++)
		EXPECT_PASS(fail_each(&scenarios[i], policy, &first, &failed));
	printk("# %s: %llu allocations have failed\n", policy->name,
	       (unsigned long long)failed);
	/* At least the data pages of each workload, and the VM. */
	EXPECT(failed > scenario_count * PAGES);
	return BOOT_TEST_PASS;
}

/* The baseline, and the last one, which keeps frames for longest. */
BOOT_TEST(each_allocation_fails)
{
	EXPECT_PASS(with_policy(&policies[0]));
	return with_policy(&policies[policy_count - 1]);
}
