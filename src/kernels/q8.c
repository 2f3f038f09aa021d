/* q8.c - which table of eight-bit kernels runs here, and weights as all of them read them. */
#include "kernels/q8.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cut.h"
#include "kernels/q8_tables.h"

#ifdef AT_HAVE_Q8_NEON_DOTPROD
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#ifdef AT_HAVE_Q8_AVX_VNNI
#include <cpuid.h>

/* Not among what all compilers' __builtin_cpu_supports know. */
static int has_avx_vnni(void)
{
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 4 & 1;
}
#endif

const at_q8_kernels *at_q8_get(at_q8_isa isa)
{
    switch (isa) {
    case AT_Q8_C: return &at_q8_c;
    case AT_Q8_NEON:
#ifdef AT_HAVE_Q8_NEON
        return &at_q8_neon;
#endif
        break;
    case AT_Q8_NEON_DOTPROD:
#ifdef AT_HAVE_Q8_NEON_DOTPROD
        if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
            return &at_q8_neon_dotprod;
#endif
        break;
    case AT_Q8_AVX2:
#ifdef AT_HAVE_Q8_AVX2
        if (__builtin_cpu_supports("avx2"))
            return &at_q8_avx2;
#endif
        break;
    case AT_Q8_AVX_VNNI:
#ifdef AT_HAVE_Q8_AVX_VNNI
        if (has_avx_vnni())
            return &at_q8_avx_vnni;
#endif
        break;
    case AT_Q8_AVX512_VNNI:
#ifdef AT_HAVE_Q8_AVX512_VNNI
        if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl"))
            return &at_q8_avx512_vnni;
#endif
        break;
    case AT_Q8_ISA_COUNT: break;
    }
    return NULL;
}

static const at_q8_kernels *choose(void)
{
    const char *name = getenv("ATTUNE_ISA");
    const at_q8_kernels *best = &at_q8_c;

    for (int isa = 0; isa < AT_Q8_ISA_COUNT; isa++) {
        const at_q8_kernels *kn = at_q8_get((at_q8_isa)isa);
        if (kn && name && !strcmp(kn->name, name))
            return kn;
        if (kn)
            best = kn;
    }
    return best;
}

const at_q8_kernels *at_q8_best(void)
{
    /* Every thread that comes here early chooses the same; the first to store it settles it. */
    static _Atomic(const at_q8_kernels *) chosen;
    const at_q8_kernels *kn = atomic_load_explicit(&chosen, memory_order_acquire);

    if (!kn) {
        const at_q8_kernels *mine = choose();
        if (atomic_compare_exchange_strong(&chosen, &kn, mine))
            kn = mine;
    }
    return kn;
}

/* ---- weights ------------------------------------------------------------------------------------ */

/* Rows that are summed in 16 bits: `count` of them. */
typedef struct summed {
    int row[6], count;
} summed;

/* What the positive ones come to, or the negative ones where that is more. */
static float one_sign(const float *w, int count)
{
    float up = 0, down = 0;

    for (int i = 0; i < count; i++) {
        const float v = w[i];
        up += fmaxf(v, 0);
        down += fmaxf(-v, 0);
    }
    return fmaxf(up, down);
}

enum { MOST = 127, MOST_SUM = 128 /* times 255 is within 16 bits */ };

/* Rows that go together, one of `sums` in each `k_step` rows. */
typedef struct rule {
    const summed *sums;
    int count, k_step;
} rule;

static int rounded(float w, float scale)
{
    return (int)fmaxf(-MOST, fminf(MOST, nearbyintf(w / scale)));
}

/* The largest sum of channel j: of w, or with a scale of what it is rounded to. */
static float most_sum(const rule *r, int k, int n, int j, const float *w, float scale)
{
    float most = 0;

    for (int p = 0; p < k; p += r->k_step)
        for (int i = 0; i < r->count; i++) {
            const summed *s = &r->sums[i];
            float taken[6];
            int count = 0;
            for (; count < s->count && p + s->row[count] < k; count++) {
                const float v = w[(p + s->row[count]) * n + j];
                taken[count] = scale > 0 ? (float)rounded(v, scale) : v;
            }
            most = fmaxf(most, one_sign(taken, count));
        }
    return most;
}

