/* sort.c - Shell's sort (1959) with Ciura's gaps (2001): for the hundreds of values of a window. */
#include "base/sort.h"

static void insert_every(float *v, size_t n, size_t gap)
{
    for (size_t i = gap; i < n; i++) {
        const float x = v[i];
        size_t k = i;
        for (; k >= gap && v[k - gap] > x; k -= gap)
            v[k] = v[k - gap];
        v[k] = x;
    }
}

void at_sort_floats(float *v, size_t n)
{
    static const size_t small[] = {701, 301, 132, 57, 23, 10, 4, 1};
    size_t gap = small[0];

    while (gap < n / 3)
        gap = gap * 9 / 4;
    for (; gap > small[0]; gap = gap * 4 / 9)
        insert_every(v, n, gap);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        insert_every(v, n, small[i]);
}
