#include "onnx/layers.h"

void at_onnx_steps_of(const at_onnx_tensor *t, ptrdiff_t step[AT_ONNX_RANK])
{
    ptrdiff_t n = 1;

    for (int i = t->rank - 1; i >= 0; i--) {
        step[i] = n;
        n *= t->dim[i];
    }
}

/* Whether dimension i and the one after it are walked as one by all. */
static int is_one(const at_onnx_loop *l, int i)
{
    for (int k = 0; k < 3; k++)
        if (l->step[k][i] != l->step[k][i + 1] * l->size[i + 1])
            return 0;
    return 1;
}

static void drop(at_onnx_loop *l, int i)
{
    l->rank--;
    for (; i < l->rank; i++) {
        l->size[i] = l->size[i + 1];
        for (int k = 0; k < 3; k++)
            l->step[k][i] = l->step[k][i + 1];
    }
}

void at_onnx_loop_join(at_onnx_loop *l)
{
    for (int i = l->rank - 1; i >= 0 && l->rank > 1; i--)
        if (l->size[i] == 1)
            drop(l, i);
    for (int i = l->rank - 2; i >= 0; i--)
        if (is_one(l, i)) {
            l->size[i + 1] *= l->size[i];
            drop(l, i);
        }
    if (!l->rank) { /* a single value */
        l->rank = 1;
        l->size[0] = 1;
    }
}

void at_onnx_loop_over(const at_onnx_loop *l, void (*inner)(void *user, const ptrdiff_t at[3]),
                       void *user)
{
    int index[AT_ONNX_RANK] = {0}, d;
    ptrdiff_t at[3] = {0};

    for (int i = 0; i < l->rank; i++)
        if (!l->size[i])
            return;
    do {
        inner(user, at);
        for (d = l->rank - 2; d >= 0; d--) {
            for (int k = 0; k < 3; k++)
                at[k] += l->step[k][d];
            if (++index[d] < l->size[d])
                break;
            for (int k = 0; k < 3; k++)
                at[k] -= l->step[k][d] * l->size[d];
            index[d] = 0;
        }
    } while (d >= 0);
}
