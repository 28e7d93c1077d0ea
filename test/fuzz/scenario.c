/*
 * Scenario files: any bytes are read, or refused by one line.
 */
#include "test/fuzz/text.h"

#include <string.h>
#include "lab/scenario/read.h"
#include "lab/scenario/selection.h"
#include "vmm/hypercall_abi.h"

const char fuzz_name[] = "scenario";

static struct scenario scenario;

static void check_statement(u32 index, u32 end)
{
	const struct statement *s = &scenario.statements[index];
	struct selected selected;
	u64 random = 1;

	FUZZ_EXPECT(s->kind <= KEEP_WRITING && s->who <= WHO_VCPU);
	FUZZ_EXPECT(s->end > index && s->end <= end);
	FUZZ_EXPECT(s->kind != DO || (s->verb > VERB_END &&
				      s->verb < VERB_COUNT));
	FUZZ_EXPECT(s->vcpu < GUEST_MAX_VCPUS);
	FUZZ_EXPECT(s->class < 256 && s->classes < 256);
	if (s->kind != DO || scenario.pages > 1000)
		return;
	selected = select_pages(&s->pages, 1000, 3, &random);
	FUZZ_EXPECT(selected.count >= 1 && selected.count <= 1000);
	FUZZ_EXPECT(selected_page(&selected, selected.count - 1) < 1000);
}

static void check_list(u32 begin, u32 end, u32 depth)
{
	u32 i;

	FUZZ_EXPECT(depth <= SCENARIO_DEPTH);
	for (i = begin; i < end; i = scenario.statements[i].end) {
		check_statement(i, end);
		if (scenario.statements[i].end > i + 1)
			check_list(i + 1, scenario.statements[i].end,
				   depth + 1);
	}
	FUZZ_EXPECT(i == end);
}

static void check_accepted(void)
{
	u32 i, at = 0;

	FUZZ_EXPECT(scenario.name[0] && strlen(scenario.name) < SCENARIO_NAME);
	FUZZ_EXPECT(strlen(scenario.what) < SCENARIO_WHAT);
	FUZZ_EXPECT(scenario.vcpus >= 1 && scenario.vcpus <= GUEST_MAX_VCPUS);
	FUZZ_EXPECT(scenario.pages <= GUEST_MAX_PAGES);
	FUZZ_EXPECT(scenario.phase_count >= 1 &&
		    scenario.phase_count <= SCENARIO_PHASES);
	for (i = 0; i < scenario.phase_count; i++) {
		FUZZ_EXPECT(scenario.phases[i].begin == at);
		at = scenario.phases[i].end;
		check_list(scenario.phases[i].begin, at, 0);
	}
	FUZZ_EXPECT(at == scenario.statement_count);
}

static int read_file(const struct text_file *file, char *error)
{
	return scenario_read(&scenario, file, error);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	return fuzz_text(data, size, SCENARIO_ERROR, read_file, check_accepted);
}