static float channel_scale(const rule *r, int k, int n, int j, const float *w, float least)
{
    float most = 0, scale;

    for (int p = 0; p < k; p++)
        most = fmaxf(most, fabsf(w[p * n + j]));
    scale = fmaxf(fmaxf(most / MOST, most_sum(r, k, n, j, w, 0) / MOST_SUM), fmaxf(least, 1e-20F));
    while (most_sum(r, k, n, j, w, scale) > MOST_SUM) /* rounding may carry one a little over */
        scale *= 1.004F;
    return scale;
}

static void quantise(const rule *r, int k, int n, const float *w, const float *least, int8_t *out,
                     float *scale)
{
    for (int j = 0; j < n; j++) {
        scale[j] = channel_scale(r, k, n, j, w, least[j]);
        for (int p = 0; p < k; p++)
            out[p * n + j] = (int8_t)rounded(w[p * n + j], scale[j]);
    }
}

void at_q8_quantise(int k, int n, const float *w, const float *least, int8_t *out, float *scale)
{
    static const summed pair = {{0, 1}, 2};

    quantise(&(rule){&pair, 1, 2}, k, n, w, least, out, scale);
}

void at_q8_quantise_dw(int n, const float *w, const float *least, int8_t *out, float *scale)
{
    static const summed columns[] = {{{0, 1, 3, 4, 6, 7}, 6}, {{1, 2, 4, 5, 7, 8}, 6}};

    quantise(&(rule){columns, 2, 9}, 9, n, w, least, out, scale);
}

size_t at_q8_packed_bytes(int k, int n)
{
    return (size_t)at_ceil_div(k, 4) * 4 * (size_t)at_ceil_div(n, AT_Q8_GROUP) * AT_Q8_GROUP;
}

void at_q8_pack(int k, int n, const int8_t *w, int8_t *packed)
{
    const size_t panel = at_q8_packed_bytes(k, 1);

    memset(packed, 0, at_q8_packed_bytes(k, n));
    for (int p = 0; p < k; p++)
        for (int j = 0; j < n; j++)
            packed[(size_t)(j / AT_Q8_GROUP) * panel + (size_t)(p / 4) * AT_Q8_TAP +
                   (size_t)(j % AT_Q8_GROUP) * 4 + (size_t)(p % 4)] = w[(size_t)p * n + j];
}

size_t at_q8_packed_dw_bytes(int n)
{
    return (size_t)at_ceil_div(n, AT_Q8_GROUP) * AT_Q8_DW_GROUP;
}

void at_q8_pack_dw(int n, const int8_t *w, int8_t *packed)
{
    /* which column lies in each byte; -1: none */
    static const signed char column[AT_Q8_WAYS][4] = {
        [AT_Q8_AT_LEFT] = {1, 2, -1, -1}, [AT_Q8_BEFORE] = {-1, -1, -1, 0},
        [AT_Q8_AT_0] = {0, 1, 2, -1},     [AT_Q8_AT_1] = {-1, 0, 1, 2},
        [AT_Q8_AT_2] = {-1, -1, 0, 1},    [AT_Q8_AFTER] = {2, -1, -1, -1}};

    memset(packed, 0, at_q8_packed_dw_bytes(n));
    for (int j = 0; j < n; j++) {
        int8_t *to = packed + (size_t)(j / AT_Q8_GROUP) * AT_Q8_DW_GROUP + j % AT_Q8_GROUP * 4;
        for (int way = 0; way < AT_Q8_WAYS; way++)
            for (int ky = 0; ky < 3; ky++)
                for (int b = 0; b < 4; b++)
                    if (column[way][b] >= 0)
                        to[way * AT_Q8_WAY + ky * AT_Q8_TAP + b] =
                            w[(3 * ky + column[way][b]) * n + j];
    }
}
