/* What attune itself computes of made-up inputs, for other engines to be held to (cli_onnx.py):
 *
 *     onnx_ours answer MODEL DIR   inputs and answers as files of little-endian f32 in DIR; cases.txt has a line
 *                                  each: "case FILE", then "in|out NAME FILE SIZE..." of all its tensors
 *     onnx_ours make OUT FUSION    a model with made-up weights of what the default model has not: an encoder
 *                                  over space, a head of the dominant state, and that fusion
 *
 *     onnx_ours run FILE SIDE IN OUT   the network of somebody else's ONNX file on the floats of IN: its first
 *                                  output into OUT, and its shape and the input's on stdout; SIDE: of a picture
 *                                  whose size is free
 *
 * A model's parts are run as a session runs them. */
#include "fusion/kind.h"
#include "model/audio.h"
#include "base/file.h"
#include "model/visual.h"
#include "onnx/net.h"
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
    int dims;
    float *embedding, logit[WINDOWS * 8], present[WINDOWS], quality[WINDOWS], share[WINDOWS];
} heard;

/* An embedding of the reference, or one further off, so that conditions are of every size. */
static void make_embedding(run *r, const heard *h, int m, int window)
{
    static const char *const of[] = {"fusion.face", "fusion.voice"};
    char name[64];
    snprintf(name, sizeof name, "%s.mean", of[m]);
    const at_weight *mean = at_weights_find(r->w, name);
    snprintf(name, sizeof name, "%s.var", of[m]);
    const at_weight *var = at_weights_find(r->w, name);
    const float far = at_rng_range(&r->rng, 0.5f, 4);
    for (int i = 0; i < h->dims; i++)
        h->embedding[window * h->dims + i] = (mean ? mean->data[i] : 0) +
                                             far * (var ? sqrtf(var->data[i]) : 1) *
                                                 at_rng_normal(&r->rng);
}

/* Every seventh is not there; now and then a quality or a share of nothing. */
static void make_stream(run *r, heard *h, int m, int window)
{
    make_embedding(r, h, m, window);
    for (int i = 0; i < 8; i++)
        h->logit[window * 8 + i] = 3 * at_rng_normal(&r->rng);
    h->present[window] = at_rng_range(&r->rng, 0, 7) > 1;
    h->quality[window] = at_rng_range(&r->rng, -0.1f, 1.1f);
    h->share[window] = at_rng_range(&r->rng, 0, 0.6f);
}

static at_evidence evidence_of(const heard *h, int window)
{
    return (at_evidence){.present = h->present[window] > 0,
                         .embedding = h->embedding + (size_t)window * h->dims,
                         .logit = h->logit + window * 8,
                         .quality = h->quality[window],
                         .share = h->share[window]};
}

static void put_stream(run *r, const heard *h, const char *stream)
{
    const struct {
        const char *what;
        const float *x;
        int n;
    } parts[] = {{"present", h->present, 1},
                 {"embedding", h->embedding, h->dims},
                 {"expression", h->logit, 8},
                 {"quality", h->quality, 1},
                 {"share", h->share, 1}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s_%s", stream, parts[i].what);
        put(r, "in", name, parts[i].x, 2, WINDOWS, parts[i].n);
    }
}

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

