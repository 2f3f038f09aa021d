/* peer.h - what the C programs here share: clocks, random numbers, the line that compare.py reads. */
#ifndef PEER_H
#define PEER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double peer_clock(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* [-1, 1) */
static float peer_random(void)
{
    static uint32_t state = 1;
    state = state * 1664525U + 1013904223U;
    return (float)(state >> 8) * (2.0F / 16777216.0F) - 1;
}

static int peer_by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Runs twice to warm up, then for `seconds`; prints "median M best B cpu C runs N": milliseconds an
 * item of wall time, and the median of processor time. */
static void peer_measure(void (*run)(void *), void *arg, double items, double seconds)
{
    enum { MOST = 1 << 16 };
    static double wall[MOST], cpu[MOST];
    int n = 0;

    run(arg);
    run(arg);
    for (double end = peer_clock(CLOCK_MONOTONIC) + seconds, now = 0; n < MOST && now < end; n++) {
        double c = peer_clock(CLOCK_PROCESS_CPUTIME_ID), w = peer_clock(CLOCK_MONOTONIC);
        run(arg);
        now = peer_clock(CLOCK_MONOTONIC);
        wall[n] = now - w;
        cpu[n] = peer_clock(CLOCK_PROCESS_CPUTIME_ID) - c;
    }
    qsort(wall, (size_t)n, sizeof *wall, peer_by_value);
    qsort(cpu, (size_t)n, sizeof *cpu, peer_by_value);
    printf("median %.6f best %.6f cpu %.6f runs %d\n", 1e3 * wall[n / 2] / items,
           1e3 * wall[0] / items, 1e3 * cpu[n / 2] / items, n);
}

#endif
