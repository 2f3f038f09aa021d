/* bench.h - how fast this build is on this machine. May change between versions; attune.h does not.
 *
 * Naming, errors and ownership as in attune.h. The networks are the real ones with random weights
 * (speed does not depend on them), so no model file is needed; `analyze` alone wants one.
 */
#ifndef ATTUNE_BENCH_H
#define ATTUNE_BENCH_H

#include <attune/attune.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ATTUNE_BENCH_RESULTS = 32 };

/* One benchmark with one number of threads. */
typedef struct attune_bench_result {
    const char *name, *unit; /* static */
    int threads;
    int runs;               /* measured; 0: left out, see why */
    double median, best;    /* over the runs, in the unit */
    double mean, deviation; /* likewise; 0 of a single run */
    int more_is_better;     /* of the unit: best is the largest, else the smallest */
    double cpu_ms;          /* median processor time of all threads, milliseconds an item: a busy
                               * machine disturbs it less */
    double gflops;     /* GFLOP/s at the median, two operations a multiply-add; 0: not counted */
    double peak_share; /* gflops over the measured peak of as many threads; 0: not counted */
    char why[160];     /* why there are no runs */
} attune_bench_result;

typedef struct attune_bench_report {
    char cpu[96];                         /* the processor's own name, or "unknown" */
    int cores;                            /* online */
    const char *isa, *compiler, *version; /* static: of the kernels in use, of this build */
    double load[2]; /* processes that ran or waited, the system's one-minute mean: before, after */
    double seconds; /* all of it took */
    int count;
    attune_bench_result result[ATTUNE_BENCH_RESULTS];
} attune_bench_report;

/* Zero is the default for every field. */
typedef struct attune_bench_options {
    const char *const *names; /* (n) which; n 0: all */
    int n;
    double seconds; /* of measuring for each benchmark and number of threads; 0: 2 */
    int rounds;     /* that it is spread over, one benchmark after the other in each; 0: 5 */
    int cold;       /* 1: the first run counts; 0: two before it, for memory and caches, do not */
    int threads;    /* 0: one and, where they can be shared out, two */
    attune_precision precision; /* of the networks of the face, where they run */
    const char *model;          /* that `analyze` uses; NULL: the default model */
    const char *clip; /* that `analyze` analyses; NULL: the demo clip in the source tree */
    int (*progress)(void *user, double done, double total, const char *name); /* nullable;
                        * non-zero ends with ATTUNE_E_INTERRUPTED */
    void *user;
} attune_bench_options;

/* ATTUNE_E_ARG for a name that is not in the list. fma-peak is measured along with those that are
 * given as a share of it. */
int attune_bench(attune_bench_report *out, const attune_bench_options *o /* nullable */,
                 attune_error *err);

/* The i-th benchmark's name, what it does in a line, its unit; NULL past the end. The last two are
 * nullable. */
const char *attune_bench_name(int i, const char **about, const char **unit);

/* The report as JSON text (free with attune_text_free of eval.h); NULL when memory is out. Keys: cpu
 * cores isa compiler version load[] seconds benchmarks[{name threads unit median best mean deviation cpu_ms runs
 * gflops peak_share}], the last two null where not counted, runs 0 with a "why" where left out. */
char *attune_bench_json(const attune_bench_report *r);

#ifdef __cplusplus
}
#endif
#endif
