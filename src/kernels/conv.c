/* conv.c - depthwise layers and first convolutions over whole batches. */
#include "kernels/conv.h"

#include <string.h>

#include "kernels/cut.h"
#include "kernels/gemm.h"

/* ---- depthwise: forward and data gradient -------------------------------------------------- */

typedef struct rows_job {
    const at_kernels *kn;
    const at_dw3x3 *g;
    const float *in, *weight, *bias;
    at_act act;
    float *out;
    int rows, bands; /* an image's rows, in bands of `rows` */
} rows_job;

/* Bands of an image of `height` rows, each worth a task. */
static void cut_bands(rows_job *q, int height, double macs)
{
    q->bands = at_min_int(height, at_tasks_for(macs, 64));
    q->rows = at_ceil_div(height, q->bands);
    q->bands = at_ceil_div(height, q->rows);
}

/* An image's work in the matrix product's multiply-adds: these are three times as slow. */
static double dw_macs(const at_dw3x3 *g)
{
    return 27.0 * g->oh * g->ow * g->c;
}

static void depthwise_task(void *arg, int task, int thread)
{
    const rows_job *q = arg;
    const at_dw3x3 *g = q->g;
    ptrdiff_t image = task / q->bands;
    int oy0 = task % q->bands * q->rows, oy1 = at_min_int(oy0 + q->rows, g->oh);

    (void)thread;
    q->kn->dw3x3(g, oy0, oy1, q->in + image * g->h * g->w * g->c, q->weight, q->bias, q->act,
                 q->out + image * g->oh * g->ow * g->c);
}

void at_depthwise(at_pool *pool, const at_kernels *kn, const at_dw3x3 *g, int batch, const float *x,
                  const float *weight, const float *bias, at_act act, float *y)
{
    rows_job q = {.kn = kn, .g = g, .in = x, .weight = weight, .bias = bias, .act = act, .out = y};

    cut_bands(&q, g->oh, dw_macs(g));
    at_pool_run(pool, batch * q.bands, depthwise_task, &q);
}

static void depthwise_bwd_data_task(void *arg, int task, int thread)
{
    const rows_job *q = arg;
    const at_dw3x3 *g = q->g;
    ptrdiff_t image = task / q->bands;
    int iy0 = task % q->bands * q->rows, iy1 = at_min_int(iy0 + q->rows, g->h);

    (void)thread;
    q->kn->dw3x3_bwd_data(g, iy0, iy1, q->in + image * g->oh * g->ow * g->c, q->weight,
                          q->out + image * g->h * g->w * g->c);
}

void at_depthwise_bwd_data(at_pool *pool, const at_kernels *kn, const at_dw3x3 *g, int batch,
                           const float *dy, const float *weight, float *dx)
{
    rows_job q = {.kn = kn, .g = g, .in = dy, .weight = weight, .out = dx};

    cut_bands(&q, g->h, dw_macs(g));
    at_pool_run(pool, batch * q.bands, depthwise_bwd_data_task, &q);
}

/* ---- sums over output rows, in parts -------------------------------------------------------- */

/* The batch's output rows, cut into at most AT_SUM_PARTS runs, each summed on its own into
 * parts[part * size]; add_parts then adds them in order. */
typedef struct parts_cut {
    int rows, parts; /* rows a part */
} parts_cut;

static parts_cut cut_parts(int rows, double macs)
{
    parts_cut cut = {.parts = at_min_int(rows, at_tasks_for(macs, AT_SUM_PARTS))};

    cut.rows = at_ceil_div(rows, at_max_int(cut.parts, 1));
    cut.parts = cut.rows ? at_ceil_div(rows, cut.rows) : 0;
    return cut;
}

static void add_parts(const at_kernels *kn, int parts, size_t size, const float *part,
                      int accumulate, float *sum)
{
    if (!accumulate)
        memset(sum, 0, size * sizeof *sum);
    for (int i = 0; i < parts; i++)
        kn->add(size, sum, part + (size_t)i * size, sum);
}

/* ---- depthwise: weight gradient -------------------------------------------------------------- */

typedef struct dw_weight_job {
    const at_kernels *kn;
    const at_dw3x3 *g;
    const float *x, *dy;
    float *parts;
    parts_cut cut;
    int batch;
} dw_weight_job;

size_t at_depthwise_bwd_weight_workspace(const at_dw3x3 *g, int batch)
{
    return (size_t)cut_parts(batch * g->oh, batch * dw_macs(g)).parts * 9 * (size_t)g->c;
}

