#include "xapi/backoff.h"

int64_t at_backoff_s(int failures, int64_t asked_s, uint64_t draw)
{
    int64_t s = AT_BACKOFF_FIRST_S;

    for (int i = 1; i < failures && s < AT_BACKOFF_MOST_S; i++)
        s *= 2;
    if (s > AT_BACKOFF_MOST_S)
        s = AT_BACKOFF_MOST_S;
    s += (int64_t)(draw % (uint64_t)(s / 4 + 1));
    if (asked_s > AT_BACKOFF_ASKED_S)
        asked_s = AT_BACKOFF_ASKED_S;
    return asked_s > s ? asked_s : s;
}
