/* bench.c - runs benchmarks in rounds, and makes the report.
 *
 * Runs of the same benchmark lie apart: a round takes each benchmark in turn for a share of its
 * time, so that a machine that is busy for a while disturbs all of them a little and none for good.
 * The peak is measured in the same rounds; a share of it compares medians.
 */
#include "bench/bench.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_SECONDS 2
#define DEFAULT_ROUNDS  5
/* Runs before the clock starts: the first finds out how much memory a pass takes, the second gets it
 * in one piece (base/mem.h). */
#define WARM_UP 2

static const at_bench benches[] = {
    {"fma-peak", "multiply-adds on registers alone: the most these cores can do", "GFLOP/s",
     AT_BENCH_GFLOPS, 0, 0, at_bench_peak_create, at_bench_peak_run, at_bench_peak_destroy},
    {"mobilenet-224", "face stream at 224 px with ImageNet's 1000 classes, one picture", "ms/image",
     AT_BENCH_MS, 224, 0, at_bench_face_create, at_bench_face_run, at_bench_face_destroy},
    {"mobilenet-112", "the same at 112 px, the size that sessions use", "ms/image", AT_BENCH_MS,
     112, 0, at_bench_face_create, at_bench_face_run, at_bench_face_destroy},
    {"mobilenet-spatial-112", "the same with a spatial encoder of one layer, 96 wide, 4 heads",
     "ms/image", AT_BENCH_MS, 112, 0, at_bench_spatial_create, at_bench_face_run,
     at_bench_face_destroy},
    {"train-mobilenet-112", "forward, backward and AdamW, batches of 32 at 112 px", "images/s",
     AT_BENCH_RATE, 112, 0, at_bench_train_create, at_bench_train_run, at_bench_train_destroy},
    {"train-mixed-112", "the same in mixed precision, with its loss scale", "images/s",
     AT_BENCH_RATE, 112, 0, at_bench_train_mixed_create, at_bench_train_run,
     at_bench_train_destroy},
    {"bilstm-train", "forward and backward, 64 inputs, 2 layers of 2x128, 300 steps, batch 32",
     "ms", AT_BENCH_MS, 0, 0, at_bench_bilstm_create, at_bench_train_run, at_bench_train_destroy},
    {"detector-320", "faces in a picture of 640x480, searched at 320 px", "ms/image", AT_BENCH_MS,
     320, 0, at_bench_detector_create, at_bench_detector_run, at_bench_detector_destroy},
    {"features", "denoising, voice activity and features of 3 s of sound", "ms", AT_BENCH_MS, 0, 1,
     at_bench_features_create, at_bench_features_run, at_bench_features_destroy},
    {"analyze", "a whole clip, from its file to the last window", "x real time", AT_BENCH_RATE, 0,
     0, at_bench_analyze_create, at_bench_analyze_run, at_bench_analyze_destroy},
    {"batch-face", "faces of 32 windows through the face stream, a picture each at 112 px",
     "ms/batch", AT_BENCH_MS, 112, 0, at_bench_batch_face, at_bench_batch_run,
     at_bench_batch_destroy},
    {"batch-face-224", "the same at 224 px", "ms/batch", AT_BENCH_MS, 224, 0, at_bench_batch_face,
     at_bench_batch_run, at_bench_batch_destroy},
    {"batch-voice", "voices of 32 windows of 3 s through the voice stream", "ms/batch", AT_BENCH_MS,
     0, 0, at_bench_batch_voice, at_bench_batch_run, at_bench_batch_destroy},
    {"batch-fused", "both at 112 px, and the fusion", "ms/batch", AT_BENCH_MS, 112, 0,
     at_bench_batch_fused, at_bench_batch_run, at_bench_batch_destroy},
};

enum { BENCHES = sizeof benches / sizeof benches[0] };

const char *attune_bench_name(int i, const char **about, const char **unit)
{
    if (i < 0 || i >= BENCHES)
        return NULL;
    if (about)
        *about = benches[i].about;
    if (unit)
        *unit = benches[i].unit_name;
    return benches[i].name;
}

/* ---- what is to be done ---------------------------------------------------------------------- */

/* A benchmark with a number of threads, and its times so far. */
typedef struct series {
    const at_bench *bench;
    int threads;
    at_bench_work work;
    double *wall, *cpu; /* (n) seconds, sorted at the end */
    int n, capacity;
    int status; /* of the first failure; the series is left out from there on */
    attune_error err;
} series;

