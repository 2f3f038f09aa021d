/* loading.h - what ends the reading of a list of files, on many threads.
 *
 * A file that is damaged, or is not there, is left out and counted: it would be the same another time. A disk that
 * fails or memory that is out would not: then nothing is made of what was read. */
#ifndef AT_DATA_LOADING_H
#define AT_DATA_LOADING_H

#include <attune/attune.h>
#include <stdatomic.h>

/* Zeroed to begin with. */
typedef struct at_loading {
    atomic_int status; /* of the first that failed */
    attune_error why;
} at_loading;

/* Whether that, which came of reading the file, ends it. */
int at_loading_ends(const char *path, int status);

/* From any thread; nothing where status is no failure. */
void at_loading_note(at_loading *l, int status, const attune_error *why);
int at_loading_status(const at_loading *l, attune_error *err);

#endif
