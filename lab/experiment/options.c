#include "lab/experiment/reading.h"

#include "lab/mutant/mutant.h"
#include "lib/error.h"
#include "lib/print.h"
#include "lib/string.h"
#include "vmm/hypercall_abi.h"

const char *policy_name(u32 i)
{
	return i < policy_count ? policies[i].name : NULL;
}

const char *mutant_name(u32 i)
{
	return i < mutant_count ? mutants[i].name : NULL;
}

static const char *list_name(u32 i)
{
	static const char *const names[] = {
		"policies", "workloads", "mutants", "tests", "scenarios",
		"axes", "exclusions", "modules", "verbs", "operations",
	};

	return i < array_count(names) ? names[i] : NULL;
}

static int read_mutants(const struct reading *r)
{
	return read_some(r, mutant_name, &r->options->mutants);
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

static int read_first(const struct reading *r)
{
	return read_number(r, 1, 1000000, &r->options->first);
}

static int read_trace(const struct reading *r)
{
	return read_flag(r, "off", "on", &r->options->trace);
}

static int read_check(const struct reading *r)
{
	return read_flag(r, "on", "off", &r->options->check_off);
}

static int read_poison(const struct reading *r)
{
	return read_flag(r, "on", "off", &r->options->poison_off);
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

static void begin(struct options *options)
{
	*options = (struct options){
		.policies = all_of(policy_name),
		.pages = 1024, .vcpus = 1, .seed = 1, .first = 1,
	};
}

const struct words common_words = {
	.begin = begin,
	.words = {
		{ "policy", read_policy },	{ "mutants", read_mutants },
		{ "pages", read_pages },	{ "vcpus", read_vcpus },
		{ "cpus", read_cpus },		{ "seed", read_seed },
		{ "first", read_first },	{ "trace", read_trace },
		{ "check", read_check },	{ "test", read_test },
		{ "list", read_list },		{ "poison", read_poison },
	},
};

#define for_each_word(w, kinds)						\
	for (const struct words *const *kind_ = (kinds); *kind_; kind_++) \
		for (const struct word *w = (*kind_)->words; w->name; w++)

/* The row whose name and '=' begin @word, or NULL. */
static const struct word *find_word(const struct words *const *kinds,
				    const char *word)
{
	for_each_word(w, kinds) {
		size_t length = strlen(w->name);

		if (!strncmp(word, w->name, length) && word[length] == '=')
			return w;
	}
	return NULL;
}

static int refuse_word(const struct words *const *kinds, const char *word,
		       char *error, size_t error_size)
{
	char shown[SHOWN];

	quote_text(shown, sizeof(shown), word, strlen(word));
	format_text(error, error_size, "word '%s' is unknown: accepted are",
		    shown);
	for_each_word(w, kinds) {
		append_text(error, error_size, " ");
		append_text(error, error_size, w->name);
		append_text(error, error_size, "=");
	}
	append_text(error, error_size, "; a path (with a '/') may come first");
	return -EINVAL;
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
static bool is_path(const struct words *const *kinds, const char *word,
		    size_t length)
{
	const char *slash = strchr(word, '/');

	return slash && slash < word + length && !find_word(kinds, word);
}

static int read_word(struct options *options, const struct words *const *kinds,
		     const char *word, char *error, size_t error_size)
{
	const struct word *found = find_word(kinds, word);
	struct reading reading = {
		.options = options, .error = error, .error_size = error_size,
	};

	if (!found)
		return refuse_word(kinds, word, error, error_size);
	reading.name = found->name;
	reading.value = word + strlen(found->name) + 1;
	return found->read(&reading);
}

int options_parse(struct options *options, const struct words *const *kinds,
		  const char *line, char *error, size_t error_size)
{
	const char *start;
	char word[OPTIONS_TEXT];
	bool is_first;
	size_t length;
	u32 i;
	int err;

	for (i = 0; kinds[i]; i++)
		kinds[i]->begin(options);
	for (is_first = true; ; is_first = false) {
		start = next_word(&line, &length);
		if (!length)
			return 0;
		if (is_first && is_path(kinds, start, length))
			continue;
		if (length >= sizeof(word))
			return refuse_length(start, length, error, error_size);
		memcpy(word, start, length);
		word[length] = '\0';
		err = read_word(options, kinds, word, error, error_size);
		if (err)
			return err;
	}
}
