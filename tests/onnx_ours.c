/* What attune itself computes of made-up inputs, for other engines to be held to (cli_onnx.py):
 *
 *     onnx_ours answer MODEL DIR   inputs and answers as files of little-endian f32 in DIR; cases.txt has a line
 *                                  each: "case FILE", then "in|out NAME FILE SIZE..." of all its tensors
 *     onnx_ours make OUT FUSION [PART...]   a model with made-up weights of that fusion, and of the parts that are
 *                                  named: networks (of the face, with encoders over space and over time and a head of
 *                                  the dominant state, and of the voice), and signal, chat: the fusion hears them (unnamed: the
 *                                  signal's columns have no names)
 *
 *     onnx_ours run FILE SIDE IN OUT   the network of somebody else's ONNX file on the floats of IN: its first
 *                                  output into OUT, and its shape and the input's on stdout; SIDE: of a picture
 *                                  whose size is free
 *
 * A model's parts are run as a session runs them. */
#include "fusion/parts.h"
#include "fusion/stream.h"
#include "model/audio.h"
#include "base/file.h"
#include "model/visual.h"
#include "onnx/net.h"
#include "signal/embed.h"
#include "tensor/weights.h"
#include "vision/detect.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct run {
    const at_weights *w;
    const char *dir;
    FILE *list;
    int files;
    at_rng rng;
} run;

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "onnx_ours: %s\n", what);
    exit(1);
}

static float *floats(size_t n)
{
    float *p = calloc(n, sizeof *p);
    must(p != NULL, "memory is out");
    return p;
}

/* ---- files ---------------------------------------------------------------------------------- */

static void put(run *r, const char *way, const char *name, const float *x, int rank, ...)
{
    char path[4096];
    size_t n = 1;
    va_list sizes;

    fprintf(r->list, "%s %s %d.f32", way, name, r->files);
    va_start(sizes, rank);
    for (int i = 0; i < rank; i++) {
        const int size = va_arg(sizes, int);
        fprintf(r->list, " %d", size);
        n *= (size_t)size;
    }
    va_end(sizes);
    fputc('\n', r->list);
    snprintf(path, sizeof path, "%s/%d.f32", r->dir, r->files++);
    FILE *f = fopen(path, "wb");
    must(f && fwrite(x, sizeof *x, n, f) == n && fclose(f) == 0, path);
}

static void begin_case(const run *r, const char *file)
{
    fprintf(r->list, "case %s\n", file);
}

/* (h,w,c) as (c,h,w) */
static void planes(const float *x, int h, int w, int c, float *y)
{
    for (int i = 0; i < h * w; i++)
        for (int k = 0; k < c; k++)
            y[k * h * w + i] = x[i * c + k];
}

/* ---- the detector ----------------------------------------------------------------------------- */

static void detect(run *r, int h, int w)
{
    static const char *const names[] = {"cells8", "cells16", "cells32"};
    const at_weight_source source = at_weights_source(r->w);
    const float *head[AT_DETECT_LEVELS];
    float *x = floats((size_t)h * w * 3), *y = floats((size_t)h * w * 3);
    at_detector *d;

    for (int i = 0; i < h * w * 3; i++)
        x[i] = floorf(at_rng_range(&r->rng, 0, 256));
    must(!at_detector_create(&d, &source, NULL, at_kernels_best(), NULL, NULL), "detector");
    must(!at_detector_heads(d, x, h, w, head), "detector");
    begin_case(r, "detector.onnx");
    planes(x, h, w, 3, y);
    put(r, "in", "picture", y, 4, 1, 3, h, w);
    for (int l = 0; l < AT_DETECT_LEVELS; l++) {
        const int rows = h >> (3 + l), columns = w >> (3 + l);
        planes(head[l], rows, columns, AT_DETECT_CHANNELS, y);
        put(r, "out", names[l], y, 4, 1, AT_DETECT_CHANNELS, rows, columns);
    }
    at_detector_free(&d);
    free(x);
    free(y);
}

/* ---- the face --------------------------------------------------------------------------------- */

enum { FACES = 3, SIDE = AT_FACE_SIZE, PIXELS = SIDE * SIDE * 3 };

