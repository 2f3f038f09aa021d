/* ramp.h - a measure to a share of goodness. Private to runtime. */
#ifndef AT_RUNTIME_RAMP_H
#define AT_RUNTIME_RAMP_H

#include <math.h>

/* 0 at lo, 1 at hi, straight between; lo may be over hi. */
static inline float at_ramp(float x, float lo, float hi)
{
    return fminf(fmaxf((x - lo) / (hi - lo), 0), 1);
}

#endif
