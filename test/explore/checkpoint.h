/*
 * A schedule that is under way, kept: others that begin as it did need not begin
 * at the beginning. Between turns, while no actor runs.
 */
#ifndef TEST_EXPLORE_CHECKPOINT_H
#define TEST_EXPLORE_CHECKPOINT_H

#include "lib/types.h"

void checkpoint_start(void);	/* once */
void checkpoint_forget(void);	/* all */

/* Is the last one so far behind that another one is worth its while? */
bool checkpoint_is_due(void);

/* At choice @n, which is the current actor's. */
void checkpoint_take(u32 n);

/* Forget those behind choice @n, and bring the last one back; returns the
 * choice that comes next, or -1: there is none. */
int checkpoint_return(u32 n);

#endif
