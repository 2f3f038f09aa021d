/* simd_depthwise.h - 3x3 depthwise convolution and its gradients. Part of simd.h.
 *
 * For one vector of channels the nine weights stay in registers while x runs along a row. The
 * middle of a row goes DW_PIXELS outputs at a time, so that a loaded input serves every output
 * that it touches; the few pixels whose window leaves the picture are done tap by tap.
 */
#ifndef AT_KERNELS_SIMD_DEPTHWISE_H
#define AT_KERNELS_SIMD_DEPTHWISE_H

#define DW_PIXELS (AT_V_REGS == 16 ? 4 : 8)
#define DW_MOST   8

/* One row for one vector of channels: what does not change along it. */
typedef struct dw_strip {
    const float *row[3]; /* input rows at this channel; NULL: zeros */
    int w, c, lanes;     /* input width, floats a pixel, channels here */
    int pad;             /* left */
    v_f bias;
    clamp limits;
} dw_strip;

/* Output ox where the window may leave the picture. */
AT_INLINE void dw_edge_pixel(const dw_strip *s, const v_f k[9], int stride, int ox, float *y)
{
    v_f acc = s->bias;

    for (int kx = 0; kx < 3; kx++) {
        int ix = ox * stride - s->pad + kx;
        if (ix < 0 || ix >= s->w)
            continue;
        for (int ky = 0; ky < 3; ky++)
            if (s->row[ky])
                acc = v_fma(v_load_n(s->row[ky] + (ptrdiff_t)ix * s->c, s->lanes), k[3 * ky + kx],
                            acc);
    }
    v_store_n(y + (ptrdiff_t)ox * s->c, v_clamp(s->limits, acc), s->lanes);
}

/* `pixels` outputs from ox, all of whose windows lie inside. */
AT_INLINE void dw_pixels(const dw_strip *s, const v_f k[9], const int pixels, const int stride,
                         const int lanes, int ox, float *y)
{
    const ptrdiff_t at = (ptrdiff_t)(ox * stride - s->pad) * s->c;
    v_f acc[DW_MOST];

    AT_UNROLL
    for (int i = 0; i < pixels; i++)
        acc[i] = s->bias;
    AT_UNROLL
    for (int ky = 0; ky < 3; ky++) {
        if (!s->row[ky])
            continue;
        const float *in = s->row[ky] + at;
        AT_UNROLL
        for (int ix = 0; ix < (pixels - 1) * stride + 3; ix++) {
            v_f v = v_load_n(in + (ptrdiff_t)ix * s->c, lanes);
            V_KEEP(v);
            AT_UNROLL
            for (int i = 0; i < pixels; i++) {
                const int kx = ix - i * stride;
                if (kx >= 0 && kx < 3)
                    acc[i] = v_fma(v, k[3 * ky + kx], acc[i]);
            }
        }
    }
    AT_UNROLL
    for (int i = 0; i < pixels; i++)
        v_store_n(y + (ptrdiff_t)(ox + i) * s->c, v_clamp(s->limits, acc[i]), lanes);
}

AT_INLINE void dw_run_strip(const dw_strip *s, const v_f k[9], const int stride, const int lanes,
                            int ow, float *y)
{
    /* outputs [first, end) read columns 0 .. w-1 only */
    int first = (s->pad + stride - 1) / stride, end = (s->w + s->pad - 3) / stride + 1, ox = 0;

    if (s->w + s->pad < 3 || end < first)
        end = first = 0;
    if (end > ow)
        end = ow;
    for (; ox < first; ox++)
        dw_edge_pixel(s, k, stride, ox, y);
    for (; ox + DW_PIXELS <= end; ox += DW_PIXELS)
        dw_pixels(s, k, DW_PIXELS, stride, lanes, ox, y);
    for (; ox + 2 <= end; ox += 2)
        dw_pixels(s, k, 2, stride, lanes, ox, y);
    for (; ox < ow; ox++)
        dw_edge_pixel(s, k, stride, ox, y);
}

/* A whole output row of `ow` pixels. flip: the kernel turned by 180 degrees (data gradient). */
AT_INLINE void dw_row(const float *const row[3], int w, int c, int ow, const int stride, int pad,
                      const float *weight, const int flip, const float *bias, at_act act, float *y)
{
    for (int ch = 0; ch < c; ch += AT_VW) {
        dw_strip s = {.w = w, .c = c, .pad = pad, .lanes = v_lanes((size_t)c, (size_t)ch),
                      .limits = clamp_of(act)};
        v_f k[9];

        AT_UNROLL
        for (int t = 0; t < 9; t++)
            k[t] = v_load_n(weight + (flip ? 8 - t : t) * c + ch, s.lanes);
        s.bias = bias ? v_load_n(bias + ch, s.lanes) : v_zero();
        for (int ky = 0; ky < 3; ky++)
            s.row[ky] = row[ky] ? row[ky] + ch : NULL;
        if (s.lanes == AT_VW)
            dw_run_strip(&s, k, stride, AT_VW, ow, y + ch);
        else
            dw_run_strip(&s, k, stride, s.lanes, ow, y + ch);
    }
    if (is_curve(act))
        apply_act((size_t)ow * (size_t)c, act, y, y);
}

