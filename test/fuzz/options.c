/*
 * The kernel's command line: any text is read, or refused by one line.
 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "arch/x86/cpu.h"
#include "boot/command.h"
#include "ept/axes.h"
#include "lab/litmus/options.h"
#include "lab/mutant/mutant.h"
#include "lab/scenario/options.h"
#include "lab/words.h"
#include "lib/error.h"
#include "vmm/hypercall_abi.h"

const char fuzz_name[] = "options";

static bool within(u64 mask, u32 count)
{
	return count >= 64 || !(mask >> count);
}

static void check_accepted(const struct options *o)
{
	u32 i;

	FUZZ_EXPECT(o->own_count <= OWN_POLICIES);
	FUZZ_EXPECT(within(o->policies, policy_count + o->own_count));
	for (i = 0; i < o->own_count; i++)
		FUZZ_EXPECT(!policy_exclusion(&o->own[i].policy));
	FUZZ_EXPECT(within(o->mutants, mutant_count));
	FUZZ_EXPECT(o->pages >= 1 && o->pages <= GUEST_MAX_PAGES);
	FUZZ_EXPECT(o->vcpus >= 1 && o->vcpus <= GUEST_MAX_VCPUS);
	FUZZ_EXPECT(o->cpus <= MAX_CPUS);
	FUZZ_EXPECT(o->first >= 1);
	FUZZ_EXPECT(memchr(o->tests, 0, sizeof(o->tests)));
}

static void check_scenarios(const struct scenario_options *o)
{
	FUZZ_EXPECT(o->guest && within(o->guest, 2));
	FUZZ_EXPECT(!memchr(o->asked + scenario_count, true,
			    SCENARIOS - scenario_count));
}

static void check_litmus(const struct litmus_options *o)
{
	FUZZ_EXPECT(o->plan.hold_count <= array_count(o->plan.holds));
	FUZZ_EXPECT(o->plan.segment_count <= array_count(o->plan.segments));
	FUZZ_EXPECT(!memchr(o->asked + litmus_test_count, true,
			    LITMUS_TESTS - litmus_test_count));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	char *line = malloc(size + 1), *error = malloc(OPTIONS_ERROR);
	struct options options;
	int err;

	if (!litmus_test_count) {
		litmus_add_built_in();
		scenarios_add_built_in();
	}
	memcpy(line, data, size);
	line[size] = 0;
	error[0] = 0;
	err = options_parse(&options, lab_words, line, error, OPTIONS_ERROR);
	FUZZ_EXPECT(memchr(error, 0, OPTIONS_ERROR));
	if (err) {
		FUZZ_EXPECT(err == -EINVAL);
		FUZZ_EXPECT(error[0]);
	} else {
		FUZZ_EXPECT(!error[0]);
		check_accepted(&options);
		check_scenarios(&scenario_options);
		check_litmus(&litmus_options);
	}
	(void)command_number(line, "cpus");
	free(error);
	free(line);
	return 0;
}
