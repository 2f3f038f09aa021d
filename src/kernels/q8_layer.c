#include "kernels/q8_layer.h"

#include <attune/attune.h>
#include <math.h>
#include <string.h>

#include "kernels/cut.h"

at_q8_code at_q8_code_of_activation(float range)
{
    return (at_q8_code){fmaxf(range, 1e-6F) / 255, 0};
}

at_q8_code at_q8_code_of_map(float range)
{
    return (at_q8_code){fmaxf(range, 1e-6F) / 127, AT_Q8_MIDDLE};
}

/* k x n weights on their way. */
typedef struct making {
    at_arena *arena;
    int k, n;
    const float *bias;
    const at_q8_code *in, *out;
    float *w, *scale, *least; /* (k, n), (n), (n) */
    int8_t *bytes;            /* (k, n) */
} making;

static void finish(making *m)
{
    at_free(m->w);
    at_free(m->scale);
    at_free(m->least);
    at_free(m->bytes);
}

/* 0: memory is out. Pieces of `rows` weights are brought to `padded`. */
static int start(making *m, int pieces, int rows, int padded, const float *w)
{
    const size_t n = (size_t)m->n, piece = (size_t)rows * n, all = (size_t)padded * n;

    m->k = pieces * padded;
    m->w = at_calloc((size_t)pieces * all, sizeof *m->w);
    m->bytes = at_alloc((size_t)pieces * all, 1);
    m->scale = at_alloc(n, sizeof *m->scale);
    m->least = at_alloc(n, sizeof *m->least);
    if (!m->w || !m->bytes || !m->scale || !m->least)
        return 0;
    for (int s = 0; s < pieces; s++)
        memcpy(m->w + (size_t)s * all, w + (size_t)s * piece, piece * sizeof *w);
    /* A scale below this would not let the bias be within 2^29 of products. */
    for (int j = 0; j < m->n; j++)
        m->least[j] = fabsf(m->bias[j]) / m->in->scale * 0x1p-29F;
    return 1;
}

/* What goes with the bytes. Sums are no finer than the output's steps: the scale is at most 1. */
static int take_scales(const making *m, at_q8_layer *l)
{
    const size_t all = (size_t)l->n;
    float *scale = at_arena_alloc(m->arena, all, sizeof *scale);
    int32_t *bias = at_arena_alloc(m->arena, all, sizeof *bias);
    int32_t *sum = at_arena_alloc(m->arena, all, sizeof *sum);

    if (!scale || !bias || !sum)
        return ATTUNE_E_NOMEM;
    for (int j = 0; j < l->n; j++) {
        int weights = 0;
        scale[j] = 1;
        bias[j] = sum[j] = 0;
        if (j >= m->n)
            continue;
        for (int p = 0; p < m->k; p++)
            weights += m->bytes[(size_t)p * (size_t)m->n + (size_t)j];
        const double product = (double)m->in->scale * m->scale[j];
        sum[j] = AT_Q8_MIDDLE * weights;
        bias[j] = (int32_t)lrint(m->bias[j] / product - m->in->zero * weights);
        scale[j] = (float)(m->out ? fmin(1, product / m->out->scale) : product);
    }
    l->q = (at_q8_scales){scale, bias, sum, m->out ? (int)m->out->zero : 0};
    return ATTUNE_OK;
}

int at_q8_make_dense(at_q8_layer *l, at_arena *arena, int pieces, int rows, int n, const float *w,
                     const float *bias, const at_q8_code *in, const at_q8_code *out)
{
    const int padded = at_ceil_div(rows, 4) * 4, k = pieces * padded;
    making m = {.arena = arena, .n = n, .bias = bias, .in = in, .out = out};
    int8_t *packed = at_arena_alloc(arena, at_q8_packed_bytes(k, n), 1);
    int status = ATTUNE_E_NOMEM;

    if (packed && start(&m, pieces, rows, padded, w)) {
        at_q8_quantise(k, n, m.w, m.least, m.bytes, m.scale);
        at_q8_pack(k, n, m.bytes, packed);
        *l = (at_q8_layer){.quads = padded / 4,
                           .segments = pieces,
                           .n = at_ceil_div(n, AT_Q8_GROUP) * AT_Q8_GROUP,
                           .weight = packed};
        status = take_scales(&m, l);
    }
    finish(&m);
    return status;
}

int at_q8_make_depthwise(at_q8_layer *l, at_arena *arena, int n, const float *w, const float *bias,
                         const at_q8_code *in, const at_q8_code *out)
{
    making m = {.arena = arena, .n = n, .bias = bias, .in = in, .out = out};
    int8_t *packed = at_arena_alloc(arena, at_q8_packed_dw_bytes(n), 1);
    int status = ATTUNE_E_NOMEM;

    if (packed && start(&m, 1, 9, 9, w)) {
        at_q8_quantise_dw(n, m.w, m.least, m.bytes, m.scale);
        at_q8_pack_dw(n, m.bytes, packed);
        *l = (at_q8_layer){.n = at_ceil_div(n, AT_Q8_GROUP) * AT_Q8_GROUP, .weight = packed};
        status = take_scales(&m, l);
    }
    finish(&m);
    return status;
}
