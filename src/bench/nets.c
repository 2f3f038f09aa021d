/* bench_nets.c - the processor's peak, and the face stream as it runs. */
#include "bench/bench.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "kernels/gemm.h"
#include "model/audio.h"
#include "model/visual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- fma-peak ------------------------------------------------------------------------------ */

enum { PEAK_STEPS = 50000 }; /* about a millisecond */

typedef struct peak {
    at_pool *pool;
    const at_kernels *kn;
} peak;

static void peak_task(void *arg, int task, int thread)
{
    (void)task, (void)thread;
    ((const peak *)arg)->kn->fma_peak(PEAK_STEPS);
}

int at_bench_peak_run(void *state, attune_error *err)
{
    peak *p = state;

    (void)err;
    at_pool_run(p->pool, at_pool_threads(p->pool), peak_task, p);
    return ATTUNE_OK;
}

int at_bench_peak_create(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err)
{
    peak *p = malloc(sizeof *p);
    if (!p)
        return at_fail_nomem(err);
    *p = (peak){s->pool, s->kn};
    work->flops = s->kn->fma_peak(1) * PEAK_STEPS * at_pool_threads(s->pool);
    work->items = 1;
    *state = p;
    return ATTUNE_OK;
}

void at_bench_peak_destroy(void *state)
{
    free(state);
}

/* ---- mobilenet-SIDE ------------------------------------------------------------------------ */

enum { CLASSES = 1000 }; /* of ImageNet: the network that every engine's figures are of */

double at_bench_mobilenet_macs(int side, int classes)
{
    double s = (side + 1) / 2, macs = s * s * 27 * AT_MB_STEM;
    for (int i = 0; i < AT_MB_BLOCKS; i++) {
        const at_mb_block *b = &at_mb_blocks[i];
        macs += b->mid != b->in ? s * s * b->in * b->mid : 0;
        s = b->stride == 2 ? (int)(s + 1) / 2 : s;
        macs += s * s * b->mid * (9 + b->out);
    }
    macs += s * s * at_mb_blocks[AT_MB_BLOCKS - 1].out * AT_MB_FEATURES;
    return macs + (double)AT_MB_FEATURES * classes;
}

enum { VOICE_MEMBERS = 3 }; /* as the default model has */

int at_bench_weights(at_weights **out, const at_encoder_shape *spatial, attune_error *err)
{
    const char *dir = getenv("TMPDIR");
    char path[4096];
    at_params p = {0};
    at_weights_writer *w = NULL;
    at_rng rng;

    snprintf(path, sizeof path, "%.4000s/attune-bench-XXXXXX", dir && *dir ? dir : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        return at_fail(err, ATTUNE_E_IO, "%s: cannot make a temporary file", path);
    at_rng_seed(&rng, 1, 0);
    int status = at_visual_init(&p, &rng, err);
    status = status || !spatial ? status : at_encoder_init(&at_spatial, &p, spatial, &rng, err);
    status = status ? status : at_audio_init(&p, VOICE_MEMBERS, &rng, err);
    status = status ? status : at_weights_writer_create(&w, err);
    for (int i = 0; i < p.count && !status; i++) {
        const at_param *a = p.list[i];
        status = at_weights_put(w, a->name, a->value.rank, a->value.dim, a->value.data, 0);
        if (status)
            at_fail_nomem(err);
    }
    status = status ? status : at_weights_save(w, path, err);
    status = status ? status : at_weights_load(out, path, err);
    unlink(path);
    close(fd);
    at_weights_writer_free(&w);
    at_params_free(&p);
    return status;
}

int at_bench_quantise(at_visual_net *v, const at_bench_setup *s, attune_error *err)
{
    at_mb_ranges r;
    if (s->precision != ATTUNE_PRECISION_INT8)
        return ATTUNE_OK;
    for (int i = 0; i < AT_MB_BLOCKS; i++) {
        r.widened[i] = r.depthwise[i] = 6;
        r.map[i] = 20;
    }
    return at_visual_quantise(v, s->weights, &r, err);
}

typedef struct face {
    at_pool *pool;
    const at_kernels *kn;
    at_visual_net *net;
    int side;
    uint8_t *picture;
    float *workspace, *classifier, *bias, *logits;
    at_visual_result result;
} face;

void at_bench_face_destroy(void *state)
{
    face *f = state;
    at_visual_free(&f->net);
    at_free(f->picture);
    at_free(f->workspace);
    at_free(f->classifier);
    at_free(f->bias);
    at_free(f->logits);
    at_free(f);
}

/* The face stream's own heads are next to nothing; with this it does all that its peers do. */
int at_bench_face_run(void *state, attune_error *err)
{
    face *f = state;
    at_epilogue e = {.bias = f->bias};

    (void)err;
    at_visual_run(f->net, f->pool, f->picture, f->side, AT_AS_IT_IS, f->workspace, &f->result);
    at_gemm_packed(f->pool, f->kn, 1, CLASSES, AT_VISUAL_EMBED, f->result.embedding,
                   AT_VISUAL_EMBED, 1, f->classifier, f->logits, CLASSES, &e);
    return ATTUNE_OK;
}

int at_bench_face_create(void **state, const at_bench_setup *s, at_bench_work *work,
                         attune_error *err)
{
    size_t pixels = (size_t)s->variant * s->variant;
    size_t packed = at_gemm_packed_floats(s->kn, AT_VISUAL_EMBED, CLASSES);
    face *f = at_calloc(1, sizeof *f);
    at_rng rng;

    if (!f)
        return at_fail_nomem(err);
    *f = (face){.pool = s->pool, .kn = s->kn, .side = s->variant};
    int status = at_visual_freeze(&f->net, s->weights, s->kn, err);
    status = status ? status : at_bench_quantise(f->net, s, err);
    if (!status) {
        f->picture = at_alloc(pixels, 3);
        f->workspace = at_alloc(at_visual_workspace(f->net, s->pool, s->variant), sizeof(float));
        f->classifier = at_alloc(packed, sizeof(float));
        f->bias = at_calloc(CLASSES, sizeof(float));
        f->logits = at_alloc(CLASSES, sizeof(float));
        if (!f->picture || !f->workspace || !f->classifier || !f->bias || !f->logits)
            status = at_fail_nomem(err);
    }
    if (status) {
        at_bench_face_destroy(f);
        return status;
    }
    at_rng_seed(&rng, 2, 0);
    for (size_t i = 0; i < 3 * pixels; i++)
        f->picture[i] = (uint8_t)at_rng_below(&rng, 256);
    for (size_t i = 0; i < packed; i++)
        f->classifier[i] = at_rng_range(&rng, -0.03F, 0.03F);
    work->items = 1;
    work->flops = 2 * at_bench_mobilenet_macs(s->variant, CLASSES);
    *state = f;
    return ATTUNE_OK;
}

int at_bench_spatial_create(void **state, const at_bench_setup *s, at_bench_work *work,
                            attune_error *err)
{
    static const at_encoder_shape shape = {.layers = 1, .width = 96, .heads = 4};
    at_weights *w = NULL;
    at_bench_setup with = *s;
    int status = at_bench_weights(&w, &shape, err);
    with.weights = w;
    status = status ? status : at_bench_face_create(state, &with, work, err);
    at_weights_free(&w);
    return status;
}
