#include "lab/bench/bench.h"

#include "lib/print.h"
#include "lib/string.h"

/* Made by tools/embed.sh of lab/bench/NAME.scn; the last one has no name. */
extern const struct text_file bench_files[];

struct bench_options bench_options;

struct scenario_file bench_operations[BENCH_OPERATIONS];
u32 bench_count;

void bench_add_built_in(void)
{
	const struct text_file *file;
	char error[SCENARIO_ERROR];

	for (file = bench_files; file->name; file++) {
		BUG_ON(bench_count == BENCH_OPERATIONS);
		if (scenario_describe(file, &bench_operations[bench_count++],
				      error))
			panic("%s", error);
	}
}

static const char *bench_name(u32 i)
{
	return i < bench_count ? bench_operations[i].name : NULL;
}

static const char *bench_file(u32 i)
{
	return i < bench_count ? bench_operations[i].file.name : NULL;
}

static int read_bench(const struct reading *r)
{
	bench_options.wanted = true;
	memset(bench_options.asked, 0, sizeof(bench_options.asked));
	return read_files(r, bench_name, bench_file, bench_options.asked);
}

static void begin(struct options *options)
{
	(void)options;
	bench_options = (struct bench_options){ 0 };
}

const struct words bench_words = {
	.begin = begin,
	.words = {
		{ "bench", read_bench },
	},
};
