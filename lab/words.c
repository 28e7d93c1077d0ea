#include "lab/words.h"

#include "lab/bench/bench.h"
#include "lab/litmus/options.h"
#include "lab/scenario/options.h"

const struct words *const lab_words[] = {
	&common_words, &scenario_words, &litmus_words, &bench_words, NULL,
};
