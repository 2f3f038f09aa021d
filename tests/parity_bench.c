/* parity_bench.c - how fast each kernel entry is: parity_kernels --bench [NAME]. */
#include "parity_bench.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/progress.h"
#include "kernels/kernels.h"

#define FLOATS (4 * 1024 * 1024)

typedef struct bench_job {
    const at_kernels *kn;
    float *x, *y, *z, *w; /* FLOATS each */
} bench_job;

/* Every runner does one entry's work and returns its multiply-adds, or elements. */
typedef double runner(const bench_job *q);

static double run_tile(const bench_job *q, int m, int n, int k)
{
    const at_kernels *kn = q->kn;
    at_epilogue e = {.bias = q->w, .act = AT_ACT_RELU6};

    for (int j = 0; j < n; j += kn->nr)
        for (int i = 0; i < m; i += kn->mr)
            kn->gemm_tile(m - i < kn->mr ? m - i : kn->mr, n - j < kn->nr ? n - j : kn->nr, k,
                          q->x + i * k, k, 1, q->y + j * k, kn->nr, q->z + i * n + j, n, &e);
    return 2.0 * m * n * k;
}

static double tile_small(const bench_job *q)
{
    return run_tile(q, 84, 96, 16);
}

static double tile_medium(const bench_job *q)
{
    return run_tile(q, 84, 64, 256);
}

static double tile_large(const bench_job *q)
{
    return run_tile(q, 84, 160, 960);
}

static double tile_transposed(const bench_job *q)
{
    const at_kernels *kn = q->kn;
    at_epilogue e = {.accumulate = 1};

    for (int i = 0; i + kn->mr <= 84; i += kn->mr)
        kn->gemm_tile(kn->mr, kn->nr, 128, q->x + i, 1, 96, q->y, kn->nr, q->z + i * 64, 64, &e);
    return 2.0 * (84 / kn->mr * kn->mr) * kn->nr * 128;
}

static double run_depthwise(const bench_job *q, int size, int c, int stride, int which)
{
    at_dw3x3 g = {.h = size,
                  .w = size,
                  .c = c,
                  .oh = size / stride,
                  .ow = size / stride,
                  .stride = stride,
                  .pad_top = 2 - stride,
                  .pad_left = 2 - stride};

    if (which == 0)
        q->kn->dw3x3(&g, 0, g.oh, q->x, q->w, q->w, AT_ACT_RELU6, q->y);
    else if (which == 1)
        q->kn->dw3x3_bwd_data(&g, 0, g.h, q->x, q->w, q->y);
    else
        q->kn->dw3x3_bwd_weight(&g, 0, g.oh, q->x, q->y, q->z);
    return 18.0 * g.oh * g.ow * c;
}

#define DEPTHWISE(name, size, c, stride)             \
    static double name##_fwd(const bench_job *q)     \
    {                                                \
        return run_depthwise(q, size, c, stride, 0); \
    }                                                \
    static double name##_data(const bench_job *q)    \
    {                                                \
        return run_depthwise(q, size, c, stride, 1); \
    }                                                \
    static double name##_weight(const bench_job *q)  \
    {                                                \
        return run_depthwise(q, size, c, stride, 2); \
    }
DEPTHWISE(dw56, 56, 96, 1)
DEPTHWISE(dw56s2, 56, 96, 2)
DEPTHWISE(dw14, 14, 576, 1)
DEPTHWISE(dw14s2, 14, 576, 2)

#define ROWS 784
#define COLS 96

static double rows_sum(const bench_job *q)
{
    q->kn->sum_sumsq(ROWS, COLS, q->x, q->z, q->z + COLS);
    return ROWS * COLS;
}

static double rows_scale(const bench_job *q)
{
    q->kn->scale_shift_act(ROWS, COLS, q->x, q->w, q->w, AT_ACT_RELU6, q->y);
    return ROWS * COLS;
}

static double rows_reduce(const bench_job *q)
{
    q->kn->bn_bwd_reduce(ROWS, COLS, q->x, q->y, q->w, q->w, AT_ACT_RELU6, q->z, q->z + COLS);
    return ROWS * COLS;
}

static double rows_apply(const bench_job *q)
{
    q->kn->bn_bwd_apply(ROWS, COLS, q->x, q->y, q->w, q->w, AT_ACT_RELU6, q->w, q->w, q->w, q->z);
    return ROWS * COLS;
}

#define VECTOR 16384

static double vector_act(const bench_job *q, at_act act)
{
    q->kn->act(VECTOR, act, q->x, q->y);
    return VECTOR;
}

static double act_sigmoid(const bench_job *q)
{
    return vector_act(q, AT_ACT_SIGMOID);
}

static double act_tanh(const bench_job *q)
{
    return vector_act(q, AT_ACT_TANH);
}

static double act_gelu(const bench_job *q)
{
    return vector_act(q, AT_ACT_GELU);
}

static double vector_softmax(const bench_job *q)
{
    q->kn->softmax(VECTOR / 64, 64, q->x, q->y);
    return VECTOR;
}

static double vector_dot(const bench_job *q)
{
    q->w[0] = q->kn->dot(VECTOR, q->x, q->y);
    return VECTOR;
}

