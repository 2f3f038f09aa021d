/* simd_depthwise.h - 3x3 depthwise convolution and its gradients. Part of simd.h.
 *
 * For one vector of channels the nine weights stay in registers while x runs along some rows. The
 * middle of a row goes several outputs of several rows at a time, so that a loaded input serves
 * every output that it touches, and comes from the second-level cache for more than one row of
 * them; the few pixels whose window leaves the picture, and channels that do not fill a vector, go
 * apart. Taps are added in one order everywhere, so it does not show in the result which way a
 * pixel went.
 */
#ifndef AT_KERNELS_SIMD_DEPTHWISE_H
#define AT_KERNELS_SIMD_DEPTHWISE_H

/* Outputs at a time: rows at stride 1 (half as many at 2), pixels of a row, and of all rows, which
 * have a register each beside the nine weights. */
#define DW_ROWS   (AT_V_REGS >= 32 ? 4 : 2)
#define DW_PIXELS 4
#define DW_SUMS   (AT_V_REGS >= 32 ? 16 : 4)

/* The input rows of some rows of windows; NULL: outside the picture, zeros. */
typedef struct dw_window {
    const float *row[2 * AT_DW_ROWS + 1];
    ptrdiff_t c; /* floats from one pixel to the next */
    int w, pad;  /* input width; left padding */
} dw_window;

/* Output rows from `first` on, which read `reads` rows, and channels from ch on. */
AT_INLINE dw_window dw_from(const dw_window *s, int first, int reads, int ch)
{
    dw_window t = {.c = s->c, .w = s->w, .pad = s->pad};

    for (int iy = 0; iy < reads; iy++)
        t.row[iy] = s->row[first + iy] ? s->row[first + iy] + ch : NULL;
    return t;
}

/* Outputs [first, end) read columns 0 .. w-1 only. */
AT_INLINE void dw_inside(const dw_window *s, int stride, int ow, int *first, int *end)
{
    *first = (s->pad + stride - 1) / stride;
    *end = s->w + s->pad < 3 ? 0 : (s->w + s->pad - 3) / stride + 1;
    *end = *end > ow ? ow : *end;
}

/* Kernel columns [first, end) of output ox lie inside. */
AT_INLINE void dw_columns(const dw_window *s, int stride, int ox, int *first, int *end)
{
    int ix = ox * stride - s->pad;

    *first = ix < 0 ? -ix : 0;
    *end = s->w - ix < 3 ? s->w - ix : 3;
}

/* ---- forward, and the data gradient at stride 1 ------------------------------------------------ */

typedef struct dw_layer {
    const float *weight, *bias; /* bias nullable */
    int c, ow;
    int from, to; /* channels to do */
    int flip;     /* the kernel turned by 180 degrees */
    clamp limits;
} dw_layer;

/* One output, anywhere. */
AT_INLINE v_f dw_pixel(const dw_window *s, const v_f k[9], int stride, int lanes, v_f bias, int ox)
{
    int first, end;

    dw_columns(s, stride, ox, &first, &end);
    AT_UNROLL
    for (int ky = 0; ky < 3; ky++) {
        if (!s->row[ky])
            continue;
        const float *in = s->row[ky] + (ox * stride - s->pad) * s->c;
        AT_UNROLL
        for (int kx = 0; kx < 3; kx++)
            if (kx >= first && kx < end)
                bias = v_fma(v_load_n(in + kx * s->c, lanes), k[3 * ky + kx], bias);
    }
    return bias;
}

/* `rows` by `pixels` outputs from ox, of whose windows kernel columns [first, end) lie inside; y is
 * the first's. */
