/* What each layer of MobileNetV2 takes, and what it takes beyond its multiply-adds at the processor's peak.
 *
 *     ninja -C build/release tools/layer_times && build/release/tools/layer_times [SIDE [SECONDS]]
 *
 * `attune bench mobilenet-SIDE`'s network on pictures of SIDE (224) pixels, on one thread for SECONDS (5): the median of
 * each layer's time. The linker puts a clock around each call of a kernel (--wrap), so times are a few per cent too
 * long. ATTUNE_ISA chooses the kernels. */
#include "base/progress.h"
#include "bench/bench.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"

#include <stdio.h>
#include <stdlib.h>

enum { LAYERS = 32, RUNS = 4096, PEAK_STEPS = 20000 };

typedef enum part { EXPAND, DEPTHWISE, PROJECT, PARTS } part;

typedef struct layer {
    char what[64];
    double macs[PARTS];
    float us[PARTS][RUNS];
} layer;

static struct {
    layer layer[LAYERS];
    int count;                          /* of this picture's layers, so far */
    int run;                            /* the picture's number */
    const at_inverted_residual *within; /* whose products these are */
    double product[PARTS];              /* µs that they took so far */
} all;

static double now_us(void)
{
    return 1e6 * at_now();
}

static layer *next_layer(void)
{
    if (all.count == LAYERS) {
        fprintf(stderr, "layer_times: more than %d layers\n", LAYERS);
        exit(1);
    }
    return &all.layer[all.count++];
}

/* ---- in the kernels' place ------------------------------------------------------------------------------- */

void __real_at_conv3x3_forward(at_pool *pool, const at_kernels *kn, const at_conv_size *g,
                               int batch, const float *x, const float *packed, const float *bias,
                               at_act act, float *y, float *workspace);
void __wrap_at_conv3x3_forward(at_pool *pool, const at_kernels *kn, const at_conv_size *g,
                               int batch, const float *x, const float *packed, const float *bias,
                               at_act act, float *y, float *workspace);
void __real_at_gemm_packed(at_pool *pool, const at_kernels *kn, int m, int n, int k, const float *a,
                           ptrdiff_t a_row, ptrdiff_t a_col, const float *packed, float *c,
                           ptrdiff_t c_row, const at_epilogue *e);
void __wrap_at_gemm_packed(at_pool *pool, const at_kernels *kn, int m, int n, int k, const float *a,
                           ptrdiff_t a_row, ptrdiff_t a_col, const float *packed, float *c,
                           ptrdiff_t c_row, const at_epilogue *e);
void __real_at_inverted_residual_run(at_pool *pool, const at_kernels *kn,
                                     const at_inverted_residual *u, const float *x, float *y,
                                     float *workspace);
void __wrap_at_inverted_residual_run(at_pool *pool, const at_kernels *kn,
                                     const at_inverted_residual *u, const float *x, float *y,
                                     float *workspace);

void __wrap_at_conv3x3_forward(at_pool *pool, const at_kernels *kn, const at_conv_size *g,
                               int batch, const float *x, const float *packed, const float *bias,
                               at_act act, float *y, float *workspace)
{
    layer *l = next_layer();
    all.within = &(const at_inverted_residual){0}; /* whose products are this layer's */
    double began = now_us();

    __real_at_conv3x3_forward(pool, kn, g, batch, x, packed, bias, act, y, workspace);
    l->us[EXPAND][all.run] = (float)(now_us() - began);
    all.within = NULL;
    l->macs[EXPAND] = 9.0 * g->c * g->n * g->oh * g->ow;
    snprintf(l->what, sizeof l->what, "3x3, %d px, %d > %d", g->ow, g->c, g->n);
}

void __wrap_at_gemm_packed(at_pool *pool, const at_kernels *kn, int m, int n, int k, const float *a,
                           ptrdiff_t a_row, ptrdiff_t a_col, const float *packed, float *c,
                           ptrdiff_t c_row, const at_epilogue *e)
{
    const at_inverted_residual *u = all.within;
    double began = now_us();

    __real_at_gemm_packed(pool, kn, m, n, k, a, a_row, a_col, packed, c, c_row, e);
    double took = now_us() - began;
    if (u) {
        all.product[packed == u->project ? PROJECT : EXPAND] += took;
        return;
    }
    layer *l = next_layer();
    l->us[EXPAND][all.run] = (float)took;
    l->macs[EXPAND] = (double)m * n * k;
    snprintf(l->what, sizeof l->what, "product, %d rows, %d > %d", m, k, n);
}