typedef struct session {
    const attune_bench_options *o;
    series list[ATTUNE_BENCH_RESULTS];
    int count;
    double seconds; /* of a series in one round */
    int rounds;
    at_pool *pool[3]; /* by number of threads; the last: any other number */
    at_weights *weights;
    double start;
} session;

static int wanted(const attune_bench_options *o, const at_bench *b)
{
    int all = o->n == 0;
    for (int i = 0; i < o->n; i++)
        all |= strcmp(o->names[i], b->name) == 0 || b == &benches[0];
    return all;
}

static int check_names(const attune_bench_options *o, attune_error *err)
{
    for (int i = 0; i < o->n; i++) {
        int known = 0;
        for (int k = 0; k < BENCHES; k++)
            known |= strcmp(o->names[i], benches[k].name) == 0;
        if (!known)
            return at_fail(err, ATTUNE_E_ARG, "no benchmark is called \"%s\"", o->names[i]);
    }
    if (o->threads < 0 || o->threads > 256 || o->rounds < 0 || !(o->seconds >= 0))
        return at_fail(err, ATTUNE_E_ARG, "threads, rounds or seconds out of range");
    return ATTUNE_OK;
}

static void add_series(session *s, const at_bench *b, int threads)
{
    if (s->count < ATTUNE_BENCH_RESULTS)
        s->list[s->count++] = (series){.bench = b, .threads = threads};
}

static void list_series(session *s)
{
    const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < BENCHES; i++) {
        const at_bench *b = &benches[i];
        if (!wanted(s->o, b))
            continue;
        if (b->single || s->o->threads == 0)
            add_series(s, b, 1);
        if (!b->single && (s->o->threads > 0 || cores > 1))
            add_series(s, b, s->o->threads > 0 ? s->o->threads : 2);
    }
}

static int find_pool(session *s, int threads, at_pool **out, attune_error *err)
{
    at_pool **slot = &s->pool[threads <= 2 ? threads - 1 : 2];
    *out = NULL;
    if (threads > 1 && !*slot) {
        int status = at_pool_create(slot, threads, err);
        if (status)
            return status;
    }
    *out = *slot;
    return ATTUNE_OK;
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* Processor time of this process so far, seconds. */
static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int keep(series *r, double wall, double cpu)
{
    if (r->n == r->capacity) {
        int capacity = r->capacity ? 2 * r->capacity : 256;
        double *more_wall = realloc(r->wall, (size_t)capacity * sizeof *r->wall);
        r->wall = more_wall ? more_wall : r->wall;
        double *more_cpu = realloc(r->cpu, (size_t)capacity * sizeof *r->cpu);
        r->cpu = more_cpu ? more_cpu : r->cpu;
        if (!more_wall || !more_cpu)
            return at_fail_nomem(&r->err);
        r->capacity = capacity;
    }
    r->wall[r->n] = wall;
    r->cpu[r->n++] = cpu;
    return ATTUNE_OK;
}

/* One round of one series: made, warmed up, then run for its share of time. */
static int measure(session *s, series *r, const at_kernels *kn)
{
    at_bench_setup setup = {.kn = kn,
                            .variant = r->bench->variant,
                            .weights = s->weights,
                            .threads = r->threads,
                            .model = s->o->model,
                            .clip = s->o->clip,
                            .precision = s->o->precision};
    void *state = NULL;
    int status = find_pool(s, r->threads, &setup.pool, &r->err);

    status = status ? status : r->bench->create(&state, &setup, &r->work, &r->err);
    if (status)
        return status;
    for (int i = s->o->cold ? WARM_UP : 0; i < WARM_UP && !status; i++)
        status = r->bench->run(state, &r->err);
    const double end = at_now() + s->seconds;
    int more = 1;
    while (!status && more) {
        double cpu = cpu_now(), wall = at_now();
        status = r->bench->run(state, &r->err);
        double now = at_now();
        if (!status)
            status = keep(r, now - wall, cpu_now() - cpu);
        more = now < end;
    }
    r->bench->destroy(state);
    return status;
}

static int run_rounds(session *s, const at_kernels *kn, attune_error *err)
{
    for (int round = 0; round < s->rounds; round++)
        for (int i = 0; i < s->count; i++) {
            series *r = &s->list[i];
            if (s->o->progress && s->o->progress(s->o->user, round * s->count + i,
                                                 s->rounds * s->count, r->bench->name))
                return at_fail(err, ATTUNE_E_INTERRUPTED, "interrupted");
            if (!r->status)
                r->status = measure(s, r, kn);
            if (r->status == ATTUNE_E_NOMEM)
                return at_fail_nomem(err);
        }
    return ATTUNE_OK;
}

/* ---- report ---------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts v. */
static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return (v[(n - 1) / 2] + v[n / 2]) / 2;
}

