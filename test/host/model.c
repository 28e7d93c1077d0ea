#include "test/host/model.h"

#include <stdio.h>
#include <string.h>

struct space spaces[MODEL_SPACES];

void model_clear(struct space *space, u64 page)
{
	memset(space->words[page], 0, sizeof(space->words[page]));
}

void model_fork(struct space *child, const struct space *parent,
		struct mm *which)
{
	memcpy(child, parent, sizeof(*child));
	child->mm = which;
}

static pte_t entry(const struct space *space, u64 page)
{
	pte_t *ptep = hpt_walk(space->mm, page_hva(page));

	return ptep ? pte_read(ptep) : pte_none();
}

const char *model_difference(const struct space *space, u64 page_count)
{
	static const u64 zeroes[PAGE_WORDS];
	static char text[120];
	u64 page, word;

	for (page = 0; page < page_count; page++) {
		const u64 *model = space->words[page];
		pte_t p = entry(space, page);
		const u64 *found = pte_present(p) ?
				   frame_ptr(pfn_frame(pte_pfn(p))) : zeroes;

		if (!memcmp(found, model, PAGE_SIZE))
			continue;
		for (word = 0; found[word] == model[word]; word++)
			;
		snprintf(text, sizeof(text), "space %d, page %llu, word %llu: "
			 "memory has %llx, the model %llx",
			 (int)(space - spaces), (unsigned long long)page,
			 (unsigned long long)word,
			 (unsigned long long)found[word],
			 (unsigned long long)model[word]);
		return text;
	}
	return NULL;
}

bool model_breaks_inv_write(const struct space *space, u64 page_count)
{
	u64 page;

	for (page = 0; page < page_count; page++) {
		pte_t p = entry(space, page);

		if (pte_present(p) && pte_writable(p) &&
		    rmap_mapcount(pfn_frame(pte_pfn(p))) > 1)
			return true;
	}
	return false;
}