AT_INLINE void dw_tile(const dw_window *s, const v_f k[9], const dw_layer *q, const int rows,
                       const int pixels, const int stride, const int first, const int end, v_f bias,
                       int ox, float *y)
{
    const clamp limits = q->limits;
    const int reads = (rows - 1) * stride + 3;
    const ptrdiff_t c = q->c, row = q->ow * c;
    v_f acc[AT_DW_ROWS][DW_PIXELS];

    AT_UNROLL
    for (int i = 0; i < rows; i++) {
        AT_UNROLL
        for (int j = 0; j < pixels; j++)
            acc[i][j] = bias;
    }
    const ptrdiff_t at = (ox * stride - s->pad) * c;
    AT_UNROLL
    for (int iy = 0; iy < reads; iy++) {
        if ((rows == 1 || iy == 0 || iy == reads - 1) && !s->row[iy])
            continue;
        const float *in = s->row[iy] + at;
        AT_UNROLL
        for (int ix = first; ix < (pixels - 1) * stride + end; ix++) {
            v_f v = v_load(in + ix * c);
            V_KEEP(v);
            AT_UNROLL
            for (int i = 0; i < rows; i++) {
                AT_UNROLL
                for (int j = 0; j < pixels; j++) {
                    const int ky = iy - i * stride, kx = ix - j * stride;
                    if (ky >= 0 && ky < 3 && kx >= first && kx < end)
                        acc[i][j] = v_fma(v, k[3 * ky + kx], acc[i][j]);
                }
            }
        }
    }
    y += ox * c;
    AT_UNROLL
    for (int i = 0; i < rows; i++, y += row) {
        AT_UNROLL
        for (int j = 0; j < pixels; j++)
            v_store(y + j * c, v_clamp(limits, acc[i][j]));
    }
}

/* The column of outputs at ox, whose windows leave the picture. */
AT_INLINE void dw_edge(const dw_window *s, const v_f k[9], const dw_layer *q, const int rows,
                       const int stride, v_f bias, int ox, float *y)
{
    int first, end;

    dw_columns(s, stride, ox, &first, &end);
    if (first == 1 && end == 3)
        dw_tile(s, k, q, rows, 1, stride, 1, 3, bias, ox, y);
    else if (first == 0 && end == 2)
        dw_tile(s, k, q, rows, 1, stride, 0, 2, bias, ox, y);
    else /* a narrow picture, or padding of two */
        for (int i = 0; i < rows; i++, y += q->ow * q->c) {
            dw_window t = dw_from(s, i * stride, 3, 0);
            v_store(y + ox * q->c, v_clamp(q->limits, dw_pixel(&t, k, stride, AT_VW, bias, ox)));
        }
}

/* `rows` rows of outputs for one whole vector of channels. y is the first row's, at this channel. */
AT_INLINE void dw_vector(const dw_window *s, const dw_layer *q, const int rows, const int stride,
                         int ch, float *y)
{
    const int pixels = rows * DW_PIXELS <= DW_SUMS ? DW_PIXELS : DW_SUMS / rows;
    const v_f bias = q->bias ? v_load(q->bias + ch) : v_zero();
    int first, end, ox = 0;
    v_f k[9];

    AT_UNROLL
    for (int t = 0; t < 9; t++)
        k[t] = v_load(q->weight + (q->flip ? 8 - t : t) * q->c + ch);
    dw_inside(s, stride, q->ow, &first, &end);
    for (; ox < q->ow && ox < first; ox++)
        dw_edge(s, k, q, rows, stride, bias, ox, y);
    for (; ox + pixels <= end; ox += pixels)
        dw_tile(s, k, q, rows, pixels, stride, 0, 3, bias, ox, y);
    for (; ox + 2 <= end; ox += 2)
        dw_tile(s, k, q, rows, 2, stride, 0, 3, bias, ox, y);
    for (; ox < end; ox++)
        dw_tile(s, k, q, rows, 1, stride, 0, 3, bias, ox, y);
    for (; ox < q->ow; ox++)
        dw_edge(s, k, q, rows, stride, bias, ox, y);
}

/* A row for the channels after the last whole vector. */
AT_INLINE void dw_tail(const dw_window *s, const dw_layer *q, int stride, int ch, float *y)
{
    const int lanes = q->to - ch;
    const v_f bias = q->bias ? v_load_n(q->bias + ch, lanes) : v_zero();
    v_f k[9];

    for (int t = 0; t < 9; t++)
        k[t] = v_load_n(q->weight + (q->flip ? 8 - t : t) * q->c + ch, lanes);
    for (int ox = 0; ox < q->ow; ox++)
        v_store_n(y + ox * q->c, v_clamp(q->limits, dw_pixel(s, k, stride, lanes, bias, ox)),
                  lanes);
}

