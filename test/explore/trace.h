/*
 * One schedule for a reader: a column for each actor, a line for each step of
 * the contract and each access to a shared word that has a name.
 */
#ifndef TEST_EXPLORE_TRACE_H
#define TEST_EXPLORE_TRACE_H

#include <stdio.h>
#include "lib/step.h"

#define TRACE_WIDTH	40	/* of a column */

/* The name of the word at @p, until the next call; NULL: of no interest. */
typedef const char *(*trace_name_fn)(const volatile void *p);

/* Write what happens from now on to @to. */
void trace_to(FILE *to, trace_name_fn names);

/*
 * Who took how many steps in turn, as the kernel's schedule= wants it (see
 * lab/litmus/schedule.h): actor:steps,...
 */
const char *trace_schedule(void);

/* --- By the explorer. The current actor reads *@p; makes it @value; or does
 * so in its store buffer, which @actor's lets go later. */
void trace_read(const volatile void *p, u32 size);
void trace_write(const volatile void *p, u64 value);
void trace_store(const volatile void *p, u64 value);
void trace_drain(u32 actor, const volatile void *p, u64 value);

void trace_step(enum step step);

/* @from's turn ends; why, in words. */
void trace_switch(u32 from, const char *why);

void trace_note(const char *text);

#endif