static void dw_weight_task(void *arg, int task, int thread)
{
    const dw_weight_job *q = arg;
    const at_dw3x3 *g = q->g;
    size_t size = 9 * (size_t)g->c;
    float *part = q->parts + (size_t)task * size;
    int end = at_min_int((task + 1) * q->cut.rows, q->batch * g->oh);

    (void)thread;
    memset(part, 0, size * sizeof *part);
    for (int row = task * q->cut.rows; row < end;) {
        ptrdiff_t image = row / g->oh;
        int oy0 = row % g->oh, oy1 = at_min_int(g->oh, oy0 + end - row);
        q->kn->dw3x3_bwd_weight(g, oy0, oy1, q->x + image * g->h * g->w * g->c,
                                q->dy + image * g->oh * g->ow * g->c, part);
        row += oy1 - oy0;
    }
}

void at_depthwise_bwd_weight(at_pool *pool, const at_kernels *kn, const at_dw3x3 *g, int batch,
                             const float *x, const float *dy, float *dweight, int accumulate,
                             float *workspace)
{
    dw_weight_job q = {.kn = kn, .g = g, .x = x, .dy = dy, .parts = workspace, .batch = batch};

    q.cut = cut_parts(batch * g->oh, batch * dw_macs(g));
    at_pool_run(pool, q.cut.parts, dw_weight_task, &q);
    add_parts(kn, q.cut.parts, 9 * (size_t)g->c, workspace, accumulate, dweight);
}

/* ---- dense 3x3 by im2col ---------------------------------------------------------------------- */

/* Output pixels whose im2col rows are made at a time. */
#define COL_PIXELS 256

/* One pixel's (9c) row, some of it outside the picture. */
static void im2col_edge(const at_conv_size *g, int oy, int ox, const float *x, float *col)
{
    for (int t = 0; t < 9; t++, col += g->c) {
        int iy = oy * g->stride - g->pad_top + t / 3, ix = ox * g->stride - g->pad_left + t % 3;
        if (iy < 0 || ix < 0 || iy >= g->h || ix >= g->w)
            memset(col, 0, (size_t)g->c * sizeof *col);
        else
            memcpy(col, x + ((ptrdiff_t)iy * g->w + ix) * g->c, (size_t)g->c * sizeof *col);
    }
}

/* `pixels` rows of col from input rows at `x`, windows all inside. `floats` (three pixels) is a
 * constant where it is small: then the copies are a few moves, where a call of memcpy would cost
 * more than the copy. */
static inline __attribute__((always_inline)) void
im2col_inside(int pixels, int floats, ptrdiff_t row, int step, const float *x, float *col)
{
    for (int i = 0; i < pixels; i++, x += step)
        for (int ky = 0; ky < 3; ky++, col += floats)
            memcpy(col, x + ky * row, (size_t)floats * sizeof *col);
}

/* Outputs [ox0, ox1) of row oy: col ((ox1 - ox0) x 9c). */
static void im2col_row(const at_conv_size *g, int oy, int ox0, int ox1, const float *x, float *col)
{
    const int iy = oy * g->stride - g->pad_top, step = g->stride * g->c, wide = 9 * g->c;
    const ptrdiff_t row = (ptrdiff_t)g->w * g->c;
    const int rows_inside = iy >= 0 && iy + 3 <= g->h;
    int first = (g->pad_left + g->stride - 1) / g->stride; /* outputs [first, end) lie inside */
    int end = g->w + g->pad_left < 3 ? 0 : (g->w + g->pad_left - 3) / g->stride + 1;

    first = rows_inside ? at_min_int(at_max_int(first, ox0), ox1) : ox1;
    end = at_max_int(at_min_int(end, ox1), first);
    for (int ox = ox0; ox < first; ox++, col += wide)
        im2col_edge(g, oy, ox, x, col);

    const float *in = x + iy * row + (ptrdiff_t)first * step - g->pad_left * g->c;
    if (end == first)
        ;
    else if (g->c == 1)
        im2col_inside(end - first, 3, row, step, in, col);
    else if (g->c == 3)
        im2col_inside(end - first, 9, row, step, in, col);
    else
        im2col_inside(end - first, 3 * g->c, row, step, in, col);
    col += (ptrdiff_t)(end - first) * wide;

    for (int ox = end; ox < ox1; ox++, col += wide)
        im2col_edge(g, oy, ox, x, col);
}

/* Pixels [p0, p0 + n) of an image's output, counted in rows: col (n x 9c). */
static void im2col(const at_conv_size *g, int p0, int n, const float *x, float *col)
{
    int oy = p0 / g->ow, ox = p0 % g->ow;

    while (n > 0) {
        int ox1 = at_min_int(g->ow, ox + n);
        im2col_row(g, oy, ox, ox1, x, col);
        col += (ptrdiff_t)(ox1 - ox) * 9 * g->c;
        n -= ox1 - ox;
        oy++;
        ox = 0;
    }
}

