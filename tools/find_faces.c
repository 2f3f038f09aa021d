/* find_faces - how small a face a session finds in how large a picture, and how often it finds one
 * where there is none.
 *
 *     find_faces DATA SCENES SEED WIDTHxHEIGHT...
 *
 * DATA holds `ferplus` (its validation part) and `faces_diverse`. Some of their pictures are set at a
 * random place, so that the face has a given width, into SCENES made-up surroundings of each size
 * without a face, and each such picture is shown to a session of the default model for two seconds.
 * A table is printed: of the faces that the detector itself finds when it is given the face's own
 * part of the picture, as close as the search looks, and of all of them, the share that the session
 * finds; then the false faces in as many empty pictures. */
#include "base/error.h"
#include "data/corpus.h"
#include "data/faces.h"
#include "data/scenes.h"
#include "data/textures.h"
#include "vision/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTHS = 5, PICTURES = 17, CLOSE = 384, SAMPLES = 600 };

static const int widths[WIDTHS] = {24, 32, 48, 64, 110};

/* What was shown, and what was found of it. */
typedef struct tally {
    int shown, near, found, both; /* near: by the detector that is shown where it is */
    int others;                   /* pictures with a face where none was put */
} tally;

typedef struct trial {
    attune_model *model;
    at_weights *weights;
    at_detector *detector;
    at_faces faces;
    at_image ground, scene;
    at_rng rng;
} trial;

/* ---- scenes ---------------------------------------------------------------------------------- */

static int paint_ground(trial *t, int w, int h)
{
    const int i = (int)at_rng_below(&t->rng, (uint32_t)t->faces.count);
    const int status = at_image_reserve(&t->ground, w, h, 3);

    if (status < 0)
        return status;
    if (at_rng_float(&t->rng) < 0.5F)
        return at_scene_surroundings(&t->faces.list[i].image, &t->ground, &t->rng);
    at_texture_draw(&t->ground, (int)at_rng_below(&t->rng, AT_TEXTURES), &t->rng);
    return ATTUNE_OK;
}

/* A face that need not be enlarged much to be that wide. */
static const at_face_sample *draw_face(trial *t, int width)
{
    for (;;) {
        const at_face_sample *s = &t->faces.list[at_rng_below(&t->rng, (uint32_t)t->faces.count)];
        if (s->found && (float)width < 1.3F * s->face.w)
            return s;
    }
}

/* Share of the picture that is put in at a pixel: less towards its rim. */
static float opacity(const at_image *im, int x, int y)
{
    const int side = x < im->w - 1 - x ? x : im->w - 1 - x;
    const int end = y < im->h - 1 - y ? y : im->h - 1 - y;
    const float soft = 0.08F * (float)im->w;

    return fminf(((float)(side < end ? side : end) + 0.5F) / soft, 1);
}

static void put(at_image *dst, const at_image *im, int left, int top)
{
    for (int y = 0; y < im->h; y++)
        for (int x = 0; x < im->w; x++) {
            const float share = opacity(im, x, y);
            const uint8_t *from = at_image_at(im, x, y);
            uint8_t *to = at_image_at(dst, left + x, top + y);
            for (int k = 0; k < 3; k++)
                to[k] = (uint8_t)(share * (float)from[k] + (1 - share) * (float)to[k] + 0.5F);
        }
}

/* t->scene = t->ground with a face of that width in it; *truth is its box. */
static int paint_scene(trial *t, int width, at_face *truth)
{
    const at_face_sample *s = draw_face(t, width);
    const float scale = (float)width / s->face.w;
    at_image small = {0};
    int status = at_image_copy(&t->scene, &t->ground);

    if (status == ATTUNE_OK)
        status = at_image_resize(&small, &s->image, (int)(scale * (float)s->image.w + 0.5F),
                                 (int)(scale * (float)s->image.h + 0.5F));
    if (status == ATTUNE_OK) {
        const int left = (int)at_rng_below(&t->rng, (uint32_t)(t->scene.w - small.w));
        const int top = (int)at_rng_below(&t->rng, (uint32_t)(t->scene.h - small.h));
        put(&t->scene, &small, left, top);
        *truth = (at_face){.x = (float)left + scale * s->face.x,
                           .y = (float)top + scale * s->face.y,
                           .w = scale * s->face.w,
                           .h = scale * s->face.h};
    }
    at_image_free(&small);
    return status;
}

/* ---- finding --------------------------------------------------------------------------------- */

static int is_at(const at_face *truth, const float box[4])
{
    const at_face f = {.x = box[0], .y = box[1], .w = box[2], .h = box[3]};

    return at_face_iou(truth, &f) > 0.25F;
}

/* Whether the detector finds the face when it is shown its part of the picture. */
static int find_near(trial *t, const at_face *truth, int *found)
{
    const attune_picture p = at_picture_of(&t->scene);
    const float scale = at_search_smallest(0, t->scene.w, t->scene.h) / 22;
    const int side = (int)(CLOSE * scale);
    const at_look look = {{(int)(truth->x + truth->w / 2) - side / 2,
                           (int)(truth->y + truth->h / 2) - side / 2, side, side},
                          CLOSE,
                          0,
                          AT_SEARCH_SCORE};
    at_face face[32];
    const int n = at_detector_look(t->detector, &p, &look, face, 32);

    *found = 0;
    for (int i = 0; i < n; i++)
        *found |= at_face_iou(truth, &face[i]) > 0.25F;
    return n < 0 ? n : ATTUNE_OK;
}

