#include "fine.h"

#include "fuzz.h"

#include "vision/detect_net.h"

void fine_add(at_params *p, const char *name, int rows, int cols, float value)
{
    const int dim[2] = {rows ? rows : cols, cols};
    at_param *q = at_params_get(p, name, rows ? 2 : 1, dim);

    FUZZ_CHECK(q);
    for (size_t i = 0, n = at_tensor_count(&q->value); i < n; i++)
        q->value.data[i] = value;
}

void fine_add_of(at_params *p, const char *of, const char *what, int rows, int cols, float value)
{
    char name[80];

    snprintf(name, sizeof name, "%s%s", of, what);
    fine_add(p, name, rows, cols, value);
}

void fine_detector(at_params *p)
{
    char name[80];

    fine_add(p, "detector." AT_DETECT_STEM ".weight", 27, FINE_CHANNELS, 0.01f);
    fine_add(p, "detector." AT_DETECT_STEM ".bias", 0, FINE_CHANNELS, 0);
    for (int i = 0; i < AT_DETECT_UNITS; i++) {
        const int out = i < AT_UNIT_HEAD ? FINE_CHANNELS : AT_DETECT_CHANNELS;
        snprintf(name, sizeof name, "detector.%s.", at_detect_unit_names[i]);
        fine_add_of(p, name, "conv1.weight", FINE_CHANNELS, out, 0.1f);
        fine_add_of(p, name, "conv1.bias", 0, out, 0);
        fine_add_of(p, name, "conv2.weight", 9, out, 0.1f);
        fine_add_of(p, name, "conv2.bias", 0, out, 0);
    }
}
