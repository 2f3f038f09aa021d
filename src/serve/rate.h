/* rate.h - how often something may come: so many a second, and a burst after a pause. Pure. */
#ifndef AT_SERVE_RATE_H
#define AT_SERVE_RATE_H

#include <stdint.h>

typedef struct at_rate {
    double per_s, burst; /* burst: how many at once */
    double left;
    int64_t at_us; /* of the latest look; 0: none yet */
} at_rate;

static inline int at_rate_allows(at_rate *r, int64_t now_us)
{
    if (r->at_us == 0)
        r->left = r->burst;
    else
        r->left += (double)(now_us - r->at_us) * 1e-6 * r->per_s;
    r->left = r->left > r->burst ? r->burst : r->left;
    r->at_us = now_us;
    if (r->left < 1)
        return 0;
    r->left -= 1;
    return 1;
}

#endif