/* `rows` output rows, which read from input row `from` of the window on. */
AT_INLINE void dw_some(const dw_window *s, const dw_layer *q, const int rows, const int stride,
                       int from, float *y)
{
    int ch = q->from;

    for (; ch + AT_VW <= q->to; ch += AT_VW) {
        dw_window t = dw_from(s, from, (rows - 1) * stride + 3, ch);
        dw_vector(&t, q, rows, stride, ch, y + ch);
    }
    for (int i = 0; ch < q->to && i < rows; i++) {
        dw_window t = dw_from(s, from + i * stride, 3, ch);
        dw_tail(&t, q, stride, ch, y + (ptrdiff_t)i * q->ow * q->c + ch);
    }
}

/* As many rows from input row `from` on as go at once: of what they read only the first and the last
 * may be missing, as in a picture. */
AT_INLINE int dw_at_once(const dw_window *s, int from, int stride, int most, int rows)
{
    int n = most;

    for (; n > 1; n /= 2) {
        int whole = n <= rows;
        for (int iy = from + 1; whole && iy < from + (n - 1) * stride + 2; iy++)
            whole = s->row[iy] != NULL;
        if (whole)
            break;
    }
    return n;
}

AT_INLINE void dw_rows(const dw_window *s, const dw_layer *q, const int stride, int rows, float *y)
{
    const int most = DW_ROWS / stride;

    for (int i = 0, n; i < rows; i += n, y += (ptrdiff_t)n * q->ow * q->c) {
        n = dw_at_once(s, i * stride, stride, most, rows - i);
        if (most >= 4 && n == 4)
            dw_some(s, q, 4, stride, i * stride, y);
        else if (most >= 2 && n == 2)
            dw_some(s, q, 2, stride, i * stride, y);
        else
            dw_some(s, q, 1, stride, i * stride, y);
    }
}

static void dw_rows1(const dw_window *s, const dw_layer *q, int rows, float *y)
{
    dw_rows(s, q, 1, rows, y);
}

static void dw_rows2(const dw_window *s, const dw_layer *q, int rows, float *y)
{
    dw_rows(s, q, 2, rows, y);
}

static void dw3x3_rows(const at_dw3x3 *g, int rows, int from, int to, const float *const row[],
                       const float *weight, const float *bias, at_act act, float *y)
{
    dw_window s = {.c = g->c, .w = g->w, .pad = g->pad_left};
    const dw_layer q = {.weight = weight,
                        .bias = bias,
                        .c = g->c,
                        .ow = g->ow,
                        .from = from,
                        .to = to,
                        .limits = clamp_of(act)};

    memcpy(s.row, row, (size_t)((rows - 1) * g->stride + 3) * sizeof *row);
    if (g->stride == 1)
        dw_rows1(&s, &q, rows, y);
    else
        dw_rows2(&s, &q, rows, y);
    for (int i = 0; is_curve(act) && i < rows * g->ow; i++, y += g->c)
        apply_act((size_t)(to - from), act, y + from, y + from);
}

static void dw3x3(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *weight,
                  const float *bias, at_act act, float *y)
{
    for (int oy = oy0; oy < oy1; oy += AT_DW_ROWS) {
        const float *row[2 * AT_DW_ROWS + 1];
        int rows = oy1 - oy < AT_DW_ROWS ? oy1 - oy : AT_DW_ROWS;
        at_dw3x3_rows(g, oy, rows, x, row);
        dw3x3_rows(g, rows, 0, g->c, row, weight, bias, act, y + (ptrdiff_t)oy * g->ow * g->c);
    }
}

/* ---- data gradient at stride 2 -------------------------------------------------------------------- */

/* Input column ix meets kernel column kx where ix + pad - kx is even: with o = (ix + pad) / 2,
 * columns 0 and 2 at outputs o and o - 1 if ix + pad is even, column 1 at output o if it is odd.
 * Rows likewise, so an input row meets one or two rows of dy. */
typedef struct dw_back {
    const float *d[2]; /* rows of dy, or zeros with a step of zero */
    ptrdiff_t step[2];
    int ky[2]; /* and their kernel rows */
} dw_back;

