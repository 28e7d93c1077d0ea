/*
 * A rule of docs/contract.md that the code itself finds broken. That is a
 * panic, unless rules are broken on purpose (lab/mutant/): then the code goes
 * on, and the checks have to show that they notice.
 */
#ifndef LIB_RULE_H
#define LIB_RULE_H

#include "lib/compiler.h"

/* The message begins with the rule. Returns only while rules are off. */
void rule_broken(const char *format, ...) __printf(1, 2);

/* At the start they are on. No CPU is at work meanwhile. */
void rules_off(void);
void rules_on(void);
bool rules_are_on(void);

#endif
