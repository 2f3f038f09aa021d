#include "fusion/arrays.h"
#include "base/error.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

int at_fusion_take(const at_weights *w, const char *name, int n, float *out, attune_error *err)
{
    const at_weight *t = at_weights_find(w, name);
    if (!t)
        return 0;
    int ok = t->count == (size_t)n;
    for (int i = 0; ok && i < n; i++)
        ok = isfinite(t->data[i]);
    if (!ok)
        return at_fail(err, ATTUNE_E_FORMAT, "model: %s has another shape or is not finite", name);
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