/* Of picture i: noise, smooth shades, and one of both. */
static void draw(run *r, int i, uint8_t *face)
{
    for (int k = 0; k < PIXELS; k++) {
        const double shade = 127.5 +
                             120 * sin(0.02 * (k % (3 * SIDE)) * (i + 1) + k / (9.0 * SIDE));
        const double noise = at_rng_range(&r->rng, 0, 255);
        face[k] = (uint8_t)(i == 0 ? noise : i == 1 ? shade : 0.5 * (noise + shade));
    }
}

static void put_results(run *r, const at_visual_result *of, const char *name, size_t at, int n)
{
    float *all = floats((size_t)FACES * n);
    for (int i = 0; i < FACES; i++)
        memcpy(all + (size_t)i * n, (const char *)&of[i] + at, (size_t)n * sizeof *all);
    if (!isnan(all[0])) /* the model has no such head */
        put(r, "out", name, all, 2, FACES, n);
    free(all);
}

#define PUT_RESULTS(r, of, what, n) put_results(r, of, #what, offsetof(at_visual_result, what), n)

static void see(run *r)
{
    static at_visual_result result[FACES];
    static uint8_t face[PIXELS];
    float *all = floats((size_t)FACES * PIXELS), *one = floats(PIXELS);
    at_visual_net *net;

    must(!at_visual_freeze(&net, r->w, at_kernels_best(), NULL), "face");
    float *workspace = at_alloc(at_visual_workspace(net, NULL, SIDE), sizeof *workspace);
    must(workspace != NULL, "memory is out");
    for (int i = 0; i < FACES; i++) {
        draw(r, i, face);
        at_visual_run(net, NULL, face, SIDE, AT_AS_IT_IS, workspace, &result[i]);
        for (int k = 0; k < PIXELS; k++)
            one[k] = ((float)face[k] - 127.5f) / 127.5f;
        planes(one, SIDE, SIDE, 3, all + (size_t)i * PIXELS);
    }
    begin_case(r, "face.onnx");
    put(r, "in", "face", all, 4, FACES, 3, SIDE, SIDE);
    PUT_RESULTS(r, result, embedding, AT_VISUAL_EMBED);
    PUT_RESULTS(r, result, expression, AT_FACE_CLASSES);
    PUT_RESULTS(r, result, basic, AT_BASIC_CLASSES);
    PUT_RESULTS(r, result, state, ATTUNE_STATES * AT_THRESHOLDS);
    PUT_RESULTS(r, result, engagement, ATTUNE_ENGAGEMENTS);
    PUT_RESULTS(r, result, covered, 1);
    PUT_RESULTS(r, result, units, ATTUNE_UNITS);
    PUT_RESULTS(r, result, pose, AT_POSE_AXES);
    PUT_RESULTS(r, result, dominant, ATTUNE_STATES);
    at_visual_free(&net);
    at_free(workspace);
    free(all);
    free(one);
}

/* ---- the face over time -------------------------------------------------------------------------- */

enum { FILMS = 3 };

static void look_over_time(run *r, int frames)
{
    const int values = frames * AT_VISUAL_EMBED;
    float *token = floats((size_t)FILMS * values), *seconds = floats((size_t)FILMS * frames);
    float expression[FILMS * AT_FACE_CLASSES], basic[FILMS * AT_BASIC_CLASSES];
    int64_t t_us[64];
    at_visual_net *net;

    must(!at_visual_freeze(&net, r->w, at_kernels_best(), NULL), "face");
    float *workspace = at_alloc(at_visual_time_workspace(net, frames), sizeof *workspace);
    must(workspace && frames <= 64, "memory is out");
    for (int i = 0; i < FILMS * values; i++)
        token[i] = fabsf(at_rng_normal(&r->rng));
    for (int i = 0; i < FILMS; i++) {
        static at_visual_result mean;
        memset(&mean, 0, sizeof mean);
        for (int k = 0; k < frames; k++) {
            const int64_t step = (int64_t)at_rng_range(&r->rng, 0, 3e6f / (float)frames);
            t_us[k] = (k ? t_us[k - 1] : 7000000) + step;
            seconds[i * frames + k] = (float)(t_us[k] - 6000000) / 1e6f;
        }
        at_visual_over_time(net, NULL, token + (size_t)i * values, t_us, frames, workspace, &mean);
        memcpy(expression + i * AT_FACE_CLASSES, mean.expression, sizeof mean.expression);
        memcpy(basic + i * AT_BASIC_CLASSES, mean.basic, sizeof mean.basic);
    }
    begin_case(r, "temporal.onnx");
    put(r, "in", "embeddings", token, 3, FILMS, frames, AT_VISUAL_EMBED);
    put(r, "in", "times", seconds, 2, FILMS, frames);
    put(r, "out", "expression", expression, 2, FILMS, AT_FACE_CLASSES);
    put(r, "out", "basic", basic, 2, FILMS, AT_BASIC_CLASSES);
    at_visual_free(&net);
    at_free(workspace);
    free(token);
    free(seconds);
}

