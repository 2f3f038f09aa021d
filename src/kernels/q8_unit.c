/* q8_unit.c - the loops around the eight-bit tile and depthwise row. How an inverted residual is fused
 * says fused.c: a few output rows at a time, from a ring of widened rows. */
#include "kernels/q8_unit.h"

#include "kernels/cut.h"

#include <string.h>

/* Bytes of widened rows and depthwise output that may be alive at a time. */
#define LIVE_BYTES (192 * 1024)
/* Fewest output pixels at a time: some tiles of them, so that weights are read for more than one. */
#define STEP_PIXELS 56

/* ---- products --------------------------------------------------------------------------------- */

/* What can be read after a map of so many bytes. It meets weights of 0 alone, yet nothing that was never written. */
static void end_map(uint8_t *y, ptrdiff_t bytes)
{
    memset(y + bytes, 0, AT_Q8_SLACK);
}

/* Channels from j of a layer, as a tile without pixels. */
static at_q8_tile columns_of(const at_q8_layer *l, int j)
{
    const ptrdiff_t panel = (ptrdiff_t)l->quads * l->segments * 4 * AT_Q8_GROUP;

    return (at_q8_tile){.quads = l->quads,
                        .segments = l->segments,
                        .b = l->weight + j / AT_Q8_GROUP * panel,
                        .panel = panel,
                        .q = {l->q.scale + j, l->q.bias + j, l->q.sum + j, l->q.zero}};
}

/* Channels of the tile that begins at j: all that it has, or one group. */
static int tile_width(const at_q8_kernels *kn, int n, int j)
{
    return n - j >= kn->nr ? kn->nr : AT_Q8_GROUP;
}

/* Pixels of the next of tiles that share m pixels evenly, whole fours but for the last. */
static int tile_height(const at_q8_kernels *kn, int m)
{
    const int tiles = at_ceil_div(m, kn->mr), fours = at_ceil_div(m, 4);

    return at_min_int(m, 4 * at_ceil_div(fours, tiles));
}

/* Row y of the input widened into a row of quads. */
static void widen_row(const at_q8_kernels *kn, const at_q8_layer *l, const at_q8_map *x, int y,
                      int w, uint8_t *out)
{
    for (int j = 0, n; j < l->n; j += n) {
        at_q8_tile t = columns_of(l, j);
        n = tile_width(kn, l->n, j);
        t.pixel = x->pixel;
        t.segment = x->segment;
        t.a = x->data + y * x->row;
        t.c = out + 4 * j;
        t.c_step = 4 * (ptrdiff_t)l->n;
        for (int i = 0, m; i < w; i += m, t.c += m / 4 * t.c_step) {
            m = tile_height(kn, w - i);
            kn->quads(&t, m, n);
            t.a += m * t.pixel;
        }
    }
}

/* m pixels in a row, bytes of x, into y (m, n). */
static void product_row(const at_q8_kernels *kn, const at_q8_layer *l, const at_q8_map *x, int m,
                        const uint8_t *residual, uint8_t *y)
{
    for (int j = 0, n; j < l->n; j += n) {
        at_q8_tile t = columns_of(l, j);
        n = tile_width(kn, l->n, j);
        t.pixel = x->pixel;
        t.segment = x->segment;
        t.a = x->data;
        t.residual = residual ? residual + j : NULL;
        t.c = y + j;
        t.c_step = l->n;
        for (int i = 0, rows; i < m; i += rows) {
            rows = tile_height(kn, m - i);
            kn->rows(&t, rows, n);
            t.a += rows * t.pixel;
            if (t.residual)
                t.residual += rows * t.c_step;
            t.c += rows * t.c_step;
        }
    }
}

typedef struct picture_job {
    const at_q8_kernels *kn;
    const at_q8_layer *l;
    const at_q8_map *x;
    int h, w, rows; /* rows: of a task */
    uint8_t *y;
} picture_job;

static void picture_task(void *arg, int task, int thread)
{
    const picture_job *q = arg;
    const int end = at_min_int((task + 1) * q->rows, q->h);

    (void)thread;
    for (int y = task * q->rows; y < end; y++) {
        at_q8_map row = *q->x;
        row.data += y * row.row;
        product_row(q->kn, q->l, &row, q->w, NULL, q->y + (ptrdiff_t)y * q->w * q->l->n);
    }
}

void at_q8_product(at_pool *pool, const at_q8_kernels *kn, const at_q8_layer *l, const at_q8_map *x,
                   int h, int w, uint8_t *y)
{
    picture_job q = {kn, l, x, h, w, at_ceil_div(h, at_pool_threads(pool)), y};

    at_pool_run(pool, at_ceil_div(h, q.rows), picture_task, &q);
    end_map(y, (ptrdiff_t)h * w * l->n);
}

typedef struct product_job {
    const at_q8_kernels *kn;
    const at_q8_layer *l;
    const at_q8_map *x;
    int m;
    float lo, hi, *y;
} product_job;

/* Channels [task * nr, ...) of all pixels. */
static void product_task(void *arg, int task, int thread)
{
    const product_job *q = arg;
    const int end = at_min_int((task + 1) * q->kn->nr, q->l->n);

    (void)thread;
    for (int j = task * q->kn->nr, n; j < end; j += n) {
        at_q8_tile t = columns_of(q->l, j);
        n = tile_width(q->kn, end, j);
        t.pixel = q->x->pixel;
        t.segment = q->x->segment;
        t.a = q->x->data;
        t.f = q->y + j;
        t.c_step = q->l->n;
        t.lo = q->lo;
        t.hi = q->hi;
        for (int i = 0, rows; i < q->m; i += rows) {
            rows = tile_height(q->kn, q->m - i);
            q->kn->floats(&t, rows, n);
            t.a += rows * t.pixel;
            t.f += rows * t.c_step;
        }
    }
}

