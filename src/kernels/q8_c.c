/* q8_c.c - the eight-bit table in portable C: what runs on a processor that has nothing better, and
 * the reference that every other table is tested against. Meaning and shapes: q8.h. */
#include <math.h>

#include "kernels/q8_tables.h"

enum { MR = 4, NR = AT_Q8_GROUP };

static uint8_t byte_of(int32_t sum, float scale, int zero)
{
    const int32_t v = (int32_t)lrintf((float)sum * scale) + zero;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static int32_t product(const at_q8_tile *t, int i, int j)
{
    const uint8_t *a = t->a + i * t->pixel;
    const int8_t *b = t->b + j / AT_Q8_GROUP * t->panel + j % AT_Q8_GROUP * 4;
    int32_t sum = t->q.bias[j];

    for (int s = 0; s < t->segments; s++, a += t->segment)
        for (int p = 0; p < t->quads; p++, b += AT_Q8_TAP)
            for (int k = 0; k < 4; k++)
                sum += a[4 * p + k] * b[k];
    return sum;
}

static void rows(const at_q8_tile *t, int m, int n)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            t->c[i * t->c_step + j] =
                byte_of(product(t, i, j), t->q.scale[j],
                        t->residual ? t->residual[i * t->c_step + j] : t->q.zero);
}

static void quads(const at_q8_tile *t, int m, int n)
{
    for (int i = 0; i < (m + 3) / 4 * 4; i++)
        for (int j = 0; j < n; j++)
            t->c[i / 4 * t->c_step + 4 * j + i % 4] =
                i < m ? byte_of(product(t, i, j), t->q.scale[j], t->q.zero) : (uint8_t)t->q.zero;
}

static void floats(const at_q8_tile *t, int m, int n)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            t->f[i * t->c_step + j] =
                fminf(t->hi, fmaxf(t->lo, (float)product(t, i, j) * t->q.scale[j]));
}

/* Channel ch of the input at column ix. */
static int input(const at_q8_dw *d, const uint8_t *row, int ix, int ch)
{
    return row && ix >= 0 && ix < d->w ? row[((ptrdiff_t)(ix / 4) * d->c + ch) * 4 + ix % 4]
                                       : d->pad;
}

static int32_t window(const at_q8_dw *d, const uint8_t *const row[3], int ox, int ch)
{
    const int8_t *w = d->weight + (ptrdiff_t)(ch / AT_Q8_GROUP) * AT_Q8_DW_GROUP +
                      AT_Q8_AT_0 * AT_Q8_WAY + ch % AT_Q8_GROUP * 4;
    int32_t sum = d->q.bias[ch];

    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++)
            sum += input(d, row[ky], ox * d->stride - d->pad_left + kx, ch) *
                   w[ky * AT_Q8_TAP + kx];
    return sum;
}

static void dw_row(const at_q8_dw *d, const uint8_t *const row[3], uint8_t *y)
{
    for (int ox = 0; ox < d->ow; ox++, y += d->c)
        for (int ch = 0; ch < d->c; ch++)
            y[ch] = byte_of(window(d, row, ox, ch), d->q.scale[ch], d->q.zero);
}

static void dw_row_floats(const at_q8_dw *d, const uint8_t *const row[3], float *y)
{
    for (int ox = 0; ox < d->ow; ox++, y += d->c)
        for (int ch = 0; ch < d->c; ch++)
            y[ch] = (float)window(d, row, ox, ch) * d->q.scale[ch];
}

const at_q8_kernels at_q8_c = {.name = "c",
                               .mr = MR,
                               .nr = NR,
                               .rows = rows,
                               .quads = quads,
                               .floats = floats,
                               .dw_row = dw_row,
                               .dw_row_floats = dw_row_floats};