/* ---- the voice -------------------------------------------------------------------------------- */

enum { SPEAKERS = 2 };

static void keep(const void *from, float *to, int speaker, int n)
{
    memcpy(to + (size_t)speaker * n, from, (size_t)n * sizeof *to);
}

static void listen(run *r, int rows)
{
    const int values = rows * AT_FEATURES;
    const int tokens = (rows + AT_AUDIO_STRIDE - 1) / AT_AUDIO_STRIDE;
    float *x = floats((size_t)SPEAKERS * values);
    float *token = floats((size_t)SPEAKERS * tokens * AT_AUDIO_TOKEN);
    float functionals[SPEAKERS * AT_VOICE_FUNCTIONALS];
    float embedding[SPEAKERS * AT_AUDIO_EMBED], expression[SPEAKERS * AT_VOICE_CLASSES];
    at_audio_net *net;
    at_graph *g;

    must(!at_audio_freeze(&net, r->w, at_kernels_best(), NULL), "voice");
    must(!at_graph_create(&g, NULL, at_kernels_best(), NULL), "voice");
    for (int i = 0; i < SPEAKERS * values; i++)
        x[i] = at_rng_normal(&r->rng);
    for (int i = 0; i < SPEAKERS * AT_VOICE_FUNCTIONALS; i++) /* some of them past the limit */
        functionals[i] = 3 * at_rng_normal(&r->rng);
    for (int i = 0; i < SPEAKERS; i++) {
        at_audio_result result;
        must(!at_audio_run(net, g, x + (size_t)i * values, rows,
                           functionals + (size_t)i * AT_VOICE_FUNCTIONALS, &result),
             "voice");
        must(result.tokens == tokens, "tokens");
        keep(result.embedding, embedding, i, AT_AUDIO_EMBED);
        keep(result.expression, expression, i, AT_VOICE_CLASSES);
        keep(result.token, token, i, tokens * AT_AUDIO_TOKEN);
    }
    begin_case(r, "voice.onnx");
    put(r, "in", "rows", x, 3, SPEAKERS, rows, AT_FEATURES);
    if (at_audio_expert(net))
        put(r, "in", "functionals", functionals, 2, SPEAKERS, AT_VOICE_FUNCTIONALS);
    put(r, "out", "embedding", embedding, 2, SPEAKERS, AT_AUDIO_EMBED);
    put(r, "out", "tokens", token, 3, SPEAKERS, tokens, AT_AUDIO_TOKEN);
    put(r, "out", "expression", expression, 2, SPEAKERS, AT_VOICE_CLASSES);
    at_graph_free(&g);
    at_audio_free(&net);
    free(x);
    free(token);
}

/* ---- the fusion ------------------------------------------------------------------------------- */

enum { WINDOWS = 96, FACE_STATES = ATTUNE_STATES * AT_THRESHOLDS };

/* A stream's part of all windows. */
typedef struct heard {
    int m, tokens; /* which stream it is; how many tokens a window has */
    float *embedding, *token, *seconds;
    int64_t *t_us;
    float logit[WINDOWS * 8], present[WINDOWS], quality[WINDOWS], share[WINDOWS];
} heard;

static heard *hear(int m, int tokens)
{
    const at_fusion_stream *s = &at_fusion_streams[m];
    heard *h = calloc(1, sizeof *h);
    must(h != NULL, "memory is out");
    h->m = m;
    h->tokens = tokens;
    h->embedding = floats((size_t)WINDOWS * s->dims);
    h->token = floats((size_t)WINDOWS * tokens * s->token);
    h->seconds = floats((size_t)WINDOWS * tokens);
    h->t_us = calloc((size_t)WINDOWS * tokens, sizeof *h->t_us);
    must(h->t_us != NULL, "memory is out");
    return h;
}

