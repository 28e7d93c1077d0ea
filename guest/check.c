#include "guest/check.h"

bool check_tag(uint64_t tag, uint64_t published, uint64_t begun)
{
	uint32_t identity = TAG_IDENTITY(tag);

	if (tag == published || tag == begun)
		return true;
	if (identity != TAG_IDENTITY(published) &&
	    identity != TAG_IDENTITY(begun))
		return false;
	/* Written, and overwritten, between the two looks at the oracle. */
	return TAG_GENERATION(tag) >= TAG_GENERATION(published) &&
	       TAG_GENERATION(tag) <= TAG_GENERATION(begun);
}

bool check_backwards(uint64_t tag, uint64_t seen, uint64_t begun)
{
	return TAG_IDENTITY(seen) == TAG_IDENTITY(tag) &&
	       TAG_GENERATION(seen) > TAG_GENERATION(tag) &&
	       TAG_GENERATION(seen) <= TAG_GENERATION(begun);
}

/* The case that matters for speed: nobody writes, every word is @tag. */
static bool all_words_are(const uint64_t *words, uint64_t tag)
{
	uint64_t count = CHECK_WORDS;
	bool equal;

	__asm__ ("repe scasq"
		 : "=@cce" (equal), "+D" (words), "+c" (count)
		 : "a" (tag), "m" (*(const uint64_t (*)[CHECK_WORDS])words));
	return equal;
}

static bool find_wrong_word(const uint64_t *copy, uint64_t published,
			    uint64_t begun, struct check_failure *failure)
{
	uint32_t i;

	for (i = 0; i < CHECK_WORDS; i++) {
		if (!check_tag(copy[i], published, begun)) {
			*failure = (struct check_failure){
				i, published, copy[i]
			};
			return true;
		}
	}
	return false;
}

/* The first word stands for the page where reads are compared over time. */
bool check_page(const uint64_t copy[CHECK_WORDS], uint64_t published,
		uint64_t begun, uint64_t *seen, struct check_failure *failure)
{
	if (!all_words_are(copy, published) &&
	    find_wrong_word(copy, published, begun, failure))
		return false;
	if (check_backwards(copy[0], *seen, begun)) {
		*failure = (struct check_failure){ 0, *seen, copy[0] };
		return false;
	}
	*seen = copy[0];
	return true;
}