/* Input columns 2o - pad and 2o + 1 - pad, as far as they exist. */
AT_INLINE void dw_back_pair(const at_dw3x3 *g, const dw_back *r, const int rows, v_f k[2][3],
                            const int lanes, int o, int ch, float *dx)
{
    const ptrdiff_t ix = 2 * o - g->pad_left, c = g->c;
    v_f even = v_zero(), odd = v_zero();

    AT_UNROLL
    for (int i = 0; i < rows; i++) {
        const float *d = r->d[i] + o * r->step[i];
        v_f here = o < g->ow ? v_load_n(d, lanes) : v_zero();
        v_f before = o > 0 ? v_load_n(d - r->step[i], lanes) : v_zero();
        even = v_fma(here, k[i][0], v_fma(before, k[i][2], even));
        odd = v_fma(here, k[i][1], odd);
    }
    if (ix >= 0 && ix < g->w)
        v_store_n(dx + ix * c + ch, even, lanes);
    if (ix + 1 < g->w)
        v_store_n(dx + (ix + 1) * c + ch, odd, lanes);
}

AT_INLINE void dw_back_row(const at_dw3x3 *g, const dw_back *r, const int rows, const float *weight,
                           float *dx)
{
    const int pairs = (g->w + g->pad_left + 1) / 2;

    for (int ch = 0; ch < g->c; ch += AT_VW) {
        const int lanes = v_lanes((size_t)g->c, (size_t)ch);
        dw_back t = *r;
        v_f k[2][3];

        AT_UNROLL
        for (int i = 0; i < rows; i++) {
            t.d[i] += t.step[i] ? ch : 0;
            AT_UNROLL
            for (int kx = 0; kx < 3; kx++)
                k[i][kx] = v_load_n(weight + (3 * r->ky[i] + kx) * g->c + ch, lanes);
        }
        if (lanes == AT_VW)
            for (int o = 0; o < pairs; o++)
                dw_back_pair(g, &t, rows, k, AT_VW, o, ch, dx);
        else
            for (int o = 0; o < pairs; o++)
                dw_back_pair(g, &t, rows, k, lanes, o, ch, dx);
    }
}

/* Every pixel of a row outside the picture. */
static const float dw_zeros[AT_VW];

static void dw_back_data2(const at_dw3x3 *g, int iy, const float *dy, const float *weight,
                          float *dx)
{
    const int odd = (iy + g->pad_top) & 1, o = (iy + g->pad_top) >> 1;
    dw_back r = {.ky = {odd, 2}};

    for (int i = 0; i < 2; i++) {
        int inside = o - i >= 0 && o - i < g->oh;
        r.d[i] = inside ? dy + (ptrdiff_t)(o - i) * g->ow * g->c : dw_zeros;
        r.step[i] = inside ? g->c : 0;
    }
    if (odd)
        dw_back_row(g, &r, 1, weight, dx);
    else
        dw_back_row(g, &r, 2, weight, dx);
}

static void dw3x3_bwd_data(const at_dw3x3 *g, int iy0, int iy1, const float *dy,
                           const float *weight, float *dx)
{
    /* At stride 1 the gradient is the convolution with the turned kernel and padding 2 - pad. */
    const at_dw3x3 back = {
        .h = g->oh, .w = g->ow, .c = g->c, .stride = 1, .pad_top = 2 - g->pad_top};
    const dw_layer q = {.weight = weight,
                        .c = g->c,
                        .ow = g->w,
                        .to = g->c,
                        .flip = 1,
                        .limits = clamp_of(AT_ACT_NONE)};
    const int step = g->stride == 1 ? AT_DW_ROWS : 1;

    for (int iy = iy0; iy < iy1; iy += step) {
        float *out = dx + (ptrdiff_t)iy * g->w * g->c;
        if (g->stride == 1) {
            dw_window s = {.c = g->c, .w = g->ow, .pad = 2 - g->pad_left};
            int rows = iy1 - iy < step ? iy1 - iy : step;
            at_dw3x3_rows(&back, iy, rows, dy, s.row);
            dw_rows1(&s, &q, rows, out);
        } else {
            dw_back_data2(g, iy, dy, weight, out);
        }
    }
}

/* ---- weight gradient -------------------------------------------------------------------------------- */