static void forget(heard *h)
{
    free(h->embedding);
    free(h->token);
    free(h->seconds);
    free(h->t_us);
    free(h);
}

/* An embedding of the reference, or one further off, so that conditions are of every size. */
static void make_embedding(run *r, const heard *h, int window)
{
    const at_fusion_stream *s = &at_fusion_streams[h->m];
    char name[64];
    snprintf(name, sizeof name, "%s.mean", s->arrays);
    const at_weight *mean = at_weights_find(r->w, name);
    snprintf(name, sizeof name, "%s.var", s->arrays);
    const at_weight *var = at_weights_find(r->w, name);
    const float far = at_rng_range(&r->rng, 0.5f, 4);
    for (int i = 0; i < s->dims; i++)
        h->embedding[window * s->dims + i] = (mean ? mean->data[i] : 0) +
                                             far * (var ? sqrtf(var->data[i]) : 1) *
                                                 at_rng_normal(&r->rng);
}

/* Moments of the window's 3 s, from wherever it begins. */
static void make_moments(run *r, heard *h, int window)
{
    const int64_t start = 500000 * window;
    int64_t t = 0;
    for (int i = window * h->tokens; i < (window + 1) * h->tokens; i++) {
        t += (int64_t)at_rng_range(&r->rng, 0, 3e6f / (float)h->tokens);
        h->t_us[i] = start + t;
        h->seconds[i] = (float)t / 1e6f;
    }
}

/* Every seventh is not there; now and then a quality or a share of nothing. */
static void make_stream(run *r, heard *h, int window)
{
    const int values = h->tokens * at_fusion_streams[h->m].token;
    make_embedding(r, h, window);
    make_moments(r, h, window);
    for (int i = 0; i < 8; i++)
        h->logit[window * 8 + i] = 3 * at_rng_normal(&r->rng);
    for (int i = window * values; i < (window + 1) * values; i++)
        h->token[i] = at_rng_normal(&r->rng);
    h->present[window] = at_rng_range(&r->rng, 0, 7) > 1;
    h->quality[window] = at_fusion_answers(h->m) ? at_rng_range(&r->rng, -0.1f, 1.1f) : 1;
    h->share[window] = at_fusion_answers(h->m) ? at_rng_range(&r->rng, 0, 0.6f) : 1;
}

static at_evidence evidence_of(const heard *h, int window)
{
    const at_fusion_stream *s = &at_fusion_streams[h->m];
    const size_t first = (size_t)window * h->tokens;
    return (at_evidence){
        .present = h->present[window] > 0,
        .embedding = h->embedding + (size_t)window * s->dims,
        .logit = at_fusion_answers(h->m) ? h->logit + window * 8 : NULL,
        .tokens = {h->tokens, s->token, h->token + first * s->token, h->t_us + first},
        .quality = h->quality[window],
        .share = h->share[window]};
}

static void put_of(run *r, int m, const char *what, const float *x, int n)
{
    char name[96];
    snprintf(name, sizeof name, "%s_%s", attune_modality_name(m), what);
    put(r, "in", name, x, 2, WINDOWS, n);
}

static void put_tokens(run *r, const heard *h)
{
    char name[64];
    snprintf(name, sizeof name, "%s_tokens", attune_modality_name(h->m));
    put(r, "in", name, h->token, 3, WINDOWS, h->tokens, at_fusion_streams[h->m].token);
}

static void put_stream(run *r, const heard *h, int looks)
{
    put_of(r, h->m, "present", h->present, 1);
    put_of(r, h->m, "embedding", h->embedding, at_fusion_streams[h->m].dims);
    if (at_fusion_answers(h->m)) {
        put_of(r, h->m, "expression", h->logit, 8);
        put_of(r, h->m, "quality", h->quality, 1);
        put_of(r, h->m, "share", h->share, 1);
    }
    if (looks)
        put_tokens(r, h);
}

/* ---- a signal that it hears -------------------------------------------------------------------- */

