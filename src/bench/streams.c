/* bench_streams.c - the stages that a camera and a microphone keep busy. */
#include "bench/bench.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "dsp/features.h"
#include "vision/detect.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- detector-SIDE ------------------------------------------------------------------------- */

enum { CAMERA_W = 640, CAMERA_H = 480, STEM = 16, WIDTH = 64, MOST_FACES = 16 };

typedef struct finder {
    at_detector *detector;
    at_image picture;
    float weights[WIDTH * WIDTH]; /* random; every array is a part of it */
    float never[AT_DETECT_CHANNELS];
    float range[AT_DETECTOR_UNITS]; /* any will do, of random weights */
    attune_precision precision;
    at_face face[MOST_FACES];
} finder;

static int find_range(const finder *f, const char *part, at_weight *out)
{
    const int n = strcmp(part, "stem") == 0 ? 1 : AT_DETECTOR_UNITS;
    *out = (at_weight){.rank = 1, .dim = {n}, .data = f->range, .count = (size_t)n};
    return f->precision == ATTUNE_PRECISION_INT8;
}

/* Arrays of yunet_n's shapes by name (detect.h): 16 channels up to the first stage, then 64. The
 * heads' biases say that there is no face, so that the decoder's work is a usual picture's. */
static int find_weight(const void *user, const char *name, at_weight *out)
{
    const finder *f = user;
    const char *unit = strchr(name, '.') + 1, *part = strrchr(name, '.') + 1;
    const int head = strncmp(unit, "bbox_head.", 10) == 0 && unit[11] == '.';
    const int first = strncmp(unit, "backbone.model0.", 16) == 0;
    const int stage1 = strncmp(unit, "backbone.model1.", 16) == 0;
    const int narrow = first || (stage1 && strncmp(unit + 16, "conv1.", 6) == 0);
    const int in = first || stage1 ? STEM : WIDTH;
    const int out_channels = head ? AT_DETECT_CHANNELS : narrow ? STEM : WIDTH;

    if (strncmp(unit, "range.", 6) == 0)
        return find_range(f, part, out);
    *out = (at_weight){.name = name, .rank = 1, .dim = {out_channels}, .data = f->weights};
    if (strcmp(part, "weight") == 0) {
        const int stem = strcmp(unit, "backbone.model0.conv1.weight") == 0;
        const int depthwise = strstr(unit, "conv2.weight") != NULL;
        out->rank = 2;
        out->dim[0] = stem ? 27 : depthwise ? 9 : in;
        out->dim[1] = out_channels;
    } else if (head && strstr(unit, "conv2")) {
        out->data = f->never;
    }
    out->count = (size_t)out->dim[0] * (size_t)(out->rank > 1 ? out->dim[1] : 1);
    return 1;
}

void at_bench_detector_destroy(void *state)
{
    finder *f = state;
    at_detector_free(&f->detector);
    at_image_free(&f->picture);
    at_free(f);
}

int at_bench_detector_run(void *state, attune_error *err)
{
    finder *f = state;
    int faces = at_detector_run(f->detector, &f->picture, f->face, MOST_FACES);
    return faces < 0 ? at_fail(err, (attune_status)faces, "the detector failed") : ATTUNE_OK;
}

int at_bench_detector_create(void **state, const at_bench_setup *s, at_bench_work *work,
                             attune_error *err)
{
    const at_detect_options o = {.side = s->variant};
    finder *f = at_calloc(1, sizeof *f);
    at_rng rng;

    if (!f)
        return at_fail_nomem(err);
    at_rng_seed(&rng, 5, 0);
    for (int i = 0; i < WIDTH * WIDTH; i++)
        f->weights[i] = at_rng_range(&rng, -0.1F, 0.1F);
    f->never[0] = f->never[5] = -1000; /* cls and obj */
    f->precision = s->precision;
    for (int i = 0; i < AT_DETECTOR_UNITS; i++)
        f->range[i] = 500;
    const at_weight_source source = {find_weight, f};
    int status = at_detector_create(&f->detector, &source, s->pool, s->kn, &o, err);
    if (!status && at_image_reserve(&f->picture, CAMERA_W, CAMERA_H, 3))
        status = at_fail_nomem(err);
    if (status) {
        at_bench_detector_destroy(f);
        return status;
    }
    for (int y = 0; y < CAMERA_H; y++)
        for (int i = 0; i < 3 * CAMERA_W; i++)
            at_image_at(&f->picture, 0, y)[i] = (uint8_t)at_rng_below(&rng, 256);
    work->items = 1;
    *state = f;
    return ATTUNE_OK;
}

/* ---- features ------------------------------------------------------------------------------ */

enum { SOUND_S = 3, SAMPLES = SOUND_S * AT_SAMPLE_RATE };

/* A buzz that comes and goes four times a second, in noise: enough to make the voice activity
 * detector and the noise suppressor work. */
static void fill_sound(float *pcm, int n)
{
    const double turn = 6.283185307179586;
    at_rng rng;

    at_rng_seed(&rng, 6, 0);
    for (int i = 0; i < n; i++) {
        double t = i / (double)AT_SAMPLE_RATE, buzz = 0;
        for (int k = 1; k <= 8; k++)
            buzz += sin(turn * 140 * k * t) / k;
        pcm[i] = (float)(0.1 * buzz * (sin(turn * 4 * t) > 0)) + 0.01F * at_rng_normal(&rng);
    }
}

int at_bench_features_run(void *state, attune_error *err)
{
    const at_features_options o = {.denoise = 1};
    at_feature_row *rows = NULL;
    size_t n;
    int status = at_features_extract(state, SAMPLES, &o, &rows, &n, err);
    at_free(rows);
    return status;
}

int at_bench_features_create(void **state, const at_bench_setup *s, at_bench_work *work,
                             attune_error *err)
{
    float *pcm = at_alloc(SAMPLES, sizeof *pcm);

    (void)s;
    if (!pcm)
        return at_fail_nomem(err);
    fill_sound(pcm, SAMPLES);
    work->items = 1;
    *state = pcm;
    return ATTUNE_OK;
}

void at_bench_features_destroy(void *state)
{
    at_free(state);
}
