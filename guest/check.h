/*
 * Is what a guest read from a page allowed? The pure part of the oracle of
 * vmm/hypercall_abi.h: no memory but its arguments, so host tests compile
 * check.c as it is.
 *
 * Every function takes @published as it was before the page was read, and
 * @begun as it was after.
 */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include <stdbool.h>

#include "vmm/hypercall_abi.h"

#define CHECK_WORDS	512

/* The first word that is wrong, and what should have been there. */
struct check_failure {
	uint32_t word;
	uint64_t expected;
	uint64_t found;
};

/* May a word be @tag? */
bool check_tag(uint64_t tag, uint64_t published, uint64_t begun);

/*
 * Was @seen, read earlier by the same reader, newer than @tag? Only tags of
 * one identity compare. A page that was thrown away and begun anew has
 * generations below @seen: then @seen is above @begun, and means nothing.
 */
bool check_backwards(uint64_t tag, uint64_t seen, uint64_t begun);

/*
 * Check a copy of a whole page, in which each word of the page was read once.
 * True if it is allowed; then *@seen becomes what was read. Otherwise
 * *@failure is filled and *@seen stays.
 */
bool check_page(const uint64_t copy[CHECK_WORDS], uint64_t published,
		uint64_t begun, uint64_t *seen, struct check_failure *failure);

#endif