typedef struct columns {
    at_signal_scale scale;
    attune_signal said[WINDOWS][ATTUNE_MAX_SIGNALS];
    float *part[ATTUNE_MAX_SIGNALS]; /* (windows, tokens) */
} columns;

/* One value in five is not known, without end, or far out. */
static float figure(run *r, float size)
{
    const float odd = at_rng_range(&r->rng, 0, 10);
    return odd < 0.7f ? NAN
           : odd < 1  ? INFINITY
                      : (odd < 2 ? 1000 : 1) * size * at_rng_normal(&r->rng);
}

static attune_signal say(run *r, int counts)
{
    return (attune_signal){.mean = figure(r, 3),
                           .slope = counts ? NAN : figure(r, 1),
                           .deviation = counts ? NAN : fabsf(figure(r, 1)),
                           .z = figure(r, 2),
                           .coverage = fmaxf(0, at_rng_range(&r->rng, -0.5f, 0.5f))};
}

/* The window as a session makes it: of what a window says of each column. */
static void make_signal(run *r, heard *h, columns *c, int window)
{
    attune_signal *said = c->said[window];
    make_moments(r, h, window);
    for (int k = 0; k < c->scale.columns; k++)
        said[k] = say(r, (int)(c->scale.events >> k & 1));
    for (int i = window * h->tokens; i < (window + 1) * h->tokens; i++) {
        float mean[ATTUNE_MAX_SIGNALS];
        for (int k = 0; k < c->scale.columns; k++)
            mean[k] = c->part[k][i] = figure(r, 3);
        at_signal_token(&c->scale, mean, said, h->token + (size_t)i * AT_SIGNAL_TOKEN);
    }
    at_signal_embed(&c->scale, said, h->embedding + (size_t)window * AT_SIGNAL_EMBED);
    h->share[window] = at_signal_coverage(&c->scale, said);
    h->present[window] = h->share[window] > 0;
    h->quality[window] = 1;
}

static void put_figure(run *r, const columns *c, int k, const char *what, size_t at)
{
    float x[WINDOWS];
    char name[64];
    for (int i = 0; i < WINDOWS; i++)
        memcpy(x + i, (const char *)&c->said[i][k] + at, sizeof *x);
    snprintf(name, sizeof name, "%s_%s", what, c->scale.name[k]);
    put_of(r, ATTUNE_SIGNAL, name, x, 1);
}

static void put_signal(run *r, const heard *h, const columns *c, int looks)
{
    for (int k = 0; k < c->scale.columns; k++) {
        char name[64];
        snprintf(name, sizeof name, "parts_%s", c->scale.name[k]);
        put_figure(r, c, k, "mean", offsetof(attune_signal, mean));
        put_figure(r, c, k, "coverage", offsetof(attune_signal, coverage));
        put_figure(r, c, k, "z", offsetof(attune_signal, z));
        if (looks)
            put_of(r, ATTUNE_SIGNAL, name, c->part[k], h->tokens);
        if (c->scale.events >> k & 1)
            continue;
        put_figure(r, c, k, "slope", offsetof(attune_signal, slope));
        put_figure(r, c, k, "deviation", offsetof(attune_signal, deviation));
    }
}

/* ---- all streams of a window -------------------------------------------------------------------- */

/* What was estimated of all windows: n floats of each, or two truths. */
static void put_estimates(run *r, const at_estimate *all, const char *name, size_t at, int n)
{
    float x[WINDOWS * 16];
    for (int i = 0; i < WINDOWS; i++)
        memcpy(x + i * n, (const char *)&all[i] + at, (size_t)n * sizeof *x);
    if (n == 16)
        put(r, "out", name, x, 3, WINDOWS, 4, 4);
    else
        put(r, "out", name, x, 2, WINDOWS, n);
}

/* A number of each stream that the fusion takes. */
static void put_streams(run *r, const at_estimate *all, const char *name, size_t at,
                        const at_fusion_net *net)
{
    float x[WINDOWS * ATTUNE_STREAMS];
    int n = 0;
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        n += at_fusion_takes(net, m);
    for (int i = 0, to = 0; i < WINDOWS; i++)
        for (int m = 0; m < ATTUNE_STREAMS; m++)
            if (at_fusion_takes(net, m))
                memcpy(x + to++, (const char *)&all[i] + at + (size_t)m * sizeof *x, sizeof *x);
    put(r, "out", name, x, 2, WINDOWS, n);
}

