/* q8_simd.h - a whole table of eight-bit kernels, written once over a few words that each
 * q8_vec_<isa>.h defines:
 *
 *     q_i, q_b                  Q_LANES sums of 32 bits; four bytes for each of them
 *     q_start(bias, sum)        the first sums; sum counts where inputs are multiplied as signed bytes
 *     q_spread(p)               four bytes of input, the same for every lane
 *     q_input(p)                four bytes of input for each lane
 *     q_fill(byte)              the same as input
 *     q_weights(p)
 *     q_dot(acc, a, w)          acc + the four products of each lane
 *     q_dot3(acc, a, w, step)   of three inputs a[], with weights step bytes apart: pairs of products of
 *                               all three may be summed in 16 bits
 *     q_add_bytes(v, p)         a byte added to each lane
 *     q_scale(v, scale)         round(v * scale)
 *     q_floats(v, scale, lo, hi, p)  stores v * scale within lo and hi
 *     q_pack(v0, v1, v2, v3, zero)  bytes of four pixels' sums plus zero, saturated, in any order
 *     q_store_quads(b, n, byte, p)  the first n of the four; byte in place of the others
 *     q_store_rows(b, n, p, step)   the first n
 *
 * <isa>.c includes its words, names its table (Q_TABLE, Q_NAME) and tile (Q_MR pixels, a multiple of
 * four, by Q_NV vectors of channels), and includes this.
 */
#ifndef AT_KERNELS_Q8_SIMD_H
#define AT_KERNELS_Q8_SIMD_H

#include "kernels/q8_tables.h"

#define Q_INLINE static inline __attribute__((always_inline))

#if defined(__clang__)
#define Q_UNROLL _Pragma("clang loop unroll(full)")
#else
#define Q_UNROLL _Pragma("GCC unroll 64")
#endif

/* ---- matrix product ------------------------------------------------------------------------------- */

enum { TO_ROWS, TO_SUM /* rows, onto the residual */, TO_QUADS, TO_FLOATS };

/* Weights of lane vector j. */
Q_INLINE const int8_t *q_column(const at_q8_tile *t, int j)
{
    return t->b + j * Q_LANES / AT_Q8_GROUP * t->panel + j * Q_LANES % AT_Q8_GROUP * 4;
}

Q_INLINE void q_multiply(const int rows, const int nv, const at_q8_tile *t, q_i (*acc)[Q_NV])
{
    Q_UNROLL
    for (int j = 0; j < nv; j++) {
        const q_i first = q_start(t->q.bias + j * Q_LANES, t->q.sum + j * Q_LANES);
        Q_UNROLL
        for (int i = 0; i < rows; i++)
            acc[i][j] = first;
    }

    const int8_t *column[Q_NV];
    Q_UNROLL
    for (int j = 0; j < nv; j++)
        column[j] = q_column(t, j);
    for (int s = 0; s < t->segments; s++) {
        /* Every third row has a pointer of its own, as in simd_tile.h. */
        const uint8_t *base[(Q_MR + 2) / 3];
        Q_UNROLL
        for (int i = 0; i < rows; i += 3)
            base[i / 3] = t->a + s * t->segment + i * t->pixel;
        for (int p = 0; p < t->quads; p++) {
            q_b w[Q_NV];
            Q_UNROLL
            for (int j = 0; j < nv; j++) {
                w[j] = q_weights(column[j]);
                Q_KEEP(w[j]);
                column[j] += AT_Q8_TAP;
            }
            Q_UNROLL
            for (int i = 0; i < rows; i++) {
                const q_b a = q_spread(base[i / 3] + i % 3 * t->pixel);
                Q_UNROLL
                for (int j = 0; j < nv; j++)
                    acc[i][j] = q_dot(acc[i][j], a, w[j]);
            }
            Q_UNROLL
            for (int i = 0; i < rows; i += 3)
                base[i / 3] += 4;
        }
    }
}

