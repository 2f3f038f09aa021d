/* index.h - index.html among other files of a set. */
#ifndef AT_REPORT_INDEX_H
#define AT_REPORT_INDEX_H

#include "base/outset.h"

#include <attune/sink.h>

extern const char at_index_file[];

/* As attune_index_open; attune_index_finish then leaves it to the set to make it appear. */
int at_index_open_in(attune_index **out, at_outset *set, attune_error *err);

/* As attune_index_add; page: there is one in the folder, whether this report writes it or not. */
int at_index_add(attune_index *x, const char *folder, int page, const attune_report *r);

#endif