static void put_truths(run *r, const at_estimate *all, const char *name, size_t at)
{
    float x[WINDOWS];
    for (int i = 0; i < WINDOWS; i++) {
        int is;
        memcpy(&is, (const char *)&all[i] + at, sizeof is);
        x[i] = (float)is;
    }
    put(r, "out", name, x, 2, WINDOWS, 1);
}

static void put_answers(run *r, const at_estimate *estimate, const at_fusion_net *net)
{
    put_estimates(r, estimate, "emotion7", offsetof(at_estimate, emotion7), ATTUNE_EMOTIONS);
    put_estimates(r, estimate, "state4", offsetof(at_estimate, state4), 16);
    put_estimates(r, estimate, "engagement3", offsetof(at_estimate, engagement3),
                  ATTUNE_ENGAGEMENTS);
    put_streams(r, estimate, "condition", offsetof(at_estimate, condition), net);
    put_streams(r, estimate, "weight", offsetof(at_estimate, weight), net);
    put_estimates(r, estimate, "reliability", offsetof(at_estimate, reliability), 2);
    put_truths(r, estimate, "abstain", offsetof(at_estimate, abstain));
    put_truths(r, estimate, "doubtful", offsetof(at_estimate, doubtful));
}

/* tokens: of each stream in a window. */
static void fuse(run *r, const at_fusion *f, const int tokens[ATTUNE_STREAMS])
{
    static at_estimate estimate[WINDOWS];
    static float state[WINDOWS * FACE_STATES], engagement[WINDOWS * ATTUNE_ENGAGEMENTS];
    static columns signal;
    const int looks = f->net.kind == &at_fusion_attention;
    heard *stream[ATTUNE_STREAMS] = {NULL};

    must(!at_signal_scale_load(&signal.scale, r->w, NULL), "signal");
    for (int m = 0; m < ATTUNE_STREAMS; m++)
        if (at_fusion_takes(&f->net, m))
            stream[m] = hear(m, tokens[m]);
    for (int k = 0; k < signal.scale.columns; k++)
        signal.part[k] = floats((size_t)WINDOWS * tokens[ATTUNE_SIGNAL]);
    for (int i = 0; i < WINDOWS; i++) {
        at_evidence e[ATTUNE_STREAMS] = {{0}};
        for (int k = 0; k < FACE_STATES; k++)
            state[i * FACE_STATES + k] = 2 * at_rng_normal(&r->rng);
        for (int k = 0; k < ATTUNE_ENGAGEMENTS; k++)
            engagement[i * ATTUNE_ENGAGEMENTS + k] = 2 * at_rng_normal(&r->rng);
        for (int m = 0; m < ATTUNE_STREAMS; m++) {
            if (!stream[m])
                continue;
            if (m == ATTUNE_SIGNAL)
                make_signal(r, stream[m], &signal, i);
            else
                make_stream(r, stream[m], i);
            e[m] = evidence_of(stream[m], i);
        }
        e[ATTUNE_FACE].state = state + i * FACE_STATES;
        e[ATTUNE_FACE].engagement = engagement + i * ATTUNE_ENGAGEMENTS;
        at_fusion_run(f, e, &estimate[i]);
    }
    begin_case(r, "fusion.onnx");
    put(r, "in", "face_state", state, 2, WINDOWS, FACE_STATES);
    put(r, "in", "face_engagement", engagement, 2, WINDOWS, ATTUNE_ENGAGEMENTS);
    for (int m = 0; m < ATTUNE_STREAMS; m++) {
        if (!stream[m])
            continue;
        if (m == ATTUNE_SIGNAL)
            put_signal(r, stream[m], &signal, looks);
        else
            put_stream(r, stream[m], looks);
        if (looks)
            put_of(r, m, "times", stream[m]->seconds, stream[m]->tokens);
        forget(stream[m]);
    }
    put_answers(r, estimate, &f->net);
    for (int k = 0; k < signal.scale.columns; k++)
        free(signal.part[k]);
}

