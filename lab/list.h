/*
 * Answers of list=: what there is, in the records of docs/console.md.
 */
#ifndef LAB_LIST_H
#define LAB_LIST_H

#include "lab/lab.h"

/* Print what the bits LIST_* of @what (lab/experiment/options.h) say. */
void list_print(u32 what, const struct lab_tests *tests,
		const struct text_file *files, u32 file_count);

#endif
