/* timeline.h - timeline.jsonl, read back. */
#ifndef AT_REPORT_TIMELINE_H
#define AT_REPORT_TIMELINE_H

#include <attune/attune.h>

typedef struct at_timeline at_timeline;

int at_timeline_open(at_timeline **out, const char *path /* [kept] */, attune_error *err);
/* Its rows have besides what was recorded beside. setup: nullable. */
void at_timeline_expect(at_timeline *t, const attune_beside_setup *setup);
/* 1: *w is the next row, what it has beside lives until the next call; 0: there are no more. A line that is damaged, cut short or out of order is
 * ATTUNE_E_FORMAT, and named. */
int at_timeline_next(at_timeline *t, attune_window *w, attune_error *err);
int64_t at_timeline_rows(const at_timeline *t); /* so far */
void at_timeline_close(at_timeline **t);

#endif