/* Four pixels' sums of lane vector j, from pixel i of m. */
Q_INLINE void q_finish(const int to, const at_q8_tile *t, int m, const int i, const int j,
                       const q_i *const sum)
{
    const float *scale = t->q.scale + j * Q_LANES;
    q_i v[4];

    if (to == TO_FLOATS) {
        Q_UNROLL
        for (int r = 0; r < 4; r++)
            if (i + r < m)
                q_floats(sum[r], scale, t->lo, t->hi, t->f + (i + r) * t->c_step + j * Q_LANES);
        return;
    }
    Q_UNROLL
    for (int r = 0; r < 4; r++) {
        v[r] = q_scale(sum[r], scale);
        if (to == TO_SUM) {
            const int at = i + r < m ? i + r : 0;
            v[r] = q_add_bytes(v[r], t->residual + at * t->c_step + j * Q_LANES);
        }
    }
    const q_b packed = q_pack(v[0], v[1], v[2], v[3], to == TO_SUM ? 0 : t->q.zero);
    if (to == TO_ROWS || to == TO_SUM)
        q_store_rows(packed, m - i, t->c + i * t->c_step + j * Q_LANES, t->c_step);
    else
        q_store_quads(packed, m - i, t->q.zero, t->c + i / 4 * t->c_step + 4 * j * Q_LANES);
}

Q_INLINE void q_tile(const int to, const int rows, const int nv, const at_q8_tile *t, int m)
{
    q_i acc[Q_MR][Q_NV];

    q_multiply(rows, nv, t, acc);
    Q_UNROLL
    for (int j = 0; j < nv; j++) {
        Q_UNROLL
        for (int i = 0; i < rows; i += 4) {
            const q_i sum[4] = {acc[i][j], acc[i + 1][j], acc[i + 2][j], acc[i + 3][j]};
            q_finish(to, t, m, i, j, sum);
        }
    }
}

/* nv is the vectors of n channels: of one group, or of all that a tile has. */
Q_INLINE void q_tiles(const int to, const at_q8_tile *t, int m, int n)
{
    enum { GROUP = AT_Q8_GROUP / Q_LANES };

    if (n == AT_Q8_GROUP) {
        if (m <= 4)
            q_tile(to, 4, GROUP, t, m);
#if Q_MR >= 12
        else if (m <= 8)
            q_tile(to, 8, GROUP, t, m);
        else
            q_tile(to, 12, GROUP, t, m);
#endif
        return;
    }
#if Q_NV * Q_LANES > AT_Q8_GROUP
    if (m <= 4)
        q_tile(to, 4, Q_NV, t, m);
#if Q_MR >= 12
    else if (m <= 8)
        q_tile(to, 8, Q_NV, t, m);
    else
        q_tile(to, 12, Q_NV, t, m);
#endif
#endif
}

static void rows(const at_q8_tile *t, int m, int n)
{
    if (t->residual)
        q_tiles(TO_SUM, t, m, n);
    else
        q_tiles(TO_ROWS, t, m, n);
}

static void quads(const at_q8_tile *t, int m, int n)
{
    q_tiles(TO_QUADS, t, m, n);
}

static void floats(const at_q8_tile *t, int m, int n)
{
    q_tiles(TO_FLOATS, t, m, n);
}

/* ---- depthwise 3x3 -------------------------------------------------------------------------------- */

/* Some lanes of the three input rows. */
typedef struct dw_rows {
    const uint8_t *row[3]; /* of the first quad; NULL: all pad */
    ptrdiff_t quad;        /* bytes from one to the next */
    int quads;
    q_b pad;
} dw_rows;

Q_INLINE void dw_fetch(const dw_rows *x, int quad, q_b *out)
{
    const int inside = quad >= 0 && quad < x->quads;

    Q_UNROLL
    for (int ky = 0; ky < 3; ky++)
        out[ky] = inside && x->row[ky] ? q_input(x->row[ky] + quad * x->quad) : x->pad;
}

Q_INLINE q_i dw_dot(q_i acc, const q_b *x, const int8_t *w, const int way)
{
    return q_dot3(acc, x, w + way * AT_Q8_WAY, AT_Q8_TAP);
}

/* Outputs 4 i to 4 i + 3 from quad i and its neighbours. */
Q_INLINE void dw_stride1(q_i first, const q_b *before, const q_b *x, const q_b *after,
                         const int8_t *w, q_i *v)
{
    v[0] = dw_dot(dw_dot(first, x, w, AT_Q8_AT_LEFT), before, w, AT_Q8_BEFORE);
    v[1] = dw_dot(first, x, w, AT_Q8_AT_0);
    v[2] = dw_dot(first, x, w, AT_Q8_AT_1);
    v[3] = dw_dot(dw_dot(first, x, w, AT_Q8_AT_2), after, w, AT_Q8_AFTER);
}

