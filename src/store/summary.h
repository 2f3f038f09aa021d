/* summary.h - a summary without what could name somebody. Private to store. */
#ifndef AT_STORE_SUMMARY_H
#define AT_STORE_SUMMARY_H

#include <attune/attune.h>

/* *out (free): the object in text without the input's name, paths, and notes that quote either.
 * ATTUNE_E_ARG: it is no JSON object. */
int at_summary_nameless(const char *text, char **out, attune_error *err);

#endif