/* Two seconds of the picture, or until the face is found. truth: where it is; NULL: nowhere. */
static int show(trial *t, const at_image *im, const at_face *truth, int *found, int *other)
{
    const attune_options o = {.no_audio = 1};
    attune_session *s;
    attune_window w;
    int status = attune_session_open(&s, t->model, &o, NULL);

    *found = *other = 0;
    for (int i = 0; i <= PICTURES && status >= 0 && !*found; i++) {
        status = i < PICTURES ? attune_session_push_video(s, i * INT64_C(125000), im->data, im->w,
                                                          im->h, im->stride)
                              : attune_session_finish(s);
        while (status >= 0 && attune_session_next(s, &w) == 1) {
            const int there = w.track > 0 && truth && is_at(truth, w.box);
            *found |= there;
            *other |= w.track > 0 && !there;
        }
    }
    attune_session_free(&s);
    return status;
}

static int try_face(trial *t, int width, tally *sum)
{
    at_face truth;
    int near = 0, found = 0, other = 0, status = paint_scene(t, width, &truth);

    if (status == ATTUNE_OK)
        status = find_near(t, &truth, &near);
    if (status == ATTUNE_OK)
        status = show(t, &t->scene, &truth, &found, &other);
    if (status < 0)
        return status;
    sum->shown++;
    sum->near += near;
    sum->found += found;
    sum->both += near && found;
    sum->others += other;
    return ATTUNE_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int load(trial *t, const char *data, attune_error *err)
{
    static const char *const part[][2] = {{"ferplus", "valid"}, {"faces_diverse", "all"}};
    at_corpus corpus[2] = {{0}};
    int all[2] = {0};
    char root[4096];
    int status = attune_model_load(&t->model, NULL, err);

    if (status == ATTUNE_OK)
        status = at_weights_load(&t->weights, attune_default_model(), err);
    const at_weight_source source = at_weights_source(t->weights);
    if (status == ATTUNE_OK)
        status = at_detector_create(&t->detector, &source, NULL, at_kernels_best(), NULL, err);
    for (int i = 0; i < 2 && status == ATTUNE_OK; i++) {
        snprintf(root, sizeof root, "%s/%s", data, part[i][0]);
        status = at_corpus_read(&corpus[i], part[i][0], root, part[i][1], err);
        all[i] = corpus[i].count;
        corpus[i].count = all[i] < SAMPLES ? all[i] : SAMPLES;
    }
    if (status == ATTUNE_OK)
        status = at_faces_load(&t->faces, corpus, 2, &source, NULL, NULL, err);
    for (int i = 0; i < 2; i++) {
        corpus[i].count = all[i];
        at_corpus_free(&corpus[i]);
    }
    return status;
}

static void print_row(const int size[2], const tally *t, const tally *empty)
{
    for (int k = 0; k < WIDTHS; k++)
        printf("%4d x %4d  %5d  %5d  %5.1f %%  %5.1f %%  %5.1f %%  %d\n", size[0], size[1],
               widths[k], t[k].shown, 100. * t[k].near / t[k].shown, 100. * t[k].found / t[k].shown,
               100. * t[k].both / (t[k].near ? t[k].near : 1), t[k].others);
    printf("%4d x %4d  empty  %5d  %d with a false face\n", size[0], size[1], empty->shown,
           empty->others);
    fflush(stdout);
}

static int try_size(trial *t, const int size[2], int scenes)
{
    tally sum[WIDTHS] = {{0}}, empty = {0};
    int status = ATTUNE_OK;

    for (int i = 0; i < scenes && status == ATTUNE_OK; i++) {
        int found = 0, other = 0;
        status = paint_ground(t, size[0], size[1]);
        if (status == ATTUNE_OK)
            status = show(t, &t->ground, NULL, &found, &other);
        if (status < 0)
            return status;
        empty.shown++;
        empty.others += other;
        for (int k = 0; k < WIDTHS && status == ATTUNE_OK; k++)
            status = try_face(t, widths[k], &sum[k]);
    }
    print_row(size, sum, &empty);
    return status;
}

int main(int argc, char **argv)
{
    const int scenes = argc > 4 ? atoi(argv[2]) : 0;
    trial t = {0};
    attune_error err = {0};

    if (scenes < 1) {
        fprintf(stderr, "usage: find_faces DATA SCENES SEED WIDTHxHEIGHT...\n");
        return 2;
    }
    int status = load(&t, argv[1], &err);
    if (status == ATTUNE_OK)
        printf("picture      width  shown  detector  session  of these  others\n");
    for (int i = 4; i < argc && status == ATTUNE_OK; i++) {
        int size[2] = {0, 0};
        if (sscanf(argv[i], "%dx%d", &size[0], &size[1]) != 2 || size[0] < 400 || size[1] < 400)
            status = at_fail(&err, ATTUNE_E_ARG, "'%s' is no size over 400x400", argv[i]);
        at_rng_seed(&t.rng, strtoull(argv[3], NULL, 10), 0);
        status = status == ATTUNE_OK ? try_size(&t, size, scenes) : status;
    }
    if (status < 0)
        fprintf(stderr, "find_faces: %s\n", err.text[0] ? err.text : "out of memory");
    at_image_free(&t.ground);
    at_image_free(&t.scene);
    at_faces_free(&t.faces);
    at_detector_free(&t.detector);
    at_weights_free(&t.weights);
    attune_model_free(&t.model);
    return status < 0;
}
