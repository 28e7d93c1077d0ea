#include "lab/scenario/scenarios.h"

#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"

struct scenario_file scenarios[SCENARIOS];
u32 scenario_count;

static struct scenario current;

static const struct scenario_file *find(const char *name)
{
	u32 i;

	for (i = 0; i < scenario_count; i++)
		if (!strcmp(scenarios[i].name, name))
			return &scenarios[i];
	return NULL;
}

int scenario_describe(const struct text_file *file,
		      struct scenario_file *described, char *error)
{
	int err = scenario_read(&current, file, error);

	if (err)
		return err;
	described->file = *file;
	memcpy(described->name, current.name, sizeof(described->name));
	memcpy(described->what, current.what, sizeof(described->what));
	described->vcpus = current.vcpus;
	described->pages = current.pages;
	return 0;
}

int scenario_add(const struct text_file *file, char *error)
{
	struct scenario_file *added = &scenarios[scenario_count];
	const struct scenario_file *other;
	int err;

	if (scenario_count == SCENARIOS) {
		format_text(error, SCENARIO_ERROR, "%s:1: there are too many "
			    "scenarios: accepted are up to %u", file->name,
			    SCENARIOS);
		return -EINVAL;
	}
	err = scenario_describe(file, added, error);
	if (err)
		return err;
	other = find(current.name);
	if (other) {
		format_text(error, SCENARIO_ERROR, "%s:1: the name %s is "
			    "taken (%s): accepted is a name of its own",
			    file->name, current.name, other->file.name);
		return -EINVAL;
	}
	scenario_count++;
	return 0;
}

void scenarios_add_built_in(void)
{
	const struct text_file *file;
	char error[SCENARIO_ERROR];

	for (file = scenario_files; file->name; file++)
		if (scenario_add(file, error))
			panic("%s", error);
}

const struct scenario *scenario_load(const struct scenario_file *file)
{
	char error[SCENARIO_ERROR];

	if (scenario_read(&current, &file->file, error))
		panic("%s", error);	/* it was right before */
	return &current;
}
