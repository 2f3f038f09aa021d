#include "runtime/feed_pair.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { PICTURES, SOUND, SIDES };

struct at_pair {
    at_live *side[SIDES]; /* SOUND NULL: one file is all */
    at_media_packet waiting[SIDES];
    int has[SIDES], ended[SIDES];
    int64_t offset_us, sound_end_us;
    const char *sound_path; /* [kept] */
};

static int open_sound(at_pair *p, const at_feed_sound *sound, const at_media_options *o,
                      attune_error *err)
{
    at_media_options own = *o;
    own.no_video = 1;
    own.video_track = own.pcm_rate = 0;
    p->offset_us = sound->offset_us;
    p->sound_path = sound->path;
    return at_live_open(&p->side[SOUND], sound->path, &own, NULL, err);
}

/* Where both lengths are known: sound that has no moment with the pictures in common is nobody's wish. */
static int check_overlap(const at_pair *p, const char *path, const at_feed_sound *sound,
                         attune_error *err)
{
    at_media_info pictures, heard;

    at_live_get_info(p->side[PICTURES], &pictures);
    at_live_get_info(p->side[SOUND], &heard);
    if (sound->live)
        return ATTUNE_OK;
    if (pictures.container_us && sound->offset_us >= pictures.container_us)
        return at_fail(
            err, ATTUNE_E_ARG, "%s: its sound %s would begin at %.2f s, and it ends at %.2f s",
            path, sound->path, (double)sound->offset_us / 1e6, (double)pictures.container_us / 1e6);
    if (heard.container_us && sound->offset_us + heard.container_us <= 0)
        return at_fail(err, ATTUNE_E_ARG, "%s: its sound %s would end %.2f s before it begins",
                       path, sound->path, (double)(-sound->offset_us - heard.container_us) / 1e6);
    return ATTUNE_OK;
}

int at_pair_open(at_pair **out, const char *path, const at_feed_sound *sound,
                 const at_media_options *o, const at_live_watch *watch, attune_error *err)
{
    at_media_options own = *o;
    at_pair *p = *out = at_calloc(1, sizeof *p);
    if (!p)
        return at_fail_nomem(err);
    if (sound) {
        own.no_audio = 1;
        own.audio_track = 0;
    }
    int status = at_live_open(&p->side[PICTURES], path, &own, watch, err);
    if (status == ATTUNE_OK && sound)
        status = open_sound(p, sound, o, err);
    if (status == ATTUNE_OK && sound)
        status = check_overlap(p, path, sound, err);
    if (status < 0)
        at_pair_free(out);
    return status;
}

void at_pair_free(at_pair **p)
{
    if (!*p)
        return;
    at_live_free(&(*p)->side[PICTURES]);
    at_live_free(&(*p)->side[SOUND]);
    at_free(*p);
    *p = NULL;
}

int at_pair_shift(at_media_packet *sound, int64_t offset_us)
{
    const int64_t begins = sound->t_us + offset_us;
    size_t early = 0;
    if (begins < 0) {
        const int64_t samples = (-begins * AT_MEDIA_AUDIO_RATE + 999999) / 1000000;
        if (samples >= (int64_t)sound->n)
            return 0;
        early = (size_t)samples;
    }
    sound->pcm += early;
    sound->n -= early;
    sound->t_us = begins < 0 ? 0 : begins;
    return 1;
}

static int shift(at_pair *p, at_media_packet *sound)
{
    if (!at_pair_shift(sound, p->offset_us))
        return 0;
    p->sound_end_us = sound->t_us + (int64_t)sound->n * 1000000 / AT_MEDIA_AUDIO_RATE;
    return 1;
}

/* Has one of a side wait, unless it has ended. */
static int refill(at_pair *p, int side, attune_error *err)
{
    while (!p->has[side] && !p->ended[side]) {
        const int status = at_live_next(p->side[side], &p->waiting[side], err);
        if (status < 0)
            return status;
        p->ended[side] = status == 0;
        p->has[side] = status == 1 && (side == PICTURES || shift(p, &p->waiting[side]));
    }
    return ATTUNE_OK;
}

int at_pair_next(at_pair *p, at_media_packet *out, attune_error *err)
{
    if (!p->side[SOUND])
        return at_live_next(p->side[PICTURES], out, err);
    int status = refill(p, PICTURES, err);
    status = status < 0 ? status : refill(p, SOUND, err);
    if (status < 0)
        return status;
    if (!p->has[PICTURES] && !p->has[SOUND])
        return 0;
    /* sound of a frame's time comes before it, as out of one file */
    const int sound = p->has[SOUND] &&
                      (!p->has[PICTURES] || p->waiting[SOUND].t_us <= p->waiting[PICTURES].t_us);
    *out = p->waiting[sound ? SOUND : PICTURES];
    p->has[sound ? SOUND : PICTURES] = 0;
    return 1;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void at_pair_join_info(at_media_info *out, const at_media_info *sound, int64_t end_us,
                       int64_t offset_us)
{
    out->has_audio = sound->has_audio;
    out->audio_tracks = sound->audio_tracks;
    out->audio_track = sound->audio_track;
    out->chosen_by_speech = sound->chosen_by_speech;
    out->opposite_phase = sound->opposite_phase;
    out->errors += sound->errors;
    out->live |= sound->live;
    out->held &= sound->held;
    out->duration_us = later(out->duration_us, end_us);
    if (out->container_us && sound->container_us)
        out->container_us = later(out->container_us, sound->container_us + offset_us);
    if (sound->truncated && !out->truncated) {
        out->truncated = 1;
        snprintf(out->truncated_reason, sizeof out->truncated_reason, "%s",
                 sound->truncated_reason);
    }
}

/* What is wrong with the sound is not wrong with the pictures' file. */
static void name_reason(const at_pair *p, at_media_info *sound)
{
    char reason[sizeof sound->truncated_reason];

    if (!sound->truncated)
        return;
    snprintf(reason, sizeof reason, "%.100s: %.150s", p->sound_path, sound->truncated_reason);
    memcpy(sound->truncated_reason, reason, sizeof reason);
}

void at_pair_get_info(const at_pair *p, at_media_info *out)
{
    at_media_info sound;
    at_live_get_info(p->side[PICTURES], out);
    if (!p->side[SOUND])
        return;
    at_live_get_info(p->side[SOUND], &sound);
    name_reason(p, &sound);
    at_pair_join_info(out, &sound, p->sound_end_us, p->offset_us);
}
