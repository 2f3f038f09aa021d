/* timeline.h - rows of windows as CSV (RFC 4180, one header line) and as JSON lines.
 *
 * Both write what fields.h says, in the C locale (which a program keeps unless it calls
 * setlocale). Write errors are left to the stream's error flag: check ferror, or at_outfile_commit.
 */
#ifndef AT_REPORT_TIMELINE_H
#define AT_REPORT_TIMELINE_H

#include "report/fields.h"

#include <stdio.h>

typedef struct at_timeline {
    at_field field[AT_FIELDS_MAX];
    int fields;
} at_timeline;

void at_timeline_init(at_timeline *t);
void at_timeline_csv_header(const at_timeline *t, FILE *f);
void at_timeline_csv_row(const at_timeline *t, const attune_window *w, FILE *f);
void at_timeline_json_row(const at_timeline *t, const attune_window *w, FILE *f);

#endif
