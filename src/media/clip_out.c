#include "media/clip_out.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { FASTEST_FPS = 120 };

int at_clip_fps(const char *path, const at_media_options *o)
{
    at_media_options pictures = *o;
    at_media *m = NULL;
    at_media_packet p;
    int64_t t_us[2] = {0, 0};
    int n = 0;
    pictures.no_audio = 1;
    if (at_media_open(&m, path, &pictures, NULL) < 0)
        return 0;
    while (n < 2 && at_media_next(m, &p, NULL) > 0)
        t_us[n++] = p.t_us;
    at_media_free(&m);
    const double apart_s = (double)(t_us[1] - t_us[0]) / 1e6;
    return apart_s > 1.0 / FASTEST_FPS ? (int)lround(1 / apart_s) : apart_s > 0 ? FASTEST_FPS : 0;
}

static int open_writer(at_clip_out *c, attune_error *err)
{
    int status = at_media_writer_open(&c->writer, c->path, &c->o, err);
    if (status == ATTUNE_OK && c->held_n)
        status = at_media_writer_audio(c->writer, c->held, c->held_n, err);
    return status;
}

int at_clip_out_picture(at_clip_out *c, int64_t t_us, const uint8_t *rgb, int w, int h,
                        ptrdiff_t stride, attune_error *err)
{
    int status = ATTUNE_OK;
    if (!c->writer) {
        c->o.w = w;
        c->o.h = h;
        status = open_writer(c, err);
    }
    if (status == ATTUNE_OK && (w != c->o.w || h != c->o.h))
        status = at_fail(err, ATTUNE_E_ARG, "%s: pictures of different sizes", c->path);
    return status < 0 ? status : at_media_writer_video(c->writer, t_us, rgb, stride, err);
}

/* ---- sound ------------------------------------------------------------------------------------ */

static int hold_sound(at_clip_out *c, const float *pcm, size_t n)
{
    if (c->held_n + n > c->held_capacity) {
        const size_t capacity = 2 * (c->held_n + n);
        float *more = at_alloc(capacity, sizeof *more);
        if (!more)
            return ATTUNE_E_NOMEM;
        if (c->held_n)
            memcpy(more, c->held, c->held_n * sizeof *more);
        at_free(c->held);
        c->held = more;
        c->held_capacity = capacity;
    }
    memcpy(c->held + c->held_n, pcm, n * sizeof *pcm);
    c->held_n += n;
    return ATTUNE_OK;
}

static int put_sound(at_clip_out *c, const float *pcm, size_t n, attune_error *err)
{
    int status = ATTUNE_OK;
    c->samples += (int64_t)n;
    if (!c->writer && !c->pictures)
        status = open_writer(c, err);
    if (status == ATTUNE_OK && c->writer)
        return at_media_writer_audio(c->writer, pcm, n, err);
    if (status == ATTUNE_OK && hold_sound(c, pcm, n) < 0)
        return at_fail_nomem(err);
    return status;
}

int at_clip_out_sound(at_clip_out *c, int64_t t_us, const float *pcm, size_t n, attune_error *err)
{
    static const float silence[AT_MEDIA_AUDIO_RATE / 10];
    const int64_t at = (t_us * AT_MEDIA_AUDIO_RATE + 500000) / 1000000;
    int status = ATTUNE_OK;
    while (status == ATTUNE_OK && at > c->samples + 1) {
        const int64_t gap = at - c->samples, most = AT_MEDIA_AUDIO_RATE / 10;
        status = put_sound(c, silence, (size_t)(gap < most ? gap : most), err);
    }
    const int64_t early = c->samples > at + 1 ? c->samples - at : 0;
    if (status < 0 || early >= (int64_t)n)
        return status;
    return put_sound(c, pcm + early, n - (size_t)early, err);
}

/* ---- the end ---------------------------------------------------------------------------------- */

int at_clip_out_close(at_clip_out *c, attune_error *err)
{
    int status = c->writer ? ATTUNE_OK : open_writer(c, err);
    if (status == ATTUNE_OK)
        status = at_media_writer_close(&c->writer, err);
    at_clip_out_abandon(c);
    return status;
}

void at_clip_out_abandon(at_clip_out *c)
{
    at_media_writer_abandon(&c->writer);
    at_free(c->held);
    c->held = NULL;
    c->held_n = c->held_capacity = 0;
}