/* Once; of a kind that looks at tokens with several numbers of them. */
static void fuse_all(run *r)
{
    const int some[ATTUNE_STREAMS] = {5, 7, 6, 3}, few[ATTUNE_STREAMS] = {1, 12, 1, 1};
    at_fusion *f;

    must(!at_fusion_load(&f, r->w, NULL), "fusion");
    fuse(r, f, some);
    if (f->net.kind == &at_fusion_attention)
        fuse(r, f, few);
    at_fusion_free(&f);
}

/* ---- a made-up model -------------------------------------------------------------------------- */

/* Random where an encoder, or the fusion, would start out at nothing. */
static void stir(at_params *p, at_rng *rng)
{
    static const char *const parts[] = {"spatial", "temporal", ".bias", "fusion."};
    for (int i = 0; i < p->count; i++)
        for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
            if (strstr(p->list[i]->name, parts[part]) && !strstr(p->list[i]->name, ".trust"))
                for (size_t k = 0, n = at_tensor_count(&p->list[i]->value); k < n; k++)
                    p->list[i]->value.data[k] += at_rng_range(rng, -0.2f, 0.2f);
}

static int is_named(const char *part, int n, char **parts)
{
    while (n > 0 && strcmp(parts[n - 1], part) != 0)
        n--;
    return n > 0;
}

static int make_networks(at_params *p, at_rng *rng)
{
    const at_encoder_shape shape = {2, 24, 3}, over_time = {1, 32, 4};
    return !at_visual_init(p, rng, NULL) && !at_visual_add_head(p, AT_HEAD_DOMINANT4, rng, NULL) &&
           !at_encoder_init(&at_spatial, p, &shape, rng, NULL) &&
           !at_encoder_init(&at_temporal, p, &over_time, rng, NULL) &&
           !at_audio_init(p, 2, rng, NULL);
}

/* What the fusion knows of a stream beside pictures and sound: what is usual of it, and how far off is far. */
static int put_reference(at_weights_writer *w, int m)
{
    static const float distance[] = {1, 2}, trust[] = {0.7f};
    static float mean[ATTUNE_STREAMS][AT_SIGNAL_EMBED], var[AT_SIGNAL_EMBED];
    const at_fusion_stream *s = &at_fusion_streams[m];
    const struct {
        const char *what;
        int n;
        const float *x;
    } arrays[] = {{"mean", s->dims, mean[m]},
                  {"var", s->dims, var},
                  {"distance", 2, distance},
                  {"trust", 1, trust}};
    int ok = 1;

    for (int i = 0; i < s->dims; i++) {
        mean[m][i] = 0.1f * (float)(i % 3);
        var[i] = 1 + 0.1f * (float)i;
    }
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", s->arrays, arrays[i].what);
        ok = ok && !at_weights_put(w, name, 1, &arrays[i].n, arrays[i].x, 0);
    }
    return ok;
}

static int put_columns(at_weights_writer *w)
{
    static const float center[] = {1, -2, 0.5f}, scale[] = {0.5f, 1.5f, 2};
    return !at_weights_put(w, "signal.center", 1, (int[]){3}, center, 0) &&
           !at_weights_put(w, "signal.scale", 1, (int[]){3}, scale, 0) &&
           !at_weights_put_meta(w, "signal_columns", "heart_rate,clicks,skin") &&
           !at_weights_put_meta(w, "signal_events", "clicks");
}

static void make(const char *path, const char *fusion, int n, char **parts)
{
    const float trust[] = {0.8f}, doubt[] = {0.5f};
    const int signal = is_named("signal", n, parts), chat = is_named("chat", n, parts);
    const at_fusion_kind *kind = at_fusion_kind_find(fusion);
    at_weights_writer *w;
    at_fusion_net net;
    at_params p = {0};
    at_rng rng;

    must(kind != NULL, fusion);
    at_rng_seed(&rng, 3, 0);
    must((!is_named("networks", n, parts) || make_networks(&p, &rng)) &&
             !at_fusion_net_make(&net, &p, kind, NULL,
                                 (unsigned)signal << ATTUNE_SIGNAL | (unsigned)chat << ATTUNE_CHAT,
                                 &rng, NULL),
         "memory is out");
    stir(&p, &rng);
    if (net.trust)
        net.trust->value.data[0] = 0.6f;
    must(!at_weights_writer_create(&w, NULL), "memory is out");
    for (int i = 0; i < p.count; i++) {
        const at_tensor *v = &p.list[i]->value;
        must(!at_weights_put(w, p.list[i]->name, v->rank, v->dim, v->data, 0), "memory is out");
    }
    must((!signal || put_reference(w, ATTUNE_SIGNAL)) &&
             (!signal || is_named("unnamed", n, parts) || put_columns(w)) &&
             (!chat || put_reference(w, ATTUNE_CHAT)),
         "memory is out");
    must(!at_weights_put(w, "fusion.face.trust", 1, (int[]){1}, trust, 0) &&
             !at_weights_put(w, "fusion.doubt", 1, (int[]){1}, doubt, 0) &&
             !at_weights_put_meta(w, "fusion", fusion) &&
             !at_weights_put_meta(w, "name", "made up") && !at_weights_save(w, path, NULL),
         path);
    at_weights_writer_free(&w);
    at_params_free(&p);
}

