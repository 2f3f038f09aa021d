/* progress.h - one line of progress on stderr: a bar with time left on a terminal, a plain line
 * now and then elsewhere. */
#ifndef AT_BASE_PROGRESS_H
#define AT_BASE_PROGRESS_H

typedef struct at_progress {
    const char *label; /* borrowed */
    int quiet;         /* print nothing */
    /* the rest is private */
    double start, last;
    int tty, drawn;
} at_progress;

double at_now(void); /* monotonic seconds */

void at_progress_start(at_progress *p, const char *label, int quiet);
/* total 0: unknown. note: nullable, a few words shown at the end. Draws at most 10 times a
 * second on a terminal, every 10 s elsewhere. */
void at_progress_update(at_progress *p, double done, double total, const char *note);
void at_progress_end(at_progress *p); /* leaves the cursor on a clean line */

#endif
