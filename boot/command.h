/*
 * The one command-line word that is needed before lab/ reads the line. Pure.
 */
#ifndef BOOT_COMMAND_H
#define BOOT_COMMAND_H

#include "lib/types.h"

/*
 * The decimal value of the last word "@name=N" on @line, or 0 if there is none
 * or it is not a number: lab/ reports that when it reads the whole line.
 */
u32 command_number(const char *line, const char *name);

#endif