/* ---- others' networks ------------------------------------------------------------------------- */

static size_t print_shape(const at_onnx_end *end)
{
    size_t n = 1;
    printf("%s", end->name);
    for (int i = 0; i < end->rank; i++) {
        printf(" %d", end->dim[i]);
        n *= (size_t)end->dim[i];
    }
    putchar('\n');
    return n;
}

static void run_other(const char *file, int side, const char *in, const char *out)
{
    attune_error err;
    at_onnx_net *net;
    unsigned char *bytes, *x;
    size_t size, n;

    must(!at_file_read(file, AT_ONNX_FILE_LIMIT, &bytes, &size, &err), err.text);
    must(!at_onnx_net_open(&net, bytes, size, side, at_kernels_best(), &err), err.text);
    must(!at_file_read(in, AT_ONNX_FILE_LIMIT, &x, &n, &err), err.text);
    must(print_shape(at_onnx_net_input(net)) * sizeof(float) == n, "the input has another size");
    const float **values = calloc((size_t)at_onnx_net_outputs(net), sizeof *values);
    float *workspace = at_alloc(at_onnx_net_workspace(net), sizeof *workspace);
    must(values && workspace, "memory is out");
    at_onnx_net_run(net, (const float *)(const void *)x, workspace, values);
    FILE *f = fopen(out, "wb");
    n = print_shape(at_onnx_net_output(net, 0));
    must(f && fwrite(values[0], sizeof(float), n, f) == n && fclose(f) == 0, out);
    at_onnx_net_free(&net);
    at_free(bytes);
    at_free(x);
    at_free(workspace);
    free(values);
}

/* ---- all ------------------------------------------------------------------------------------- */

static int has(const at_weights *w, const char *prefix)
{
    int i = 0;
    while (i < at_weights_count(w) && strncmp(at_weights_at(w, i)->name, prefix, strlen(prefix)))
        i++;
    return i < at_weights_count(w);
}

static void answer(const char *model, const char *dir)
{
    char path[4096];
    at_weights *w;
    attune_error err;

    must(!at_weights_load(&w, model, &err), err.text);
    snprintf(path, sizeof path, "%s/cases.txt", dir);
    run r = {.w = w, .dir = dir, .list = fopen(path, "w")};
    must(r.list != NULL, path);
    at_rng_seed(&r.rng, 7, 0);
    if (at_weights_find(w, "detector.backbone.model0.conv1.weight")) {
        detect(&r, 96, 160);
        detect(&r, 256, 320);
    }
    if (has(w, "visual."))
        see(&r);
    for (int frames = 1; has(w, "visual.temporal.") && frames < 40; frames += 13)
        look_over_time(&r, frames);
    if (has(w, "audio.")) {
        listen(&r, 137);
        listen(&r, 30);
    }
    fuse_all(&r);
    must(fclose(r.list) == 0, path);
    at_weights_free(&w);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "answer") == 0)
        answer(argv[2], argv[3]);
    else if (argc >= 4 && strcmp(argv[1], "make") == 0)
        make(argv[2], argv[3], argc - 4, argv + 4);
    else if (argc == 6 && strcmp(argv[1], "run") == 0)
        run_other(argv[2], atoi(argv[3]), argv[4], argv[5]);
    else
        must(0, "answer MODEL DIR, make OUT FUSION [PART...], or run FILE SIDE IN OUT");
    return 0;
}