static void dw3x3_row(const at_dw3x3 *g, const float *const row[3], const float *weight,
                      const float *bias, at_act act, float *y)
{
    if (g->stride == 1)
        dw_row(row, g->w, g->c, g->ow, 1, g->pad_left, weight, 0, bias, act, y);
    else
        dw_row(row, g->w, g->c, g->ow, 2, g->pad_left, weight, 0, bias, act, y);
}

static void dw3x3(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *weight,
                  const float *bias, at_act act, float *y)
{
    for (int oy = oy0; oy < oy1; oy++) {
        const float *row[3];
        at_dw3x3_rows(g, oy, x, row);
        dw3x3_row(g, row, weight, bias, act, y + (ptrdiff_t)oy * g->ow * g->c);
    }
}

/* ---- data gradient --------------------------------------------------------------------------- */

/* Stride 2: input ix meets kernel column kx where ix + pad - kx is even, that is kx 0 and 2 at
 * outputs o = (ix + pad) / 2 and o - 1, or kx 1 alone; rows likewise. d: the output rows with
 * their kernel rows; one or two. */
typedef struct dw_rows2 {
    int n, ky[2];
    const float *d[2];
} dw_rows2;

AT_INLINE void dw_bwd_row2(const at_dw3x3 *g, const dw_rows2 *r, const float *weight, int ch,
                           const int lanes, float *dx)
{
    const ptrdiff_t c = g->c;
    v_f k[2][3];

    for (int i = 0; i < 2; i++)
        for (int kx = 0; kx < 3; kx++)
            k[i][kx] = i < r->n ? v_load_n(weight + (3 * r->ky[i] + kx) * c + ch, lanes) : v_zero();
    for (int ix = 0; ix < g->w; ix++) {
        int at = ix + g->pad_left, o = at >> 1;
        v_f acc = v_zero();
        for (int i = 0; i < r->n; i++) {
            const float *d = r->d[i] + ch;
            if (at & 1) {
                if (o < g->ow)
                    acc = v_fma(v_load_n(d + o * c, lanes), k[i][1], acc);
                continue;
            }
            if (o < g->ow)
                acc = v_fma(v_load_n(d + o * c, lanes), k[i][0], acc);
            if (o > 0 && o <= g->ow)
                acc = v_fma(v_load_n(d + (o - 1) * c, lanes), k[i][2], acc);
        }
        v_store_n(dx + ix * c + ch, acc, lanes);
    }
}

static void dw_bwd_data2(const at_dw3x3 *g, int iy, const float *dy, const float *weight,
                         float *dx)
{
    dw_rows2 r = {0};

    for (int ky = 0; ky < 3; ky++) {
        int at = iy + g->pad_top - ky;
        if (at < 0 || at & 1 || at / 2 >= g->oh)
            continue;
        r.ky[r.n] = ky;
        r.d[r.n++] = dy + (ptrdiff_t)(at / 2) * g->ow * g->c;
    }
    int ch = 0;
    for (; ch + AT_VW <= g->c; ch += AT_VW)
        dw_bwd_row2(g, &r, weight, ch, AT_VW, dx);
    if (ch < g->c)
        dw_bwd_row2(g, &r, weight, ch, g->c - ch, dx);
}

static void dw3x3_bwd_data(const at_dw3x3 *g, int iy0, int iy1, const float *dy,
                           const float *weight, float *dx)
{
    /* At stride 1 the gradient is the convolution with the turned kernel and padding 2 - pad. */
    const at_dw3x3 back = {.h = g->oh, .w = g->ow, .c = g->c, .stride = 1,
                           .pad_top = 2 - g->pad_top, .pad_left = 2 - g->pad_left};

    for (int iy = iy0; iy < iy1; iy++) {
        float *out = dx + (ptrdiff_t)iy * g->w * g->c;
        if (g->stride == 1) {
            const float *row[3];
            at_dw3x3_rows(&back, iy, dy, row);
            dw_row(row, g->ow, g->c, g->w, 1, back.pad_left, weight, 1, NULL, AT_ACT_NONE, out);
        } else {
            dw_bwd_data2(g, iy, dy, weight, out);
        }
    }
}

