/* simd_tile.h - the matrix product's register tile. Part of simd.h.
 *
 * AT_MR rows by AT_NV vectors of C stay in registers while k runs; each step loads AT_NV vectors
 * of B, and for each row broadcasts one A. AT_MR * AT_NV independent sums hide the latency of the
 * multiply-adds (Goto & van de Geijn 2008, section 4).
 */
#ifndef AT_KERNELS_SIMD_TILE_H
#define AT_KERNELS_SIMD_TILE_H

/* rows, nv and (where it is 1) a_col are constants after inlining. */
AT_INLINE void tile_body(const int rows, const int nv, int n, int k, const float *a,
                         ptrdiff_t a_row, ptrdiff_t a_col, const float *b, ptrdiff_t b_row,
                         float *c, ptrdiff_t c_row, const at_epilogue *e)
{
    const int last = n - (nv - 1) * AT_VW; /* lanes of the last vector */
    v_f acc[AT_MR][AT_NV];

    AT_UNROLL
    for (int i = 0; i < rows; i++) {
        AT_UNROLL
        for (int j = 0; j < nv; j++)
            acc[i][j] = !e->accumulate ? v_zero()
                        : j < nv - 1   ? v_load(c + i * c_row + j * AT_VW)
                                       : v_load_n(c + i * c_row + j * AT_VW, last);
    }

    /* Every third row has a pointer of its own, the two after it are reached by index: more
     * pointers than that would not fit the integer registers. */
    const float *base[(AT_MR + 2) / 3];
    AT_UNROLL
    for (int i = 0; i < rows; i += 3)
        base[i / 3] = a + i * a_row;

    for (int p = 0; p < k; p++) {
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
        AT_UNROLL
        for (int i = 0; i < rows; i++) {
            v_f v = v_clamp(limits, v_add(acc[i][j], bias));
            if (e->residual && !is_curve(e->act))
                v = v_add(v, v_load_n(e->residual + i * e->residual_row + j * AT_VW, lanes));
            v_store_n(c + i * c_row + j * AT_VW, v, lanes);
        }
    }
}

/* What the clamp could not do, on the stored tile. */
static void tile_curve(int m, int n, float *c, ptrdiff_t c_row, const at_epilogue *e)
{
    for (int i = 0; i < m; i++) {
        float *row = c + i * c_row;
        const float *residual = e->residual ? e->residual + i * e->residual_row : NULL;
        apply_act((size_t)n, e->act, row, row);
        for (int j = 0; residual && j < n; j += AT_VW) {
            int lanes = v_lanes((size_t)n, (size_t)j);
            v_store_n(row + j, v_add(v_load_n(row + j, lanes), v_load_n(residual + j, lanes)),
                      lanes);
        }
    }
}

typedef void tile_fn(int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                     const float *b, ptrdiff_t b_row, float *c, ptrdiff_t c_row,
                     const at_epilogue *e);

/* tile_R_V: R rows by V vectors. */
#define TILE(rows, nv)                                                                             \
    static void tile_##rows##_##nv(int n, int k, const float *a, ptrdiff_t a_row,                  \
                                   ptrdiff_t a_col, const float *b, ptrdiff_t b_row, float *c,     \
                                   ptrdiff_t c_row, const at_epilogue *e)                          \
    {                                                                                              \
        tile_body(rows, nv, n, k, a, a_row, a_col, b, b_row, c, c_row, e);                         \
    }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#if AT_MR > 6
TILES(7) TILES(8)
#endif
#if AT_MR > 8
TILES(9) TILES(10) TILES(11) TILES(12) TILES(13) TILES(14)
#endif

#define TILE_PAIR(rows) {tile_##rows##_1, tile_##rows##_2}
static tile_fn *const tile_table[AT_MR][AT_NV] = {
    TILE_PAIR(1), TILE_PAIR(2), TILE_PAIR(3), TILE_PAIR(4), TILE_PAIR(5), TILE_PAIR(6),
#if AT_MR > 6
    TILE_PAIR(7), TILE_PAIR(8),
#endif
#if AT_MR > 8
    TILE_PAIR(9), TILE_PAIR(10), TILE_PAIR(11), TILE_PAIR(12), TILE_PAIR(13), TILE_PAIR(14),
#endif
};

static void gemm_tile(int m, int n, int k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col,
                      const float *b, ptrdiff_t b_row, float *c, ptrdiff_t c_row,
                      const at_epilogue *e)
{
    tile_table[m - 1][(n - 1) / AT_VW](n, k, a, a_row, a_col, b, b_row, c, c_row, e);
    if (is_curve(e->act))
        tile_curve(m, n, c, c_row, e);
}

#endif
