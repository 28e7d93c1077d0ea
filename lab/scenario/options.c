#include "lab/scenario/options.h"

#include "lib/print.h"
#include "lib/string.h"

struct scenario_options scenario_options;

static const char *workload_name(u32 i)
{
	return i < scenario_count ? scenarios[i].name : NULL;
}

static const char *workload_file(u32 i)
{
	return i < scenario_count ? scenarios[i].file.name : NULL;
}

static const char *guest_name(u32 i)
{
	static const char *const names[] = { "idle", "running", "both" };

	return i < array_count(names) ? names[i] : NULL;
}

static int read_workload(const struct reading *r)
{
	memset(scenario_options.asked, 0, sizeof(scenario_options.asked));
	return read_files(r, workload_name, workload_file,
			  scenario_options.asked);
}

static int read_guest(const struct reading *r)
{
	u32 i;

	for (i = 0; guest_name(i); i++) {
		if (!strcmp(r->value, guest_name(i))) {
			scenario_options.guest = i + 1;	/* both is 3 */
			return 0;
		}
	}
	return refuse_names(r, r->value, strlen(r->value), guest_name, "");
}

static int read_operations(const struct reading *r)
{
	return read_number(r, 1, 1000000000, &scenario_options.operations);
}

static int read_pace(const struct reading *r)
{
	return read_flag(r, "lockstep", "free", &scenario_options.pace_free);
}

/* With blanks between them; the runner of the scenarios checks the names. */
static int read_phases(const struct reading *r)
{
	char *at = scenario_options.phases;

	if (!*r->value)
		return refuse(r, "names of phases");
	memcpy(at, r->value, strlen(r->value) + 1);
	for (; *at; at++)
		if (*at == ',')
			*at = ' ';
	return 0;
}

static void begin(struct options *options)
{
	(void)options;
	scenario_options = (struct scenario_options){
		.guest = GUEST_IDLE | GUEST_RUNNING,
	};
	ask_all(workload_name, scenario_options.asked);
}

const struct words scenario_words = {
	.begin = begin,
	.words = {
		{ "workload", read_workload },	{ "guest", read_guest },
		{ "operations", read_operations },
		{ "pace", read_pace },		{ "phases", read_phases },
	},
};
