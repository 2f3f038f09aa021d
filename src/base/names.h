/* names.h - what may be called how. */
#ifndef AT_BASE_NAMES_H
#define AT_BASE_NAMES_H

/* Whether a column of a signal may have this name: it stands in headers, addresses and pages as it is. */
int at_is_column_name(const char *name);

#endif
