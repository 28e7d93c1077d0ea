/*
 * A rule of docs/contract.md that the code itself finds broken. That is a
 * panic, unless rules are broken on purpose (lab/mutant/): then the code
 * continues, and the checks have to notice.
 */
#ifndef LIB_RULE_H
#define LIB_RULE_H

#include "lib/compiler.h"

/* The message begins with the rule. Returns only while rules are off. */
void rule_broken(const char *format, ...) __printf(1, 2);

/* They are on at first. No other CPU may be working meanwhile. */
void rules_off(void);
void rules_on(void);
bool rules_are_on(void);

#endif
