/* whose_voice - to which of two faces sessions give a voice.
 *
 *     whose_voice CLIP CLIP...
 *
 * Each clip shows one person who speaks. Each is set beside each other one, under the voice of the
 * first: once as the other is, so that two mouths speak and one is heard, and once with the other's
 * first picture, shaken and noisy, so that one speaks and one listens.
 * Sessions of the default model see eight pictures a second. Printed: the windows with a voice, and
 * how many of them gave it to the right face, the wrong one, and to nobody. */
#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "media/media.h"
#include "vision/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 64, STEP_US = 125000 };

typedef struct clip {
    at_image picture[PICTURES];
    int pictures;
    float *pcm;
    size_t samples;
} clip;

typedef struct verdicts {
    int windows, right, wrong, nobody;
} verdicts;

static int load_pictures(clip *c, const char *path, attune_error *err)
{
    const at_media_options o = {.no_audio = 1, .rate = 1e6 / STEP_US, .threads = 1};
    at_picture_work work = {0};
    at_media_packet p;
    at_media *m;
    int status = at_media_open(&m, path, &o, err);

    while (status >= 0 && c->pictures < PICTURES && (status = at_media_next(m, &p, err)) == 1)
        status = at_picture_whole(&c->picture[c->pictures++], &work, &p.picture);
    at_picture_work_free(&work);
    at_media_free(&m);
    return status;
}

static int load(clip *c, const char *path, attune_error *err)
{
    const int status = load_pictures(c, path, err);

    return status < 0 ? status : at_media_load_audio(path, 0, &c->pcm, &c->samples, err);
}

static void unload(clip *c)
{
    for (int i = 0; i < c->pictures; i++)
        at_image_free(&c->picture[i]);
    at_free(c->pcm);
}

/* a | b, as high as the lower of them. */
static int beside(at_image *dst, const at_image *a, const at_image *b)
{
    const int h = a->h < b->h ? a->h : b->h, status = at_image_reserve(dst, a->w + b->w, h, 3);

    for (int y = 0; y < h && status == ATTUNE_OK; y++) {
        memcpy(at_image_at(dst, 0, y), at_image_at(a, 0, y), (size_t)a->w * 3);
        memcpy(at_image_at(dst, a->w, y), at_image_at(b, 0, y), (size_t)b->w * 3);
    }
    return status;
}

/* The picture of one who listens: still, but for a camera that shakes and is noisy. */
static int listen(at_image *dst, const clip *c, at_rng *rng)
{
    const at_image *still = &c->picture[0];
    const int dx = (int)at_rng_below(rng, 3) - 1, dy = (int)at_rng_below(rng, 3) - 1;
    const int status = at_image_crop(dst, still, dx, dy, still->w, still->h);

    for (int y = 0; y < dst->h && status == ATTUNE_OK; y++) {
        uint8_t *p = at_image_at(dst, 0, y);
        for (int i = 0; i < 3 * dst->w; i++) {
            const float v = (float)p[i] + 4 * at_rng_normal(rng);
            p[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    }
    return status;
}

static void take_windows(attune_session *s, int middle, verdicts *v)
{
    attune_window w;

    while (attune_session_next(s, &w) == 1) {
        const int left = w.box[0] + w.box[2] / 2 < (float)middle;
        if (!(w.used & (1U << ATTUNE_VOICE)))
            continue;
        v->windows++;
        v->nobody += w.track == 0;
        v->right += w.track > 0 && left;
        v->wrong += w.track > 0 && !left;
    }
}

static int push_voice(attune_session *s, const clip *c, int i)
{
    const size_t step = AT_MEDIA_AUDIO_RATE / 1000 * (STEP_US / 1000), from = step * (size_t)i;

    if (from >= c->samples)
        return ATTUNE_OK;
    return attune_session_push_audio(s, (int64_t)i * STEP_US, c->pcm + from,
                                     c->samples - from < step ? c->samples - from : step);
}

static int show(const attune_model *m, const clip *a, const clip *b, int listens, verdicts *v)
{
    const attune_options o = {.max_tracks = 2};
    attune_session *s;
    at_image both = {0}, listener = {0};
    at_rng rng;
    int status = attune_session_open(&s, m, &o, NULL);
    at_rng_seed(&rng, 1, 0);

    for (int i = 0; i < a->pictures && i < b->pictures && status >= 0; i++) {
        if (listens)
            status = listen(&listener, b, &rng);
        if (status >= 0)
            status = beside(&both, &a->picture[i], listens ? &listener : &b->picture[i]);
        if (status >= 0)
            status = attune_session_push_video(s, (int64_t)i * STEP_US, both.data, both.w, both.h,
                                               both.stride);
        if (status >= 0)
            status = push_voice(s, a, i);
        take_windows(s, a->picture[0].w, v);
    }
    if (status >= 0)
        status = attune_session_finish(s);
    take_windows(s, a->picture[0].w, v);
    at_image_free(&both);
    at_image_free(&listener);
    attune_session_free(&s);
    return status;
}

static int show_pairs(const attune_model *m, const clip *c, int n, int listens)
{
    verdicts v = {0};
    int status = ATTUNE_OK;

    for (int i = 0; i < n * n && status >= 0; i++)
        if (i / n != i % n)
            status = show(m, &c[i / n], &c[i % n], listens, &v);
    printf("%s: %d windows, %d right, %d wrong, %d nobody's\n",
           listens ? "one speaks, one listens" : "both speak, one is heard", v.windows, v.right,
           v.wrong, v.nobody);
    return status;
}

int main(int argc, char **argv)
{
    const int n = argc - 1;
    clip *c = at_calloc((size_t)(n > 0 ? n : 1), sizeof *c);
    attune_model *m = NULL;
    attune_error err = {0};

    if (n < 2 || !c) {
        fprintf(stderr, "usage: whose_voice CLIP CLIP...\n");
        at_free(c);
        return 2;
    }
    int status = attune_model_load(&m, NULL, &err);
    for (int i = 0; i < n && status >= 0; i++)
        status = load(&c[i], argv[1 + i], &err);
    for (int listens = 0; listens < 2 && status >= 0; listens++)
        status = show_pairs(m, c, n, listens);
    if (status < 0)
        fprintf(stderr, "whose_voice: %s\n", err.text[0] ? err.text : "a session failed");
    for (int i = 0; i < n; i++)
        unload(&c[i]);
    at_free(c);
    attune_model_free(&m);
    return status < 0;
}
