/* now.h - our clock: microseconds that go on while the machine sleeps. */
#ifndef AT_SERVE_NOW_H
#define AT_SERVE_NOW_H

#include <stdint.h>
#include <time.h>

static inline int64_t at_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif
