/* temp_folder.h - a folder of the test's own and the files in it: below $TMPDIR, or without that in memory, where there
 * is some, for the disk is seldom what is tested.
 *
 * What it is given must fit, or the test fails. Only what reads a file allocates, so in programs of suite alloc the rest
 * counts nothing. One thread at a time; the paths are any thread's to read.
 */
#ifndef AT_TESTS_TEMP_FOLDER_H
#define AT_TESTS_TEMP_FOLDER_H

#include <stddef.h>
#include <stdio.h>

extern char temp_folder[160]; /* its path */
const char *temp_place(void); /* below which it is */

/* cmocka's, for a group of tests or for each. */
int make_folder(void **state);
/* What the test made there goes too. Anything else is something left behind: the program ends with its name. */
int remove_folder(void **state);
int remove_folder_with_all(void **state); /* whatever is in it */

/* The path of name there. It is valid, and the same, as long as the folder is. */
const char *in_folder(const char *name);
/* The same of what the test makes, or has made, there; folders on the way to it are. */
const char *made_in_folder(const char *name);

/* So made: the path, or the file open for writing (fclose). */
const char *put_bytes(const char *name, const void *bytes, size_t n);
const char *put_text(const char *name, const char *text);
FILE *create_in_folder(const char *name);

/* All of a file, with a 0 behind it (free). */
char *read_bytes(const char *name, size_t *n);
char *read_text(const char *name);

int files_in_folder(void); /* folders too, but for those whose names begin with a point */

#endif
