/* names.h - what may be called how. */
#ifndef AT_BASE_NAMES_H
#define AT_BASE_NAMES_H

#include <attune/attune.h>

/* Whether a column of a signal may have this name: it stands in headers and pages as it is. */
int at_is_column_name(const char *name);
/* How many columns there are, NULL after the last. ATTUNE_E_ARG: none, too many, two of one name, or one of no name. */
int at_count_columns(const char *const *names, attune_error *err);

#endif