static double vector_lstm(const bench_job *q)
{
    q->kn->lstm_cell(32, 128, q->x, q->y, q->z, q->z + 4096, q->z + 8192);
    return 4096;
}

static double vector_lstm_bwd(const bench_job *q)
{
    memset(q->z, 0, 4096 * sizeof *q->z); /* dc must not grow without bound */
    q->kn->lstm_cell_bwd(32, 128, q->x, q->y, q->y + 4096, q->y + 8192, q->z, q->z + 4096);
    return 4096;
}

static double vector_adamw(const bench_job *q)
{
    q->kn->adamw(VECTOR, q->z, q->x, q->y, q->z + VECTOR, 1e-3f, 0.9f, 0.999f, 1e-8f, 0, 1, 1);
    return VECTOR;
}

/* The best rate of forty runs of a millisecond: other processes only ever slow one down. */
static double rate(runner *run, const bench_job *q)
{
    double best = 0;

    run(q);
    for (int i = 0; i < 40; i++) {
        double work = 0, start = at_now(), t;
        do {
            work += run(q);
            t = at_now() - start;
        } while (t < 0.001);
        best = work / t > best ? work / t : best;
    }
    return best * 1e-9;
}

static const struct {
    const char *name, *unit;
    runner *run;
} entries[] = {
    {"gemm_tile 84x96, k 16", "GFLOP/s", tile_small},
    {"gemm_tile 84x64, k 256", "GFLOP/s", tile_medium},
    {"gemm_tile 84x160, k 960", "GFLOP/s", tile_large},
    {"gemm_tile A^T, k 128", "GFLOP/s", tile_transposed},
    {"dw3x3 56x56x96", "GFLOP/s", dw56_fwd},
    {"dw3x3 56x56x96 /2", "GFLOP/s", dw56s2_fwd},
    {"dw3x3 14x14x576", "GFLOP/s", dw14_fwd},
    {"dw3x3 14x14x576 /2", "GFLOP/s", dw14s2_fwd},
    {"dw3x3_bwd_data 56x56x96", "GFLOP/s", dw56_data},
    {"dw3x3_bwd_data 56x56x96 /2", "GFLOP/s", dw56s2_data},
    {"dw3x3_bwd_data 14x14x576", "GFLOP/s", dw14_data},
    {"dw3x3_bwd_data 14x14x576 /2", "GFLOP/s", dw14s2_data},
    {"dw3x3_bwd_weight 56x56x96", "GFLOP/s", dw56_weight},
    {"dw3x3_bwd_weight 56x56x96 /2", "GFLOP/s", dw56s2_weight},
    {"dw3x3_bwd_weight 14x14x576", "GFLOP/s", dw14_weight},
    {"dw3x3_bwd_weight 14x14x576 /2", "GFLOP/s", dw14s2_weight},
    {"sum_sumsq 784x96", "Gelem/s", rows_sum},
    {"scale_shift_act", "Gelem/s", rows_scale},
    {"bn_bwd_reduce", "Gelem/s", rows_reduce},
    {"bn_bwd_apply", "Gelem/s", rows_apply},
    {"act sigmoid", "Gelem/s", act_sigmoid},
    {"act tanh", "Gelem/s", act_tanh},
    {"act gelu", "Gelem/s", act_gelu},
    {"softmax x64", "Gelem/s", vector_softmax},
    {"dot", "Gelem/s", vector_dot},
    {"lstm_cell", "Gelem/s", vector_lstm},
    {"lstm_cell_bwd", "Gelem/s", vector_lstm_bwd},
    {"adamw", "Gelem/s", vector_adamw},
};

int parity_bench(const char *only)
{
    bench_job q = {.x = at_alloc(FLOATS, sizeof(float)),
                   .y = at_alloc(FLOATS, sizeof(float)),
                   .z = at_alloc(FLOATS, sizeof(float)),
                   .w = at_alloc(FLOATS, sizeof(float))};
    int failed = !q.x || !q.y || !q.z || !q.w;

    printf("%-32s", "");
    for (int isa = 0; isa < AT_ISA_COUNT; isa++)
        if (at_kernels_get((at_isa)isa))
            printf("%10s", at_kernels_get((at_isa)isa)->name);
    printf("\n");
    for (size_t e = 0; !failed && e < sizeof entries / sizeof *entries; e++) {
        if (only && !strstr(entries[e].name, only))
            continue;
        printf("%-32s", entries[e].name);
        for (int isa = 0; isa < AT_ISA_COUNT; isa++) {
            q.kn = at_kernels_get((at_isa)isa);
            if (!q.kn)
                continue;
            for (int i = 0; i < FLOATS; i++)
                q.x[i] = q.y[i] = q.z[i] = q.w[i] = (float)(i % 37) * 0.01f + 0.01f;
            printf("%10.2f", rate(entries[e].run, &q));
            fflush(stdout);
        }
        printf("  %s\n", entries[e].unit);
    }
    at_free(q.x);
    at_free(q.y);
    at_free(q.z);
    at_free(q.w);
    return failed;
}
