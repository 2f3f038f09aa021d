/* marks.h - what a timeline says of a moment, while a clip is gone through in order of time. */
#ifndef AT_ANNOTATE_MARKS_H
#define AT_ANNOTATE_MARKS_H

#include "report/timeline.h"

enum { AT_MARKS_MAX = ATTUNE_MAX_TRACKS + 1 };

/* Windows that end together. */
typedef struct at_marked {
    int64_t end_us;
    attune_window w[AT_MARKS_MAX];
    int n;
} at_marked;

/* Zero-initialised but for the timeline, which is the caller's. */
typedef struct at_marks {
    at_timeline *timeline;
    at_marked before, now; /* now speaks for the time since before; n 0: there is none */
    attune_window ahead;   /* the first row after now */
    int has_ahead;
} at_marks;

/* Moves on to the windows that tell of t_us (not decreasing from call to call): now. */
int at_marks_go_to(at_marks *m, int64_t t_us, attune_error *err);
/* Where the face of now's i-th window is at t_us, between where it was and where it will be; source
 * pixels. 0: it is not seen then. */
int at_marks_box(const at_marks *m, int i, int64_t t_us, float box[4]);

#endif
