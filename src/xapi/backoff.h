/* backoff.h - how long a store that failed is left alone. Private to xapi. */
#ifndef AT_XAPI_BACKOFF_H
#define AT_XAPI_BACKOFF_H

#include <stdint.h>

enum {
    AT_BACKOFF_FIRST_S = 60,
    AT_BACKOFF_MOST_S = 6 * 60 * 60,
    AT_BACKOFF_ASKED_S = 24 * 60 * 60
};

/* Seconds after the failures-th failure in a row, from 1 on: twice as long each time up to AT_BACKOFF_MOST_S,
 * and up to a quarter more by draw, so that those whom one failure hit do not come back together. At least
 * what the store asked for (asked_s, Retry-After; 0: nothing), up to a day. */
int64_t at_backoff_s(int failures, int64_t asked_s, uint64_t draw);

#endif
