/* error.h - fill a caller's attune_error and return its status in one statement. */
#ifndef AT_BASE_ERROR_H
#define AT_BASE_ERROR_H

#include <attune/attune.h>

#if defined(__GNUC__)
#define AT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define AT_PRINTF(fmt, args)
#endif

/* err is nullable. The text is cut to fit; control characters are replaced by '?', so that a
 * hostile file name or header cannot play with a terminal. ATTUNE_E_NOMEM has a text of its own, whatever
 * could not be done for want of memory. Returns status. */
int at_fail(attune_error *err, attune_status status, const char *fmt, ...) AT_PRINTF(3, 4);

/* ATTUNE_E_NOMEM with a standard text. */
int at_fail_nomem(attune_error *err);

/* To what was said of path adds how such a file comes about ("attune analyze writes it"), if it failed because
 * the file is not there. Returns status. */
int at_fail_unmade(int status, const char *path, const char *how, attune_error *err);

#endif
