#include "fusion/arrays.h"
#include "base/error.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *what; /* what a name ends with */
    float least, most;
} ranges[] = {
    {".trust", 1e-3f, 1},
    {".floor", 0, 1},
    {".doubt", 0, 1},
    {".temperature", 1e-3f, 1000},
    {".distance", 0, 1e6f},
    {".var", 0, 1e6f},
    {".usual.share", 0, 1},
    {".usual.answer", -1000, 1000},
    {".state.scale", -1000, 1000},
    {".state.bias", -1000, 1000},
    {"", -1e6f, 1e6f}, /* all others */
};

static int ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

int at_fusion_check(const char *name, const float *x, size_t n, attune_error *err)
{
    int k = 0;
    while (!ends_with(name, ranges[k].what))
        k++;
    for (size_t i = 0; i < n; i++)
        if (!(x[i] >= ranges[k].least && x[i] <= ranges[k].most))
            return at_fail(err, ATTUNE_E_FORMAT, "model: %s is %g, must be from %g to %g", name,
                           (double)x[i], (double)ranges[k].least, (double)ranges[k].most);
    return ATTUNE_OK;
}

int at_fusion_take(const at_weights *w, const char *name, int n, float *out, attune_error *err)
{
    const at_weight *t = at_weights_find(w, name);
    if (!t)
        return 0;
    if (t->count != (size_t)n)
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s has another shape", name);
    if (at_fusion_check(name, t->data, t->count, err) < 0)
        return ATTUNE_E_FORMAT;
    memcpy(out, t->data, (size_t)n * sizeof *out);
    return 1;
}

int at_fusion_take_part(const at_weights *w, const char *of, const char *what, int n, float *out,
                        attune_error *err)
{
    char name[48];
    snprintf(name, sizeof name, "%s.%s", of, what);
    return at_fusion_take(w, name, n, out, err);
}
