/*
 * Litmus tests of a user's own, for the explorer.
 */
#ifndef TEST_EXPLORE_FILES_H
#define TEST_EXPLORE_FILES_H

/*
 * Read each file among the names in @list (commas between them): what has a '.'
 * or a '/' is one. Returns the list with the names of their tests in their
 * place. Complains and ends the program with @status if a file is wrong.
 */
const char *files_read(const char *list, int status);

#endif