typedef struct conv_job {
    const at_kernels *kn;
    const at_conv_size *g;
    const float *x, *weight, *dy;
    at_epilogue e;
    float *y, *cols, *parts;
    int blocks; /* of COL_PIXELS an image */
    int total;  /* blocks in the batch */
    parts_cut cut;
} conv_job;

static conv_job conv_start(const at_kernels *kn, const at_conv_size *g, int batch)
{
    conv_job q = {.kn = kn, .g = g, .blocks = at_ceil_div(g->oh * g->ow, COL_PIXELS)};

    q.total = batch * q.blocks;
    q.cut = cut_parts(q.total, 9.0 * COL_PIXELS * g->c * g->n * q.total);
    return q;
}

static size_t col_floats(const at_conv_size *g)
{
    return COL_PIXELS * 9 * (size_t)g->c;
}

/* Block `block` of the batch: its im2col rows into col; its image and first pixel are given. */
static int conv_block(const conv_job *q, int block, ptrdiff_t *image, int *p0, float *col)
{
    const at_conv_size *g = q->g;
    int n;

    *image = block / q->blocks;
    *p0 = block % q->blocks * COL_PIXELS;
    n = at_min_int(COL_PIXELS, g->oh * g->ow - *p0);
    im2col(g, *p0, n, q->x + *image * g->h * g->w * g->c, col);
    return n;
}

static void conv_task(void *arg, int task, int thread)
{
    const conv_job *q = arg;
    const at_conv_size *g = q->g;
    float *col = q->cols + (size_t)thread * col_floats(g);
    ptrdiff_t image;
    int p0, n = conv_block(q, task, &image, &p0, col);

    at_gemm_packed(NULL, q->kn, n, g->n, 9 * g->c, col, 9 * g->c, 1, q->weight,
                   q->y + (image * g->oh * g->ow + p0) * g->n, g->n, &q->e);
}

size_t at_conv3x3_workspace(const at_conv_size *g, const at_pool *pool)
{
    return (size_t)at_pool_threads(pool) * col_floats(g);
}

void at_conv3x3_forward(at_pool *pool, const at_kernels *kn, const at_conv_size *g, int batch,
                        const float *x, const float *packed, const float *bias, at_act act,
                        float *y, float *workspace)
{
    conv_job q = conv_start(kn, g, batch);

    q.x = x;
    q.weight = packed;
    q.e = (at_epilogue){.bias = bias, .act = act};
    q.y = y;
    q.cols = workspace;
    at_pool_run(pool, q.total, conv_task, &q);
}

static void conv_weight_task(void *arg, int task, int thread)
{
    const conv_job *q = arg;
    const at_conv_size *g = q->g;
    size_t size = 9 * (size_t)g->c * (size_t)g->n;
    float *part = q->parts + (size_t)task * size, *col = q->cols + (size_t)task * col_floats(g);
    int end = at_min_int((task + 1) * q->cut.rows, q->total);

    (void)thread;
    for (int block = task * q->cut.rows, first = 1; block < end; block++, first = 0) {
        ptrdiff_t image;
        int p0, n = conv_block(q, block, &image, &p0, col);
        const float *dy = q->dy + (image * g->oh * g->ow + p0) * g->n;
        /* so few rows need no workspace: see at_gemm_tn_workspace */
        at_gemm_tn(NULL, q->kn, n, g->n, 9 * g->c, col, 9 * g->c, dy, g->n, part, g->n, !first,
                   NULL);
    }
}

size_t at_conv3x3_bwd_weight_workspace(const at_conv_size *g, int batch)
{
    size_t parts = (size_t)conv_start(NULL, g, batch).cut.parts;

    return parts * (9 * (size_t)g->c * (size_t)g->n + col_floats(g));
}

void at_conv3x3_bwd_weight(at_pool *pool, const at_kernels *kn, const at_conv_size *g, int batch,
                           const float *x, const float *dy, float *dweight, int accumulate,
                           float *workspace)
{
    conv_job q = conv_start(kn, g, batch);
    size_t size = 9 * (size_t)g->c * (size_t)g->n;

    q.x = x;
    q.dy = dy;
    q.cols = workspace;
    q.parts = workspace + (size_t)q.cut.parts * col_floats(g);
    at_pool_run(pool, q.cut.parts, conv_weight_task, &q);
    add_parts(kn, q.cut.parts, size, q.parts, accumulate, dweight);
}