/* Two outputs from a quad and its neighbours. */
Q_INLINE void dw_stride2(q_i first, const int pad_left, const q_b *before, const q_b *x,
                         const q_b *after, const int8_t *w, q_i *v)
{
    if (pad_left) {
        v[0] = dw_dot(dw_dot(first, x, w, AT_Q8_AT_LEFT), before, w, AT_Q8_BEFORE);
        v[1] = dw_dot(first, x, w, AT_Q8_AT_1);
    } else {
        v[0] = dw_dot(first, x, w, AT_Q8_AT_0);
        v[1] = dw_dot(dw_dot(first, x, w, AT_Q8_AT_2), after, w, AT_Q8_AFTER);
    }
}

Q_INLINE void dw_finish(const int to, const at_q8_dw *d, int ch, int ox, const q_i *sum, void *y)
{
    const ptrdiff_t at = (ptrdiff_t)ox * d->c + ch;
    const float *scale = d->q.scale + ch;
    q_i v[4];

    if (to == TO_FLOATS) {
        for (int r = 0; r < 4 && ox + r < d->ow; r++)
            q_floats(sum[r], scale, -INFINITY, INFINITY, (float *)y + at + (ptrdiff_t)r * d->c);
        return;
    }
    Q_UNROLL
    for (int r = 0; r < 4; r++)
        v[r] = q_scale(sum[r], scale);
    q_store_rows(q_pack(v[0], v[1], v[2], v[3], d->q.zero), d->ow - ox, (uint8_t *)y + at, d->c);
}

/* All outputs of the lanes from channel ch. */
Q_INLINE void dw_lanes(const int to, const int stride, const int pad_left, const at_q8_dw *d,
                       int ch, const dw_rows *x, void *y)
{
    const int8_t *w = d->weight + (ptrdiff_t)(ch / AT_Q8_GROUP) * AT_Q8_DW_GROUP +
                      ch % AT_Q8_GROUP * 4;
    const q_i first = q_start(d->q.bias + ch, d->q.sum + ch);
    q_b quad[4][3];
    q_i v[4];

    dw_fetch(x, -1, quad[0]);
    dw_fetch(x, 0, quad[1]);
    for (int ox = 0, q = 1; ox < d->ow; ox += 4) {
        dw_fetch(x, q++, quad[2]);
        if (stride == 1) {
            dw_stride1(first, quad[0], quad[1], quad[2], w, v);
        } else {
            dw_fetch(x, q++, quad[3]);
            dw_stride2(first, pad_left, quad[0], quad[1], quad[2], w, v);
            dw_stride2(first, pad_left, quad[1], quad[2], quad[3], w, v + 2);
        }
        Q_UNROLL
        for (int ky = 0; ky < 3; ky++) {
            quad[0][ky] = quad[stride][ky];
            quad[1][ky] = quad[stride + 1][ky];
        }
        dw_finish(to, d, ch, ox, v, y);
    }
}

Q_INLINE void dw_any(const int to, const at_q8_dw *d, const uint8_t *const row[3], void *y)
{
    for (int ch = 0; ch < d->c; ch += Q_LANES) {
        dw_rows x = {.quad = 4 * (ptrdiff_t)d->c, .quads = (d->w + 3) / 4, .pad = q_fill(d->pad)};
        for (int ky = 0; ky < 3; ky++)
            x.row[ky] = row[ky] ? row[ky] + 4 * ch : NULL;
        if (d->stride == 1)
            dw_lanes(to, 1, 1, d, ch, &x, y);
        else if (d->pad_left)
            dw_lanes(to, 2, 1, d, ch, &x, y);
        else
            dw_lanes(to, 2, 0, d, ch, &x, y);
    }
}

static void dw_row(const at_q8_dw *d, const uint8_t *const row[3], uint8_t *y)
{
    dw_any(TO_ROWS, d, row, y);
}

static void dw_row_floats(const at_q8_dw *d, const uint8_t *const row[3], float *y)
{
    dw_any(TO_FLOATS, d, row, y);
}

const at_q8_kernels Q_TABLE = {.name = Q_NAME,
                               .mr = Q_MR,
                               .nr = Q_NV * Q_LANES,
                               .rows = rows,
                               .quads = quads,
                               .floats = floats,
                               .dw_row = dw_row,
                               .dw_row_floats = dw_row_floats};

#endif