static double in_unit(const series *r, double seconds)
{
    switch (r->bench->unit) {
    case AT_BENCH_MS: return 1e3 * seconds / r->work.items;
    case AT_BENCH_RATE: return r->work.items / seconds;
    case AT_BENCH_GFLOPS: break;
    }
    return 1e-9 * r->work.flops / seconds;
}

/* Mean and standard deviation of the runs, in the unit. */
static void spread(const series *r, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < r->n; i++)
        sum += in_unit(r, r->wall[i]);
    *mean = sum / r->n;
    for (int i = 0; i < r->n; i++) {
        const double off = in_unit(r, r->wall[i]) - *mean;
        squares += off * off;
    }
    *deviation = r->n > 1 ? sqrt(squares / (r->n - 1)) : 0;
}

static void summarise(const series *r, attune_bench_result *out)
{
    *out = (attune_bench_result){.name = r->bench->name,
                                 .unit = r->bench->unit_name,
                                 .threads = r->threads,
                                 .runs = r->n,
                                 .more_is_better = r->bench->unit != AT_BENCH_MS};
    if (r->status || r->n == 0) {
        out->runs = 0;
        snprintf(out->why, sizeof out->why, "%.*s", (int)sizeof out->why - 1, r->err.text);
        return;
    }
    double wall = median(r->wall, r->n);
    out->median = in_unit(r, wall);
    out->best = in_unit(r, r->wall[0]);
    spread(r, &out->mean, &out->deviation);
    out->cpu_ms = 1e3 * median(r->cpu, r->n) / r->work.items;
    out->gflops = 1e-9 * r->work.flops / wall;
}

static void share_of_peak(attune_bench_report *out)
{
    for (int i = 0; i < out->count; i++)
        for (int p = 0; p < out->count; p++) {
            const attune_bench_result *peak = &out->result[p];
            if (strcmp(peak->name, benches[0].name) == 0 && peak->gflops > 0 &&
                peak->threads == out->result[i].threads)
                out->result[i].peak_share = out->result[i].gflops / peak->gflops;
        }
}

static const char *compiler(void)
{
#if defined(__clang__)
    return __VERSION__; /* begins with its name */
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

static void name_processor(char *name, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(name, size, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !value)
            continue;
        snprintf(name, size, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
        break;
    }
    if (f)
        fclose(f);
}

static double load(void)
{
    double mean = 0;
    return getloadavg(&mean, 1) == 1 ? mean : 0;
}

/* ---- public ---------------------------------------------------------------------------------- */

int attune_bench(attune_bench_report *out, const attune_bench_options *o, attune_error *err)
{
    static const attune_bench_options defaults;
    const at_kernels *kn = at_kernels_best();
    session s = {.o = o ? o : &defaults, .start = at_now()};

    *out = (attune_bench_report){.cores = (int)sysconf(_SC_NPROCESSORS_ONLN),
                                 .isa = kn->name,
                                 .compiler = compiler(),
                                 .version = attune_version(),
                                 .load = {load(), 0}};
    name_processor(out->cpu, sizeof out->cpu);
    int status = check_names(s.o, err);
    if (status)
        return status;
    s.rounds = s.o->rounds ? s.o->rounds : DEFAULT_ROUNDS;
    s.seconds = (s.o->seconds > 0 ? s.o->seconds : DEFAULT_SECONDS) / s.rounds;
    list_series(&s);
    status = at_bench_weights(&s.weights, NULL, err);
    status = status ? status : run_rounds(&s, kn, err);

    for (int i = 0; i < s.count; i++) {
        if (!status)
            summarise(&s.list[i], &out->result[out->count++]);
        free(s.list[i].wall);
        free(s.list[i].cpu);
    }
    share_of_peak(out);
    out->load[1] = load();
    out->seconds = at_now() - s.start;
    at_weights_free(&s.weights);
    for (int i = 0; i < 3; i++)
        at_pool_free(&s.pool[i]);
    return status;
}
