#include "lab/options.h"

#include "arch/x86/error.h"
#include "arch/x86/print.h"
#include "arch/x86/string.h"
#include "lab/litmus.h"
#include "lab/mutant.h"
#include "lab/workload.h"
#include "vmm/hypercall_abi.h"

/* A word being read, and where to complain. */
struct reading {
	struct options *options;
	const char *name, *value;
	char *error;
	size_t error_size;
};

typedef const char *(*name_fn)(u32 index);

static const char *policy_name(u32 i)
{
	return i < policy_count ? policies[i].name : NULL;
}

static const char *workload_name(u32 i)
{
	return i < workload_count ? workloads[i].name : NULL;
}

static const char *mutant_name(u32 i)
{
	return i < mutant_count ? mutants[i].name : NULL;
}

static const char *litmus_name(u32 i)
{
	return i < litmus_test_count ? litmus_tests[i].name : NULL;
}

static const char *guest_name(u32 i)
{
	static const char *const names[] = { "idle", "running", "both" };

	return i < array_count(names) ? names[i] : NULL;
}

static const char *list_name(u32 i)
{
	static const char *const names[] = {
		"policies", "workloads", "mutants", "tests",
	};

	return i < array_count(names) ? names[i] : NULL;
}

/* "word 'x=y' is not accepted: " and the names that are. */
static int refuse_names(const struct reading *r, name_fn name,
			const char *others)
{
	int n = format_text(r->error, r->error_size,
			    "'%s=%s' is not accepted: %s= takes", r->name,
			    r->value, r->name);
	u32 i;

	for (i = 0; name(i) && (size_t)n < r->error_size; i++)
		n += format_text(r->error + n, r->error_size - n, " %s",
				 name(i));
	if ((size_t)n < r->error_size)
		format_text(r->error + n, r->error_size - n, "%s", others);
	return -EINVAL;
}

static u64 all_of(name_fn name)
{
	u64 mask = 0;
	u32 i;

	for (i = 0; name(i); i++)
		mask |= 1ull << i;
	return mask;
}

/* Names with commas between them, or "all". */
static int read_names(const struct reading *r, name_fn name, u64 *mask)
{
	const char *at = r->value;
	size_t length;
	u32 i;

	if (!strcmp(r->value, "all")) {
		*mask = all_of(name);
		return 0;
	}
	for (*mask = 0; ; at += length + 1) {
		for (length = 0; at[length] && at[length] != ','; length++)
			;
		for (i = 0; name(i); i++)
			if (strlen(name(i)) == length &&
			    !strncmp(at, name(i), length))
				break;
		if (!name(i))
			return refuse_names(r, name, " all");
		*mask |= 1ull << i;
		if (!at[length])
			return 0;
	}
}

static int read_number(const struct reading *r, u64 low, u64 high, u32 *number)
{
	const char *at = r->value;
	u64 n = 0;

	while (*at >= '0' && *at <= '9' && n <= high)
		n = n * 10 + (*at++ - '0');
	if (at == r->value || *at || n < low || n > high) {
		format_text(r->error, r->error_size,
			    "'%s=%s' is not accepted: %s= takes a number "
			    "from %llu to %llu", r->name, r->value, r->name,
			    (unsigned long long)low, (unsigned long long)high);
		return -EINVAL;
	}
	*number = (u32)n;
	return 0;
}

/* One of two words; @flag becomes true for the second. */
static int read_flag(const struct reading *r, const char *no, const char *yes,
		     bool *flag)
{
	if (!strcmp(r->value, no) || !strcmp(r->value, yes)) {
		*flag = !strcmp(r->value, yes);
		return 0;
	}
	format_text(r->error, r->error_size,
		    "'%s=%s' is not accepted: %s= takes %s %s", r->name,
		    r->value, r->name, no, yes);
	return -EINVAL;
}

/* Names, or "none". */
static int read_some(const struct reading *r, name_fn name, u64 *mask)
{
	if (!strcmp(r->value, "none")) {
		*mask = 0;
		return 0;
	}
	return read_names(r, name, mask);
}

static int read_policy(const struct reading *r)
{
	return read_some(r, policy_name, &r->options->policies);
}

static int read_litmus(const struct reading *r)
{
	return read_names(r, litmus_name, &r->options->litmus);
}

static int read_rounds(const struct reading *r)
{
	return read_number(r, 1, 1000000000, &r->options->rounds);
}

/* A number up to ':', ',' or the end; moves *@at behind it. */
static bool scan_number(const char **at, u32 *number)
{
	const char *start = *at;
	u32 n = 0;

	while (**at >= '0' && **at <= '9' && n < 100000)
		n = n * 10 + (*(*at)++ - '0');
	*number = n;
	return *at > start;
}

static bool scan_actor(const char **at, u32 *actor)
{
	if (!scan_number(at, actor) || *actor >= LITMUS_ACTORS || **at != ':')
		return false;
	++*at;
	return true;
}

static bool scan_step(const char *name, enum step *step)
{
	for (*step = 0; *step < STEP_COUNT; ++*step)
		if (step_is_scheduled(*step) && !strcmp(step_names[*step], name))
			return true;
	return false;
}

static int read_hold(const struct reading *r)
{
	struct stretch_hold hold = { 0 };
	const char *at = r->value;

	if (scan_actor(&at, &hold.actor) &&
	    (scan_step(at, &hold.name) ||
	     (scan_number(&at, &hold.at) && !*at && hold.at))) {
		r->options->plan.holds[0] = hold;
		r->options->plan.hold_count = 1;
		return 0;
	}
	format_text(r->error, r->error_size,
		    "'hold=%s' is not accepted: hold= takes ACTOR:STEP, an "
		    "actor from 0 to %u and a step's name (N5) or number",
		    r->value, LITMUS_ACTORS - 1);
	return -EINVAL;
}

