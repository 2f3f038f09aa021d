/* timeline.h - timeline.jsonl, read back. */
#ifndef AT_REPORT_TIMELINE_H
#define AT_REPORT_TIMELINE_H

#include <attune/attune.h>

/* Calls window for each row of the file, in order; what it returns below 0 ends the reading and is
 * returned. *rows: how many there were. A line that is damaged, cut short or out of order is named. */
int at_timeline_read(const char *path,
                     int (*window)(void *user, const attune_window *w, attune_error *err),
                     void *user, int64_t *rows, attune_error *err);

#endif