/* dw[t] += x at tap t times dy, over `pixels` outputs from ox, all of whose windows lie inside. */
AT_INLINE void dw_weight_pixels(const dw_window *s, v_f dw[9], const int pixels, const int stride,
                                int ox, const float *dy, ptrdiff_t dy_step)
{
    v_f d[DW_PIXELS];

    AT_UNROLL
    for (int i = 0; i < pixels; i++, dy += dy_step) {
        d[i] = v_load(dy);
        V_KEEP(d[i]);
    }
    AT_UNROLL
    for (int ky = 0; ky < 3; ky++) {
        if (!s->row[ky])
            continue;
        const float *in = s->row[ky] + (ox * stride - s->pad) * s->c;
        AT_UNROLL
        for (int ix = 0; ix < (pixels - 1) * stride + 3; ix++) {
            v_f v = v_load(in + ix * s->c);
            V_KEEP(v);
            AT_UNROLL
            for (int i = 0; i < pixels; i++) {
                const int kx = ix - i * stride;
                if (kx >= 0 && kx < 3)
                    dw[3 * ky + kx] = v_fma(v, d[i], dw[3 * ky + kx]);
            }
        }
    }
}

AT_INLINE void dw_weight_pixel(const dw_window *s, v_f dw[9], int stride, int lanes, int ox,
                               const float *dy)
{
    const v_f d = v_load_n(dy, lanes);
    int first, end;

    dw_columns(s, stride, ox, &first, &end);
    AT_UNROLL
    for (int ky = 0; ky < 3; ky++) {
        if (!s->row[ky])
            continue;
        const float *in = s->row[ky] + (ox * stride - s->pad) * s->c;
        AT_UNROLL
        for (int kx = 0; kx < 3; kx++)
            if (kx >= first && kx < end)
                dw[3 * ky + kx] = v_fma(v_load_n(in + kx * s->c, lanes), d, dw[3 * ky + kx]);
    }
}

/* One row of dy, a whole vector of channels. */
AT_INLINE void dw_weight_row(const dw_window *s, v_f dw[9], const int stride, int ow, int c,
                             const float *dy)
{
    int first, end, ox = 0;

    dw_inside(s, stride, ow, &first, &end);
    for (; ox < ow && ox < first; ox++)
        dw_weight_pixel(s, dw, stride, AT_VW, ox, dy + ox * c);
    for (; ox + DW_PIXELS <= end; ox += DW_PIXELS)
        dw_weight_pixels(s, dw, DW_PIXELS, stride, ox, dy + ox * c, c);
    for (; ox + 2 <= end; ox += 2)
        dw_weight_pixels(s, dw, 2, stride, ox, dy + ox * c, c);
    for (; ox < ow; ox++)
        dw_weight_pixel(s, dw, stride, AT_VW, ox, dy + ox * c);
}

AT_INLINE void dw_weight_rows(const at_dw3x3 *g, const int stride, int oy0, int oy1, const float *x,
                              const float *dy, int ch, float *dweight)
{
    const int lanes = v_lanes((size_t)g->c, (size_t)ch);
    v_f dw[9];

    AT_UNROLL
    for (int t = 0; t < 9; t++)
        dw[t] = v_load_n(dweight + t * g->c + ch, lanes);
    for (int oy = oy0; oy < oy1; oy++) {
        const float *d = dy + (ptrdiff_t)oy * g->ow * g->c + ch;
        dw_window s = {.c = g->c, .w = g->w, .pad = g->pad_left};
        at_dw3x3_rows(g, oy, 1, x + ch, s.row);
        if (lanes == AT_VW)
            dw_weight_row(&s, dw, stride, g->ow, g->c, d);
        else
            for (int ox = 0; ox < g->ow; ox++)
                dw_weight_pixel(&s, dw, stride, lanes, ox, d + ox * g->c);
    }
    AT_UNROLL
    for (int t = 0; t < 9; t++)
        v_store_n(dweight + t * g->c + ch, dw[t], lanes);
}

static void dw3x3_bwd_weight(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *dy,
                             float *dweight)
{
    /* so many rows at a time that they wait in the second-level cache for the next channels */
    const int floats = g->w * g->c * (g->stride + 1);
    const int step = floats < 24 * 1024 ? 24 * 1024 / floats : 1;

    for (int oy = oy0; oy < oy1; oy += step) {
        int end = oy + step < oy1 ? oy + step : oy1;
        for (int ch = 0; ch < g->c; ch += AT_VW)
            if (g->stride == 1)
                dw_weight_rows(g, 1, oy, end, x, dy, ch, dweight);
            else
                dw_weight_rows(g, 2, oy, end, x, dy, ch, dweight);
    }
}

#endif
