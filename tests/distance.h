/* distance.h - how far what is got is from what is wanted: relative, in the Euclidean norm. */
#ifndef AT_TESTS_DISTANCE_H
#define AT_TESTS_DISTANCE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline double relative_distance(const float *want, const float *got, size_t n)
{
    double apart = 0, all = 0;
    for (size_t i = 0; i < n; i++) {
        apart += ((double)want[i] - got[i]) * ((double)want[i] - got[i]);
        all += (double)want[i] * want[i];
    }
    assert_true(all > 1e-3); /* of nothing all is far */
    return sqrt(apart / all);
}

#endif
