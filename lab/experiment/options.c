#include "lab/experiment/reading.h"

#include "lab/litmus/tests.h"
#include "lab/mutant/mutant.h"
#include "lab/scenario/scenarios.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"
#include "vmm/hypercall_abi.h"

const char *policy_name(u32 i)
{
	return i < policy_count ? policies[i].name : NULL;
}

static const char *workload_name(u32 i)
{
	return i < scenario_count ? scenarios[i].name : NULL;
}

const char *mutant_name(u32 i)
{
	return i < mutant_count ? mutants[i].name : NULL;
}

static const char *litmus_name(u32 i)
{
	return i < litmus_test_count ? litmus_tests[i].name : NULL;
}

static const char *workload_file(u32 i)
{
	return i < scenario_count ? scenarios[i].file.name : NULL;
}

static const char *litmus_file(u32 i)
{
	return i < litmus_test_count ? litmus_tests[i].file : NULL;
}

static const char *guest_name(u32 i)
{
	static const char *const names[] = { "idle", "running", "both" };

	return i < array_count(names) ? names[i] : NULL;
}

static const char *list_name(u32 i)
{
	static const char *const names[] = {
		"policies", "workloads", "mutants", "tests", "scenarios",
		"axes", "exclusions", "modules", "verbs",
	};

	return i < array_count(names) ? names[i] : NULL;
}

static void ask_litmus(struct options *options, u32 i)
{
	options->litmus_tests[i] = true;
}

static int read_litmus(const struct reading *r)
{
	r->options->litmus = true;
	memset(r->options->litmus_tests, 0, sizeof(r->options->litmus_tests));
	return read_files(r, litmus_name, litmus_file, ask_litmus);
}

static int read_rounds(const struct reading *r)
{
	return read_number(r, 1, 1000000000, &r->options->rounds);
}

static void ask_workload(struct options *options, u32 i)
{
	options->workloads |= 1ull << i;
}

static int read_workload(const struct reading *r)
{
	r->options->workloads = 0;
	return read_files(r, workload_name, workload_file, ask_workload);
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
	return refuse_names(r, r->value, strlen(r->value), guest_name, "");
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
	if (!*r->value)
		return refuse(r, "names of boot scenarios or all");
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

/* The row of words[] whose name and '=' begin @word, or NULL. */
static const struct word *find_word(const char *word)
{
	u32 i;

	for (i = 0; i < array_count(words); i++) {
		size_t length = strlen(words[i].name);

		if (!strncmp(word, words[i].name, length) &&
		    word[length] == '=')
			return &words[i];
	}
	return NULL;
}

static int refuse_word(const char *word, char *error, size_t error_size)
{
	char shown[SHOWN];
	u32 i;

	quote_text(shown, sizeof(shown), word, strlen(word));
	format_text(error, error_size, "word '%s' is unknown: accepted are",
		    shown);
	for (i = 0; i < array_count(words); i++) {
		append_text(error, error_size, " ");
		append_text(error, error_size, words[i].name);
		append_text(error, error_size, "=");
	}
	append_text(error, error_size, "; a path (with a '/') may come first");
	return -EINVAL;
}

static int read_word(struct options *options, const char *word, char *error,
		     size_t error_size)
{
	const struct word *found = find_word(word);
	struct reading reading = {
		.options = options, .error = error, .error_size = error_size,
	};

	if (!found)
		return refuse_word(word, error, error_size);
	reading.name = found->name;
	reading.value = word + strlen(found->name) + 1;
	return found->read(&reading);
}

/* The next word of *@line, @length bytes, and *@line behind it. */
static const char *next_word(const char **line, size_t *length)
{
	const char *start = *line, *end;

	while (*start == ' ')
		start++;
	for (end = start; *end && *end != ' '; end++)
		;
	*length = end - start;
	*line = end;
	return start;
}

static int refuse_length(const char *word, size_t length, char *error,
			 size_t error_size)
{
	char shown[SHOWN];

	quote_text(shown, sizeof(shown), word, length);
	format_text(error, error_size, "word '%s' has %lu bytes: accepted are "
		    "words of up to %u", shown, (unsigned long)length,
		    OPTIONS_TEXT - 1);
	return -EINVAL;
}

/* Is the word what a boot loader puts first, the path of the image? */
static bool is_path(const char *word, size_t length)
{
	const char *slash = strchr(word, '/');

	return slash && slash < word + length && !find_word(word);
}

int options_parse(struct options *options, const char *line, char *error,
		  size_t error_size)
{
	const char *start;
	char word[OPTIONS_TEXT];
	bool is_first;
	size_t length;
	int err;

	*options = (struct options){
		.policies = all_of(policy_name),
		.workloads = all_of(workload_name),
		.guest = GUEST_IDLE | GUEST_RUNNING,
		.pages = 1024, .vcpus = 1, .seed = 1, .first = 1,
	};
	for (is_first = true; ; is_first = false) {
		start = next_word(&line, &length);
		if (!length)
			return 0;
		if (is_first && is_path(start, length))
			continue;
		if (length >= sizeof(word))
			return refuse_length(start, length, error, error_size);
		memcpy(word, start, length);
		word[length] = '\0';
		err = read_word(options, word, error, error_size);
		if (err)
			return err;
	}
}
