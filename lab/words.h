/*
 * All words of the kernel's command line. Pure, as what reads them.
 */
#ifndef LAB_WORDS_H
#define LAB_WORDS_H

#include "lab/experiment/options.h"

/* For options_parse(). */
extern const struct words *const lab_words[];

#endif
