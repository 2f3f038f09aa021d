/* bench.h - what a benchmark is. Private to src/bench.
 *
 * A benchmark makes its state, runs it again and again and is torn down, once in every round: so
 * each round has its memory in another place, and only one benchmark's memory is taken at a time.
 */
#ifndef AT_BENCH_BENCH_H
#define AT_BENCH_BENCH_H

#include "base/pool.h"
#include "kernels/kernels.h"
#include "model/spatial.h"
#include "model/visual.h"
#include "tensor/weights.h"

#include <attune/bench.h>

typedef struct at_bench_setup {
    at_pool *pool; /* NULL: one thread */
    const at_kernels *kn;
    int variant;               /* of the benchmark's line: a picture's side */
    const at_weights *weights; /* of both streams, random */
    int threads;               /* of the pool */
    const char *model, *clip;  /* files for analyze; nullable */
    attune_precision precision;
} at_bench_setup;

/* One run's work. */
typedef struct at_bench_work {
    double items; /* pictures, seconds of sound, ... that the unit speaks of */
    double flops; /* 0: not counted */
} at_bench_work;

typedef enum at_bench_unit {
    AT_BENCH_MS,     /* milliseconds an item */
    AT_BENCH_RATE,   /* items a second */
    AT_BENCH_GFLOPS, /* the work itself */
} at_bench_unit;

typedef struct at_bench {
    const char *name, *about, *unit_name;
    at_bench_unit unit;
    int variant;
    int single; /* runs on the caller's thread alone */
    /* work [kept until destroy]: may be set by the first run, if it is not known before. */
    int (*create)(void **state, const at_bench_setup *s, at_bench_work *work, attune_error *err);
    int (*run)(void *state, attune_error *err);
    void (*destroy)(void *state);
} at_bench;

/* nets.c */
int at_bench_peak_create(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err);
int at_bench_peak_run(void *state, attune_error *err);
void at_bench_peak_destroy(void *state);
int at_bench_face_create(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err);
int at_bench_face_run(void *state, attune_error *err);
void at_bench_face_destroy(void *state);
/* The same with a spatial encoder, to be run and destroyed like it. */
int at_bench_spatial_create(void **state, const at_bench_setup *s, at_bench_work *work,
                            attune_error *err);

/* train.c */
int at_bench_train_create(void **state, const at_bench_setup *s, at_bench_work *work,
                          attune_error *err);
/* The same in mixed precision. */
int at_bench_train_mixed_create(void **state, const at_bench_setup *s, at_bench_work *work,
                                attune_error *err);
int at_bench_bilstm_create(void **state, const at_bench_setup *s, at_bench_work *work,
                           attune_error *err);
int at_bench_train_run(void *state, attune_error *err);
void at_bench_train_destroy(void *state);

/* streams.c */
int at_bench_detector_create(void **state, const at_bench_setup *s, at_bench_work *work,
                             attune_error *err);
int at_bench_detector_run(void *state, attune_error *err);
void at_bench_detector_destroy(void *state);
int at_bench_features_create(void **state, const at_bench_setup *s, at_bench_work *work,
                             attune_error *err);
int at_bench_features_run(void *state, attune_error *err);
void at_bench_features_destroy(void *state);

/* batch.c */
int at_bench_batch_face(void **state, const at_bench_setup *s, at_bench_work *work,
                        attune_error *err);
int at_bench_batch_voice(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err);
int at_bench_batch_fused(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err);
int at_bench_batch_run(void *state, attune_error *err);
void at_bench_batch_destroy(void *state);

/* analyze.c */
int at_bench_analyze_create(void **state, const at_bench_setup *s, at_bench_work *work,
                            attune_error *err);
int at_bench_analyze_run(void *state, attune_error *err);
void at_bench_analyze_destroy(void *state);

/* Multiply-adds of MobileNetV2 with a classifier, on side x side pictures (mobilenet.h). */
double at_bench_mobilenet_macs(int side, int classes);
/* v in the precision asked for, as far as speed goes: of random weights any ranges will do. */
int at_bench_quantise(at_visual_net *v, const at_bench_setup *s, attune_error *err);
/* Both streams with random weights, through a file of its own that is gone afterwards. spatial: nullable,
 * the face stream's encoder. */
int at_bench_weights(at_weights **out, const at_encoder_shape *spatial, attune_error *err);

#endif
