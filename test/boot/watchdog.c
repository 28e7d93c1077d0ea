/*
 * Long loops show that they get on: a watchdog that bites after less time than
 * any loop over all pages takes stays quiet in each workload.
 */
#include "test/boot/boot_test.h"

#include "arch/x86/system.h"
#include "arch/x86/watchdog.h"
#include "lab/scenario/run.h"
#include "lab/scenario/scenarios.h"
#include "lib/string.h"

#define PAGES		512
#define OPERATIONS	16	/* of churn */
#define PERIOD_MS	1
#define LIMIT_MS	5

static struct run watched;
static const struct options options = {
	.pages = PAGES, .vcpus = 1, .seed = 1, .first = 1,
};

static void perform(const struct scenario_file *scenario)
{
	struct cell cell = { .options = &options, .policy = policies[0] };

	memset(&watched, 0, sizeof(watched));
	watched.cell = &cell;
	watched.scenario = scenario_load(scenario);
	watched.operations = OPERATIONS;
	watchdog_start(PERIOD_MS, LIMIT_MS);
	run_quietly(&watched);
	watchdog_start(WATCHDOG_PERIOD_MS, WATCHDOG_LIMIT_MS);
}

BOOT_TEST(loops_over_pages_show_progress)
{
	u32 i;

	/* With more CPUs the loops are the same ones; and under a hypervisor
	 * time goes on while this CPU does not. */
	if (cpu_count > 1 || read_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR)
		return BOOT_TEST_SKIP;
	for (i = 0; i < scenario_count && !watched.stage.message[0]; i++)
		perform(&scenarios[i]);
	EXPECT(!watched.stage.message[0]);
	return BOOT_TEST_PASS;
}
