/* clip_file.c - a set of clips on disk. Whatever is amiss with the file, it is made anew. */
#include "base/error.h"
#include "base/mem.h"
#include "train/cache_key.h"
#include "train/clip_set.h"
#include <string.h>

static uint64_t add_settings(uint64_t key, const at_temporal_settings *s)
{
    const double numbers[] = {s->versions,     s->frames,       s->rate_min,    s->rate_max,
                              s->motion.flip,  s->motion.shift, s->motion.turn, s->motion.zoom,
                              s->motion.light, s->clean};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        key = at_key_number(key, numbers[i]);
    return at_key_harms(key, s->harm, s->harms);
}

static uint64_t add_face(uint64_t key, const at_face_sample *f)
{
    const at_image *im = &f->image;
    return at_key_sample(key, &f->label, f->label.listed ? im->data : NULL,
                         (size_t)im->stride * (size_t)im->h);
}

int at_clip_path(const at_job *job, const at_faces *faces, int64_t seed, char path[AT_TRAIN_PATH],
                 attune_error *err)
{
    const at_temporal_settings *s = job->settings;
    uint64_t key = at_key_number(add_settings(at_key_start(), s), (double)seed);
    for (int i = 0; i < faces->count; i++)
        key = add_face(key, &faces->list[i]);
    return at_key_path(job, key, s->model, "clips", path, err);
}

/* Times are kept in ms, whole below 2^24. */
static void take_times(at_clip_set *s, const float *ms)
{
    for (size_t i = 0, n = at_clip_rows(s) * (size_t)s->frames; i < n; i++)
        s->t_us[i] = (int64_t)ms[i] * 1000;
}

static int is_usable(const at_weight *w, size_t count, float least)
{
    if (!w || w->count != count)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (!(w->data[i] >= least && w->data[i] < 1e7f))
            return 0;
    return 1;
}

static int take(at_clip_set *s, const at_weights *w)
{
    const size_t clips = at_clip_rows(s), frames = clips * (size_t)s->frames;
    const at_weight *token = at_weights_find(w, "token"), *ms = at_weights_find(w, "ms"),
                    *answer = at_weights_find(w, "answer");
    if (!is_usable(token, frames * AT_VISUAL_EMBED, -1e7f) || !is_usable(ms, frames, 0) ||
        !is_usable(answer, clips * AT_CLIP_ANSWERS * AT_ENCODER_LOGITS, -1e7f))
        return 0;
    memcpy(s->token, token->data, token->count * sizeof(float));
    memcpy(s->answer, answer->data, answer->count * sizeof(float));
    take_times(s, ms->data);
    return 1;
}

int at_clip_load(at_clip_set *s, const char *path)
{
    at_weights *w = NULL;
    const int whole = !at_weights_load_within(&w, path, SIZE_MAX, NULL) && take(s, w);
    at_weights_free(&w);
    return whole;
}

int at_clip_save(const at_clip_set *s, const char *path, attune_error *err)
{
    const int clips = (int)at_clip_rows(s), frames = s->frames;
    const size_t all = (size_t)clips * (size_t)frames;
    at_weights_writer *w = NULL;
    float *ms = at_alloc(all, sizeof *ms);
    int status = ms ? at_weights_writer_create(&w, err) : at_fail_nomem(err);
    for (size_t i = 0; ms && i < all; i++)
        ms[i] = (float)(s->t_us[i] / 1000);
    if (!status &&
        (at_weights_put(w, "token", 3, (int[]){clips, frames, AT_VISUAL_EMBED}, s->token, 1) ||
         at_weights_put(w, "ms", 2, (int[]){clips, frames}, ms, 0) ||
         at_weights_put(w, "answer", 3, (int[]){clips, AT_CLIP_ANSWERS, AT_ENCODER_LOGITS},
                        s->answer, 0)))
        status = at_fail_nomem(err);
    status = status ? status : at_weights_save(w, path, err);
    at_weights_writer_free(&w);
    at_free(ms);
    return status;
}
