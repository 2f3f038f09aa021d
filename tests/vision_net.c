#include "vision_net.h"

#include "base/rng.h"
#include "vision/detect_net.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static at_param *fill(at_params *p, const char *name, const char *part, int rows, int cols,
                      at_rng *rng)
{
    char full[96];
    const int dim[2] = {rows, cols};

    snprintf(full, sizeof full, "detector.%s.%s", name, part);
    at_param *w = rows > 0 ? at_params_get(p, full, 2, dim) : at_params_get(p, full, 1, &cols);
    assert_non_null(w);
    const float scale = rows > 0 ? sqrtf(2.0F / (float)rows) : 0.1F;
    for (size_t i = 0; i < at_tensor_count(&w->value); i++)
        w->value.data[i] = scale * at_rng_normal(rng);
    return w;
}

static at_param *fill_unit(at_params *p, int unit, int in, int out, at_rng *rng)
{
    const char *name = at_detect_unit_names[unit];

    fill(p, name, "conv1.weight", in, out, rng);
    fill(p, name, "conv1.bias", 0, out, rng);
    fill(p, name, "conv2.weight", 9, out, rng);
    return fill(p, name, "conv2.bias", 0, out, rng);
}

void vision_net_make(at_params *p, int channels, int shared)
{
    at_rng rng;

    at_rng_seed(&rng, 42, 0);
    at_param *stem = fill(p, AT_DETECT_STEM, "weight", 27, channels, &rng);
    for (size_t i = 0; i < at_tensor_count(&stem->value); i++)
        stem->value.data[i] /= 128; /* pictures are 0..255 */
    fill(p, AT_DETECT_STEM, "bias", 0, channels, &rng);
    for (int i = 0; i < AT_UNIT_HEAD; i++)
        if (i < AT_UNIT_SHARE || shared)
            fill_unit(p, i, channels, channels, &rng);
    for (int i = AT_UNIT_HEAD; i < AT_DETECT_UNITS; i++)
        fill_unit(p, i, channels, AT_DETECT_CHANNELS, &rng);
}
