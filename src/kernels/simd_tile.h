/* simd_tile.h - the matrix product's register tile. Part of simd.h.
 *
 * AT_MR rows by AT_NV vectors of C stay in registers while k runs; each step loads AT_NV vectors
 * of B, and for each row broadcasts one A. AT_MR * AT_NV independent sums hide the latency of the
 * multiply-adds (Goto & van de Geijn 2008, section 4).
 */
#ifndef AT_KERNELS_SIMD_TILE_H
#define AT_KERNELS_SIMD_TILE_H

#define CACHE_LINE 16 /* floats */

/* The row after `row` of C. How it was found is hidden: a compiler that sees through it keeps the address
 * of every row from the first use to the last, and the moves that this takes, a fifth of a short tile's
 * instructions, hold up the multiply-adds of the next tile. */
AT_INLINE float *next_row(float *row, ptrdiff_t c_row)
{
    row += c_row;
    __asm__("" : "+r"(row));
    return row;
}

/* rows and nv are constants after inlining. C = clamp(A * B + bias); what more the epilogue asks
 * for is left to finish_tile. */
AT_INLINE void tile_body(const int rows, const int nv, int n, int k, const float *a,
                         ptrdiff_t a_row, ptrdiff_t a_col, const float *b, ptrdiff_t b_row,
                         float *c, ptrdiff_t c_row, const at_epilogue *e)
{
    const int tail = (nv - 1) * AT_VW, last = n - tail; /* lanes of the last vector */
    v_f acc[AT_MR][AT_NV];

    AT_UNROLL
    for (int i = 0; i < rows; i++) {
        AT_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] = v_zero();
    }
    if (e->accumulate) {
        float *from = c;
        AT_UNROLL
        for (int i = 0; i < rows; i++, from = next_row(from, c_row)) {
            AT_UNROLL
            for (int j = 0; j < nv - 1; j++)
                acc[i][j] = v_load(from + j * AT_VW);
            acc[i][nv - 1] = v_load_n(from + tail, last);
        }
    }

    /* Every third row has a pointer of its own, the two after it are reached by index: more
     * pointers than that would not fit the integer registers. */
    const float *base[(AT_MR + 2) / 3];
    AT_UNROLL
    for (int i = 0; i < rows; i += 3)
        base[i / 3] = a + i * a_row;

    /* Short pieces of rows that lie far apart: no processor foresees that. They come while k runs. */
    float *soon = c;
    AT_UNROLL
    for (int i = 0; i < rows; i++, soon = next_row(soon, c_row)) {
        AT_UNROLL
        for (int j = 0; j < nv; j++)
            __builtin_prefetch(soon + j * AT_VW, 1);
    }

    /* Without, what is read anyhow is asked for: that takes no time, where a branch would. */
    const ptrdiff_t next = e->next ? e->next - b : 0;

    for (int p = 0; p < k; p++) {
        AT_UNROLL
        for (int j = 0; j < nv * AT_VW; j += CACHE_LINE)
            __builtin_prefetch(b + next + j, 0, 2);
        v_f bv[AT_NV];
        AT_UNROLL
        for (int j = 0; j < nv; j++) {
            bv[j] = v_load(b + j * AT_VW);
            V_KEEP(bv[j]);
        }
        b += b_row;
        AT_UNROLL
        for (int i = 0; i < rows; i++) {
            v_f av = v_set(base[i / 3][i % 3 * a_row]);
            AT_UNROLL
            for (int j = 0; j < nv; j++)
                acc[i][j] = v_fma(av, bv[j], acc[i][j]);
        }
        AT_UNROLL
        for (int i = 0; i < rows; i += 3)
            base[i / 3] += a_col;
    }

    const clamp limits = clamp_of(e->act);
    AT_UNROLL
    for (int j = 0; j < nv; j++) {
        const int lanes = j < nv - 1 ? AT_VW : last;
        v_f bias = e->bias ? v_load_n(e->bias + j * AT_VW, lanes) : v_zero();
        float *to = c + j * AT_VW;
        if (lanes == AT_VW) {
            AT_UNROLL
            for (int i = 0; i < rows; i++, to = next_row(to, c_row))
                v_store(to, v_clamp(limits, v_add(acc[i][j], bias)));
        } else {
            AT_UNROLL
            for (int i = 0; i < rows; i++, to = next_row(to, c_row))
                v_store_n(to, v_clamp(limits, v_add(acc[i][j], bias)), lanes);
        }
    }
}

/* Activations that are no clamp, and the residual, on the stored tile. */
static void finish_tile(int m, int n, float *c, ptrdiff_t c_row, const at_epilogue *e)
{
    for (int i = 0; i < m; i++, c += c_row) {
        if (is_curve(e->act))
            apply_act((size_t)n, e->act, c, c);
        for (int j = 0; e->residual && j < n; j += AT_VW) {
            const float *residual = e->residual + i * e->residual_row + j;
            int lanes = v_lanes((size_t)n, (size_t)j);
            v_store_n(c + j, v_add(v_load_n(c + j, lanes), v_load_n(residual, lanes)), lanes);
        }
    }
}

typedef void tile_fn(int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col, const float *b,
                     ptrdiff_t b_row, float *c, ptrdiff_t c_row, const at_epilogue *e);

/* clang-format off */
#if AT_MR == 6
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6)
#elif AT_MR == 8
#define EACH_HEIGHT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#elif AT_MR == 14
#define EACH_HEIGHT(X) \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#endif

/* tile_R_V: R rows by V vectors. */
#define TILE(rows, nv)                                                                             \
    static void tile_##rows##_##nv(int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col, \
                                   const float *b, ptrdiff_t b_row, float *c, ptrdiff_t c_row,     \
                                   const at_epilogue *e)                                           \
    {                                                                                              \
        tile_body(rows, nv, n, k, a, a_row, a_col, b, b_row, c, c_row, e);                         \
    }
#define TILE_PAIR(rows)     TILE(rows, 1) TILE(rows, 2)
#define TILE_POINTERS(rows) {tile_##rows##_1, tile_##rows##_2},

EACH_HEIGHT(TILE_PAIR)

static tile_fn *const tile_table[AT_MR][AT_NV] = {EACH_HEIGHT(TILE_POINTERS)};
/* clang-format on */

static void gemm_tile(int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                      const float *b, ptrdiff_t b_row, float *c, ptrdiff_t c_row,
                      const at_epilogue *e)
{
    tile_table[m - 1][(n - 1) / AT_VW](n, k, a, a_row, a_col, b, b_row, c, c_row, e);
    if (is_curve(e->act) || e->residual)
        finish_tile(m, n, c, c_row, e);
}

#endif
