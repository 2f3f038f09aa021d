/* kernels.c - which table runs here. */
#include "kernels/kernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/tables.h"

/* AT_HAVE_<ISA> come from the build: the compiler can make that table. */

const at_kernels *at_kernels_get(at_isa isa)
{
    switch (isa) {
    case AT_ISA_C: return &at_kernels_c;
    case AT_ISA_NEON:
#ifdef AT_HAVE_NEON /* part of every AArch64 processor */
        return &at_kernels_neon;
#endif
        break;
    case AT_ISA_AVX2: /* the checks cover the operating system's support (xgetbv) too */
#ifdef AT_HAVE_AVX2
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
            return &at_kernels_avx2;
#endif
        break;
    case AT_ISA_AVX512:
#ifdef AT_HAVE_AVX512
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
            return &at_kernels_avx512;
#endif
        break;
    case AT_ISA_COUNT: break;
    }
    return NULL;
}

static const at_kernels *choose(void)
{
    const char *name = getenv("ATTUNE_ISA");
    const at_kernels *best = &at_kernels_c;

    for (int isa = 0; isa < AT_ISA_COUNT; isa++) {
        const at_kernels *kn = at_kernels_get((at_isa)isa);
        if (kn && name && !strcmp(kn->name, name))
            return kn;
        if (kn)
            best = kn;
    }
    return best;
}

const at_kernels *at_kernels_best(void)
{
    /* Every thread that comes here early chooses the same; the first to store it settles it. */
    static _Atomic(const at_kernels *) chosen;
    const at_kernels *kn = atomic_load_explicit(&chosen, memory_order_acquire);

    if (!kn) {
        const at_kernels *mine = choose();
        if (atomic_compare_exchange_strong(&chosen, &kn, mine))
            kn = mine;
    }
    return kn;
}
