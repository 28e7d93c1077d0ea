/*
 * What a random sequence has done: the last operations, kept cheaply and
 * printed when one of them turns out to be wrong.
 */
#ifndef TEST_HOST_HISTORY_H
#define TEST_HOST_HISTORY_H

#include "test/host/support.h"

/* Begin with operation 0. */
void history_start(void);

/* The current operation is this; @format takes up to four u64 as %llu. */
void history_note(const char *format, u64 a, u64 b, u64 c, u64 d);

/* It went well: the next one. */
void history_next(void);

/* Operations that went well. */
u64 history_count(void);

/* The current operation went wrong, like this; what is said first counts. */
void history_wrong(const char *format, ...) __printf(1, 2);

/* How; NULL: it did not. */
const char *history_what(void);

/* Print the last operations, and what was wrong. */
void history_explain(void);

#endif
