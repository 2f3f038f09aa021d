/* weights_params.c - arrays of a file and parameters being trained: one out of the other. */
#include "tensor/tensor.h"
#include "tensor/weights.h"

#include "base/error.h"

#include <string.h>

static int find_in_params(const void *user, const char *name, at_weight *out)
{
    const at_param *p = at_params_find(user, name);

    if (!p)
        return 0;
    *out = (at_weight){.name = p->name,
                       .rank = p->value.rank,
                       .data = p->value.data,
                       .count = at_tensor_count(&p->value)};
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = p->value.dim[i];
    return 1;
}

at_weight_source at_params_source(const at_params *p)
{
    return (at_weight_source){find_in_params, p};
}

int at_params_take(at_params *p, const at_weight *w, attune_error *err)
{
    if (w->rank > AT_MAX_RANK || strlen(w->name) >= sizeof((at_param *)0)->name)
        return at_fail(err, ATTUNE_E_FORMAT, "\"%.80s\" is no array of a network's", w->name);
    const int known = at_params_find(p, w->name) != NULL;
    at_param *q = at_params_get(p, w->name, w->rank, w->dim);
    if (!q)
        return known ? at_fail(err, ATTUNE_E_FORMAT, "\"%s\" has another shape", w->name)
                     : at_fail_nomem(err);
    memcpy(q->value.data, w->data, w->count * sizeof(float));
    return ATTUNE_OK;
}
