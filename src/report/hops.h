/* hops.h - the time that a window speaks for where things are lined up: since the moment before it. */
#ifndef AT_REPORT_HOPS_H
#define AT_REPORT_HOPS_H

#include <attune/attune.h>

/* Zero-initialised: none yet. */
typedef struct at_hops {
    int begun;
    int64_t before_us, moment_us; /* ends of the windows before, and of the latest */
} at_hops;

/* Where the hop begins that ends with w, which comes in the session's order. */
static inline int64_t at_hop_start(at_hops *h, const attune_window *w)
{
    if (!h->begun || w->end_us != h->moment_us) {
        h->before_us = h->begun ? h->moment_us : w->start_us;
        h->moment_us = w->end_us;
        h->begun = 1;
    }
    return h->before_us > w->start_us ? h->before_us : w->start_us;
}

/* Whether w is longer than windows are: all of a time in which no input came. Read back from a report it
 * is right to the millisecond. */
static inline int at_is_gap(const attune_window *w, double window_s)
{
    return (double)(w->end_us - w->start_us) > window_s * 1e6 + 1000;
}

#endif
