/* simd_peak.h - nothing but multiply-adds: what a core can do at most. Part of simd.h. */
#ifndef AT_KERNELS_SIMD_PEAK_H
#define AT_KERNELS_SIMD_PEAK_H

static double fma_peak(int steps)
{
    /* As many chains as the tile has sums: more than any processor needs to hide the latency. */
    enum { CHAINS = AT_MR * AT_NV };
    const v_f shrink = v_set(0.75f), shift = v_set(0.5f);
    v_f chain[CHAINS], total = v_zero();
    volatile float sink;

    AT_UNROLL
    for (int i = 0; i < CHAINS; i++)
        chain[i] = v_set((float)i);
    for (int s = 0; s < steps; s++) {
        AT_UNROLL
        for (int i = 0; i < CHAINS; i++) {
            chain[i] = v_fma(chain[i], shrink, shift);
            V_KEEP(chain[i]);
        }
    }
    AT_UNROLL
    for (int i = 0; i < CHAINS; i++)
        total = v_add(total, chain[i]);
    sink = v_sum(total);
    (void)sink;
    return 2.0 * CHAINS * AT_VW * steps;
}

#endif