static int read_schedule(const struct reading *r)
{
	struct stretch_plan *plan = &r->options->plan;
	const char *at = r->value;

	for (plan->segment_count = 0; plan->segment_count < STRETCH_SEGMENTS;
	     at++) {
		struct stretch_segment *segment =
			&plan->segments[plan->segment_count++];

		if (!scan_actor(&at, &segment->actor) ||
		    !scan_number(&at, &segment->steps))
			break;
		if (!*at)
			return 0;
		if (*at != ',')
			break;
	}
	format_text(r->error, r->error_size,
		    "'schedule=%s' is not accepted: schedule= takes "
		    "ACTOR:STEPS,ACTOR:STEPS,... up to %u of them", r->value,
		    STRETCH_SEGMENTS);
	return -EINVAL;
}

static int read_workload(const struct reading *r)
{
	return read_names(r, workload_name, &r->options->workloads);
}

static int read_mutants(const struct reading *r)
{
	return read_some(r, mutant_name, &r->options->mutants);
}

static int read_guest(const struct reading *r)
{
	u32 i;

	for (i = 0; guest_name(i); i++) {
		if (!strcmp(r->value, guest_name(i))) {
			r->options->guest = i + 1;	/* both is 3 */
			return 0;
		}
	}
	return refuse_names(r, guest_name, "");
}

static int read_pages(const struct reading *r)
{
	return read_number(r, 1, GUEST_MAX_PAGES, &r->options->pages);
}

static int read_vcpus(const struct reading *r)
{
	return read_number(r, 1, GUEST_MAX_VCPUS, &r->options->vcpus);
}

static int read_cpus(const struct reading *r)
{
	return read_number(r, 1, MAX_CPUS, &r->options->cpus);
}

static int read_seed(const struct reading *r)
{
	return read_number(r, 0, 0xffffffffu, &r->options->seed);
}

static int read_operations(const struct reading *r)
{
	return read_number(r, 1, 1000000000, &r->options->operations);
}

static int read_first(const struct reading *r)
{
	return read_number(r, 1, 1000000, &r->options->first);
}

static int read_pace(const struct reading *r)
{
	return read_flag(r, "lockstep", "free", &r->options->pace_free);
}

static int read_trace(const struct reading *r)
{
	return read_flag(r, "off", "on", &r->options->trace);
}

static int read_check(const struct reading *r)
{
	return read_flag(r, "on", "off", &r->options->check_off);
}

static int read_list(const struct reading *r)
{
	u64 mask;
	int err = read_names(r, list_name, &mask);

	if (!err)
		r->options->list = (u32)mask;
	return err;
}

/* The runner of the scenarios checks the names. */
static int read_test(const struct reading *r)
{
	if (!*r->value) {
		format_text(r->error, r->error_size,
			    "'test=' takes names of boot scenarios or all");
		return -EINVAL;
	}
	memcpy(r->options->tests, r->value, strlen(r->value) + 1);
	return 0;
}

static const struct word {
	const char *name;
	int (*read)(const struct reading *r);
} words[] = {
	{ "policy", read_policy },	{ "workload", read_workload },
	{ "guest", read_guest },	{ "pages", read_pages },
	{ "vcpus", read_vcpus },	{ "cpus", read_cpus },
	{ "seed", read_seed },		{ "operations", read_operations },
	{ "mutants", read_mutants },
	{ "pace", read_pace },		{ "first", read_first },
	{ "trace", read_trace },	{ "test", read_test },
	{ "check", read_check },	{ "list", read_list },
	{ "litmus", read_litmus },	{ "rounds", read_rounds },
	{ "hold", read_hold },		{ "schedule", read_schedule },
};

static int read_word(struct options *options, char *word, char *error,
		     size_t error_size)
{
	char *equals = strchr(word, '=');
	int n;
	u32 i;

	for (i = 0; equals && i < array_count(words); i++) {
		size_t length = equals - word;
		struct reading reading = {
			options, words[i].name, equals + 1, error, error_size,
		};

		if (strlen(words[i].name) == length &&
		    !strncmp(word, words[i].name, length))
			return words[i].read(&reading);
	}
	n = format_text(error, error_size,
			"word '%s' is unknown: accepted are", word);
	for (i = 0; i < array_count(words) && (size_t)n < error_size; i++)
		n += format_text(error + n, error_size - n, " %s=",
				 words[i].name);
	return -EINVAL;
}

/* Copy the next word of *@line to @word and move on; false: the line ends.
 * A word that is too long is cut, and will not be accepted. */
static bool next_word(const char **line, char *word, size_t size)
{
	const char *at = *line;
	size_t length = 0;

	while (*at == ' ')
		at++;
	for (; *at && *at != ' '; at++)
		if (length + 1 < size)
			word[length++] = *at;
	word[length] = 0;
	*line = at;
	return length;
}

int options_parse(struct options *options, const char *line, char *error,
		  size_t error_size)
{
	char word[OPTIONS_TEXT];
	bool is_first;
	int err;

	*options = (struct options){
		.policies = all_of(policy_name),
		.workloads = all_of(workload_name),
		.guest = GUEST_IDLE | GUEST_RUNNING,
		.pages = 1024, .vcpus = 1, .seed = 1, .first = 1,
	};
	for (is_first = true; next_word(&line, word, sizeof(word));
	     is_first = false) {
		/* A boot loader may put the image's path first. */
		if (is_first && !strchr(word, '='))
			continue;
		err = read_word(options, word, error, error_size);
		if (err)
			return err;
	}
	return 0;
}