void at_q8_product_floats(at_pool *pool, const at_q8_kernels *kn, const at_q8_layer *l,
                          const at_q8_map *x, int m, float lo, float hi, float *y)
{
    product_job q = {kn, l, x, m, lo, hi, y};

    at_pool_run(pool, at_ceil_div(l->n, kn->nr), product_task, &q);
}

/* ---- the fused unit ------------------------------------------------------------------------------ */

typedef struct plan {
    int step, ring;           /* output rows at a time; rows in the ring */
    int bands;                /* of output rows, a thread each */
    size_t row_bytes;         /* of the widened map */
    size_t ring_bytes, bytes; /* of a band */
} plan;

static size_t cache_lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static plan make_plan(const at_q8_unit *u, const at_pool *pool)
{
    const size_t out_row = (size_t)u->dw.ow * (size_t)u->dw.c;
    plan p = {.row_bytes = (size_t)at_ceil_div(u->dw.w, 4) * 4 * (size_t)u->dw.c};

    p.bands = at_min_int(at_pool_threads(pool), u->oh);
    p.step = at_min_int(at_ceil_div(STEP_PIXELS, u->dw.ow), u->oh);
    if ((size_t)u->h * p.row_bytes + (size_t)u->oh * out_row <= LIVE_BYTES)
        p.step = u->oh;
    p.ring = at_min_int((p.step - 1) * u->dw.stride + 3, u->h);
    p.ring_bytes = cache_lines((size_t)p.ring * p.row_bytes);
    p.bytes = p.ring_bytes + (u->project.weight ? cache_lines((size_t)p.step * out_row) : 0);
    p.bytes += AT_Q8_SLACK;
    return p;
}

size_t at_q8_unit_workspace(const at_q8_unit *u, const at_pool *pool)
{
    const plan p = make_plan(u, pool);

    return p.bytes * (size_t)p.bands;
}

typedef struct unit_job {
    const at_q8_kernels *kn;
    const at_q8_unit *u;
    const at_q8_map *x;
    uint8_t *y, *workspace;
    float *floats; /* in place of y */
    plan p;
} unit_job;

/* Output row oy of the depthwise layer, from the ring: into wide, to be projected; NULL: where it is the unit's. */
static void depthwise_row(const unit_job *q, int oy, const uint8_t *ring, uint8_t *wide)
{
    const at_q8_unit *u = q->u;
    const ptrdiff_t at = (ptrdiff_t)oy * u->dw.ow * u->dw.c;
    const uint8_t *row[3];

    for (int ky = 0; ky < 3; ky++) {
        const int iy = oy * u->dw.stride - u->pad_top + ky;
        row[ky] = iy < 0 || iy >= u->h ? NULL : ring + (size_t)(iy % q->p.ring) * q->p.row_bytes;
    }
    if (q->floats)
        q->kn->dw_row_floats(&u->dw, row, q->floats + at);
    else
        q->kn->dw_row(&u->dw, row, wide ? wide : q->y + at);
}

static void band_task(void *arg, int task, int thread)
{
    const unit_job *q = arg;
    const at_q8_unit *u = q->u;
    const int rows = at_ceil_div(u->oh, q->p.bands);
    const int oy0 = task * rows, oy1 = at_min_int(oy0 + rows, u->oh);
    const ptrdiff_t wide_row = (ptrdiff_t)u->dw.ow * u->dw.c;
    const ptrdiff_t y_row = (ptrdiff_t)u->dw.ow * u->project.n;
    uint8_t *ring = q->workspace + (size_t)task * q->p.bytes, *wide = ring + q->p.ring_bytes;
    int ready = at_max_int(0, oy0 * u->dw.stride - u->pad_top);

    (void)thread; /* there may be more of them than rows */
    if (u->project.weight && oy0 < oy1)
        end_map(wide, at_min_int(q->p.step, oy1 - oy0) * wide_row);
    for (int oy = oy0; oy < oy1; oy += q->p.step) {
        const int end = at_min_int(oy + q->p.step, oy1);
        const int need = at_min_int(u->h, (end - 1) * u->dw.stride - u->pad_top + 3);
        for (; ready < need; ready++)
            widen_row(q->kn, &u->widen, q->x, ready, u->dw.w,
                      ring + (size_t)(ready % q->p.ring) * q->p.row_bytes);
        for (int i = oy; i < end; i++)
            depthwise_row(q, i, ring, u->project.weight ? wide + (i - oy) * wide_row : NULL);
        if (u->project.weight)
            product_row(q->kn, &u->project, &(at_q8_map){wide, 0, u->dw.c, 0},
                        (end - oy) * u->dw.ow, u->residual ? q->x->data + oy * y_row : NULL,
                        q->y + oy * y_row);
    }
}

static void run(at_pool *pool, unit_job *q)
{
    q->p = make_plan(q->u, pool);
    at_pool_run(pool, q->p.bands, band_task, q);
}

void at_q8_unit_run(at_pool *pool, const at_q8_kernels *kn, const at_q8_unit *u, const at_q8_map *x,
                    uint8_t *y, uint8_t *workspace)
{
    unit_job q = {.kn = kn, .u = u, .x = x, .y = y, .workspace = workspace};

    run(pool, &q);
    end_map(y, (ptrdiff_t)u->oh * u->dw.ow * (u->project.weight ? u->project.n : u->dw.c));
}

void at_q8_unit_run_floats(at_pool *pool, const at_q8_kernels *kn, const at_q8_unit *u,
                           const at_q8_map *x, float *y, uint8_t *workspace)
{
    unit_job q = {.kn = kn, .u = u, .x = x, .floats = y, .workspace = workspace};

    run(pool, &q);
}