static void fuse(run *r)
{
    static at_estimate estimate[WINDOWS];
    static heard stream[2] = {{.dims = AT_VISUAL_EMBED}, {.dims = AT_AUDIO_EMBED}};
    static float state[WINDOWS * FACE_STATES], engagement[WINDOWS * ATTUNE_ENGAGEMENTS];
    at_fusion *f;

    must(!at_fusion_load(&f, r->w, NULL), "fusion");
    for (int m = 0; m < 2; m++)
        stream[m].embedding = floats((size_t)WINDOWS * stream[m].dims);
    for (int i = 0; i < WINDOWS; i++) {
        for (int m = 0; m < 2; m++)
            make_stream(r, &stream[m], m, i);
        for (int k = 0; k < FACE_STATES; k++)
            state[i * FACE_STATES + k] = 2 * at_rng_normal(&r->rng);
        for (int k = 0; k < ATTUNE_ENGAGEMENTS; k++)
            engagement[i * ATTUNE_ENGAGEMENTS + k] = 2 * at_rng_normal(&r->rng);
        at_evidence e[ATTUNE_STREAMS] = {evidence_of(&stream[0], i), evidence_of(&stream[1], i)};
        e[ATTUNE_FACE].state = state + i * FACE_STATES;
        e[ATTUNE_FACE].engagement = engagement + i * ATTUNE_ENGAGEMENTS;
        at_fusion_run(f, e, &estimate[i]);
    }
    begin_case(r, "fusion.onnx");
    put_stream(r, &stream[ATTUNE_FACE], "face");
    put_stream(r, &stream[ATTUNE_VOICE], "voice");
    put(r, "in", "face_state", state, 2, WINDOWS, FACE_STATES);
    put(r, "in", "face_engagement", engagement, 2, WINDOWS, ATTUNE_ENGAGEMENTS);
    put_estimates(r, estimate, "emotion7", offsetof(at_estimate, emotion7), ATTUNE_EMOTIONS);
    put_estimates(r, estimate, "state4", offsetof(at_estimate, state4), 16);
    put_estimates(r, estimate, "engagement3", offsetof(at_estimate, engagement3),
                  ATTUNE_ENGAGEMENTS);
    put_estimates(r, estimate, "condition", offsetof(at_estimate, condition), 2);
    put_estimates(r, estimate, "weight", offsetof(at_estimate, weight), 2);
    put_estimates(r, estimate, "reliability", offsetof(at_estimate, reliability), 2);
    put_truths(r, estimate, "abstain", offsetof(at_estimate, abstain));
    put_truths(r, estimate, "doubtful", offsetof(at_estimate, doubtful));
    at_fusion_free(&f);
    for (int m = 0; m < 2; m++)
        free(stream[m].embedding);
}

/* ---- a made-up model -------------------------------------------------------------------------- */

/* Random where an encoder, or the fusion, would start out at nothing. */
static void stir(at_params *p, at_rng *rng)
{
    for (int i = 0; i < p->count; i++)
        if (strstr(p->list[i]->name, "spatial") || strstr(p->list[i]->name, ".bias"))
            for (size_t k = 0, n = at_tensor_count(&p->list[i]->value); k < n; k++)
                p->list[i]->value.data[k] += at_rng_range(rng, -0.2f, 0.2f);
}

static void make(const char *path, const char *fusion)
{
    const at_encoder_shape shape = {2, 24, 3};
    const float trust[] = {0.8f};
    const at_fusion_kind *kind = at_fusion_kind_find(fusion);
    at_weights_writer *w;
    at_fusion_net net;
    at_params p = {0};
    at_rng rng;

    must(kind != NULL, fusion);
    at_rng_seed(&rng, 3, 0);
    must(!at_visual_init(&p, &rng, NULL) &&
             !at_visual_add_head(&p, AT_HEAD_DOMINANT4, &rng, NULL) &&
             !at_encoder_init(&at_spatial, &p, &shape, &rng, NULL) &&
             !at_audio_init(&p, 2, &rng, NULL) &&
             !at_fusion_net_make(&net, &p, kind, NULL, 0, &rng, NULL),
         "memory is out");
    stir(&p, &rng);
    must(!at_weights_writer_create(&w, NULL), "memory is out");
    for (int i = 0; i < p.count; i++) {
        const at_tensor *v = &p.list[i]->value;
        must(!at_weights_put(w, p.list[i]->name, v->rank, v->dim, v->data, 0), "memory is out");
    }
    must(!at_weights_put(w, "fusion.face.trust", 1, (int[]){1}, trust, 0) &&
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
    see(&r);
    listen(&r, 137);
    listen(&r, 30);
    fuse(&r);
    must(fclose(r.list) == 0, path);
    at_weights_free(&w);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "answer") == 0)
        answer(argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "make") == 0)
        make(argv[2], argv[3]);
    else if (argc == 6 && strcmp(argv[1], "run") == 0)
        run_other(argv[2], atoi(argv[3]), argv[4], argv[5]);
    else
        must(0, "answer MODEL DIR, make OUT FUSION, or run FILE SIDE IN OUT");
    return 0;
}
