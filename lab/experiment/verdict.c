#include "lab/experiment/verdict.h"

const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_COHERENT] = "coherent",
	[VERDICT_STALE] = "stale",
	[VERDICT_ALLOWED] = "allowed",
	[VERDICT_NOT_SEEN] = "forbidden-not-seen",
	[VERDICT_SEEN] = "forbidden-seen",
	[VERDICT_SKIPPED] = "skipped",
	[VERDICT_VIOLATION] = "violation",
	[VERDICT_LEAK] = "leak",
	[VERDICT_DIED] = "died",
};

bool verdict_is_good(enum verdict verdict)
{
	return verdict == VERDICT_COHERENT || verdict == VERDICT_ALLOWED ||
	       verdict == VERDICT_NOT_SEEN || verdict == VERDICT_SKIPPED;
}

bool verdict_catches(enum verdict verdict)
{
	return verdict == VERDICT_STALE || verdict == VERDICT_SEEN ||
	       verdict == VERDICT_VIOLATION;
}
