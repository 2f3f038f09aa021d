/* weights_params.c - parameters being trained as a source of arrays. */
#include "tensor/tensor.h"
#include "tensor/weights.h"

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