/* ---- weight gradient -------------------------------------------------------------------------- */

/* dw[t] += sum over outputs of x at tap t times dy: `pixels` outputs from ox, all inside. */
AT_INLINE void dw_weight_pixels(const dw_strip *s, v_f dw[9], const int pixels, const int stride,
                                const int lanes, int ox, const float *dy)
{
    const ptrdiff_t at = (ptrdiff_t)(ox * stride - s->pad) * s->c;
    v_f d[DW_MOST];

    AT_UNROLL
    for (int i = 0; i < pixels; i++)
        d[i] = v_load_n(dy + (ptrdiff_t)(ox + i) * s->c, lanes);
    AT_UNROLL
    for (int ky = 0; ky < 3; ky++) {
        if (!s->row[ky])
            continue;
        const float *in = s->row[ky] + at;
        AT_UNROLL
        for (int ix = 0; ix < (pixels - 1) * stride + 3; ix++) {
            v_f v = v_load_n(in + (ptrdiff_t)ix * s->c, lanes);
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

AT_INLINE void dw_weight_edge(const dw_strip *s, v_f dw[9], int stride, int ox, const float *dy)
{
    v_f d = v_load_n(dy + (ptrdiff_t)ox * s->c, s->lanes);

    for (int kx = 0; kx < 3; kx++) {
        int ix = ox * stride - s->pad + kx;
        if (ix < 0 || ix >= s->w)
            continue;
        for (int ky = 0; ky < 3; ky++)
            if (s->row[ky])
                dw[3 * ky + kx] = v_fma(v_load_n(s->row[ky] + (ptrdiff_t)ix * s->c, s->lanes), d,
                                        dw[3 * ky + kx]);
    }
}

AT_INLINE void dw_weight_strip(const dw_strip *s, v_f dw[9], const int stride, const int lanes,
                               int ow, const float *dy)
{
    int first = (s->pad + stride - 1) / stride, end = (s->w + s->pad - 3) / stride + 1, ox = 0;

    if (s->w + s->pad < 3 || end < first)
        end = first = 0;
    if (end > ow)
        end = ow;
    for (; ox < first; ox++)
        dw_weight_edge(s, dw, stride, ox, dy);
    for (; ox + 4 <= end; ox += 4)
        dw_weight_pixels(s, dw, 4, stride, lanes, ox, dy);
    for (; ox + 1 <= end; ox++)
        dw_weight_pixels(s, dw, 1, stride, lanes, ox, dy);
    for (; ox < ow; ox++)
        dw_weight_edge(s, dw, stride, ox, dy);
}

AT_INLINE void dw_weight_rows(const at_dw3x3 *g, const int stride, int oy0, int oy1,
                              const float *x, const float *dy, int ch, const int lanes,
                              float *dweight)
{
    dw_strip s = {.w = g->w, .c = g->c, .pad = g->pad_left, .lanes = lanes};
    v_f dw[9];

    AT_UNROLL
    for (int t = 0; t < 9; t++)
        dw[t] = v_load_n(dweight + t * g->c + ch, lanes);
    for (int oy = oy0; oy < oy1; oy++) {
        at_dw3x3_rows(g, oy, x + ch, s.row);
        dw_weight_strip(&s, dw, stride, lanes, g->ow, dy + (ptrdiff_t)oy * g->ow * g->c + ch);
    }
    AT_UNROLL
    for (int t = 0; t < 9; t++)
        v_store_n(dweight + t * g->c + ch, dw[t], lanes);
}

AT_INLINE void dw_weight_all(const at_dw3x3 *g, const int stride, int oy0, int oy1, const float *x,
                             const float *dy, float *dweight)
{
    /* so many rows at a time that they wait in the second-level cache for the next channels */
    const int floats = g->w * g->c * (stride * stride + 1);
    const int step = floats < 24 * 1024 ? 24 * 1024 / floats : 1;

    for (int oy = oy0; oy < oy1; oy += step) {
        int end = oy + step < oy1 ? oy + step : oy1, ch = 0;
        for (; ch + AT_VW <= g->c; ch += AT_VW)
            dw_weight_rows(g, stride, oy, end, x, dy, ch, AT_VW, dweight);
        if (ch < g->c)
            dw_weight_rows(g, stride, oy, end, x, dy, ch, g->c - ch, dweight);
    }
}

static void dw3x3_bwd_weight(const at_dw3x3 *g, int oy0, int oy1, const float *x, const float *dy,
                             float *dweight)
{
    if (g->stride == 1)
        dw_weight_all(g, 1, oy0, oy1, x, dy, dweight);
    else
        dw_weight_all(g, 2, oy0, oy1, x, dy, dweight);
}

#endif