void __wrap_at_inverted_residual_run(at_pool *pool, const at_kernels *kn,
                                     const at_inverted_residual *u, const float *x, float *y,
                                     float *workspace)
{
    const at_dw3x3 *g = &u->dw;
    const double in = (double)g->h * g->w, out = (double)g->oh * g->ow;
    layer *l = next_layer();

    all.within = u;
    all.product[EXPAND] = all.product[PROJECT] = 0;
    double began = now_us();
    __real_at_inverted_residual_run(pool, kn, u, x, y, workspace);
    double took = now_us() - began;
    all.within = NULL;
    l->us[EXPAND][all.run] = (float)all.product[EXPAND];
    l->us[PROJECT][all.run] = (float)all.product[PROJECT];
    l->us[DEPTHWISE][all.run] = (float)(took - all.product[EXPAND] - all.product[PROJECT]);
    l->macs[EXPAND] = u->expand ? in * u->c_in * g->c : 0;
    l->macs[DEPTHWISE] = 9 * out * g->c;
    l->macs[PROJECT] = u->project ? out * g->c * u->c_out : 0;
    snprintf(l->what, sizeof l->what, "unit, %d to %d px, %d > %d > %d", g->w, g->ow, u->c_in, g->c,
             u->c_out);
}

/* ---- the table -------------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double median(float *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

/* Multiply-adds a µs, the best of some tries. */
static double peak_rate(const at_kernels *kn)
{
    double best = 0;

    for (int i = 0; i < 50; i++) {
        double began = now_us();
        double rate = kn->fma_peak(PEAK_STEPS) / 2 / (now_us() - began);
        best = rate > best ? rate : best;
    }
    return best;
}

static void print_table(int runs, double peak)
{
    static const char *const heading[PARTS] = {"products or expand", "depthwise", "project"};
    double sum[PARTS] = {0}, lost[PARTS] = {0};

    printf("median of %d pictures; µs, and of them beyond what %.1f GFLOP/s would take\n%-34s",
           runs, 2e-3 * peak, "");
    for (int p = 0; p < PARTS; p++)
        printf(" %20s", heading[p]);
    for (int i = 0; i < all.count; i++) {
        layer *l = &all.layer[i];
        printf("\n%-34s", l->what);
        for (int p = 0; p < PARTS; p++) {
            double us = median(l->us[p], runs), beyond = us - l->macs[p] / peak;
            sum[p] += us;
            lost[p] += beyond;
            printf(" %12.1f %7.1f", us, beyond);
        }
    }
    printf("\n%-34s", "sum");
    for (int p = 0; p < PARTS; p++)
        printf(" %12.1f %7.1f", sum[p], lost[p]);
    double us = sum[0] + sum[1] + sum[2], beyond = lost[0] + lost[1] + lost[2];
    printf("\nin all %.1f µs, %.1f of them beyond: %.1f %% of peak\n", us, beyond,
           100 * (us - beyond) / us);
}

int main(int argc, char **argv)
{
    const int side = argc > 1 ? atoi(argv[1]) : 224;
    const double seconds = argc > 2 ? atof(argv[2]) : 5;
    at_bench_setup s = {.kn = at_kernels_best(), .variant = side, .threads = 1};
    at_weights *weights = NULL;
    at_bench_work work;
    attune_error err;
    void *net = NULL;
    int runs = 0;

    if (argc > 3 || side < 32 || side > 1024 || !(seconds > 0)) {
        fprintf(stderr, "usage: layer_times [SIDE [SECONDS]]\n");
        return 2;
    }
    int status = at_bench_weights(&weights, NULL, &err);
    s.weights = weights;
    status = status ? status : at_bench_face_create(&net, &s, &work, &err);
    for (double began = now_us(); !status && runs < RUNS; runs++) {
        if (now_us() - began > 1e6 * seconds && runs > 2)
            break;
        all.count = 0;
        all.run = runs;
        status = at_bench_face_run(net, &err);
    }
    if (status)
        fprintf(stderr, "layer_times: %s\n", err.text);
    else
        print_table(runs, peak_rate(s.kn));
    if (net)
        at_bench_face_destroy(net);
    at_weights_free(&weights);
    return status != 0;
}
