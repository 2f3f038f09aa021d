/* av_sound.c - any decoded sound to mono 16 kHz, with times that follow the sample count. */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Containers round times to a millisecond or worse; beyond this it is a gap and not rounding. */
enum { BREAK_US = 40000 };

/* Rates of real recordings. Outside them a hostile header would make one packet fill memory. */
enum { MIN_RATE = AT_MEDIA_PCM_MIN, MAX_RATE = AT_MEDIA_PCM_MAX };

/* Channels are of opposite phase where their sum has under 1/25 of their difference's energy (14 dB
 * less), and no longer so where it has over 1/4. A voice in honest stereo has more of the sum. Fainter
 * differences (-60 dBFS) decide nothing. */
static const double cancels = 1 / 25.0, adds = 1 / 4.0, faint = 1e-6;

static int same_format(const at_av_sound *s, const AVFrame *f)
{
    return s->swr && s->format == f->format && s->rate == f->sample_rate &&
           av_channel_layout_compare(&s->layout, &f->ch_layout) == 0;
}

/* Sample i of data, in [-1, 1]; 0 for formats that nobody has. */
static inline double sample(const void *data, enum AVSampleFormat packed, int i)
{
    switch (packed) {
    case AV_SAMPLE_FMT_U8: return (((const uint8_t *)data)[i] - 128) / 128.0;
    case AV_SAMPLE_FMT_S16: return ((const int16_t *)data)[i] / 32768.0;
    case AV_SAMPLE_FMT_S32: return ((const int32_t *)data)[i] / 2147483648.0;
    case AV_SAMPLE_FMT_FLT: return ((const float *)data)[i];
    case AV_SAMPLE_FMT_DBL: return ((const double *)data)[i];
    default: return 0;
    }
}

/* Whether f's two channels cancel each other; as before if it is too quiet to tell. */
static int is_opposite(const at_av_sound *s, const AVFrame *f)
{
    double sum = 0, difference = 0;
    if (f->ch_layout.nb_channels != 2)
        return 0;
    const enum AVSampleFormat packed = av_get_packed_sample_fmt(f->format);
    const int planar = av_sample_fmt_is_planar(f->format), step = planar ? 1 : 2;
    const void *left = f->extended_data[0], *right = f->extended_data[planar];
    for (int i = 0; i < f->nb_samples; i++) {
        double l = sample(left, packed, i * step), r = sample(right, packed, i * step + !planar);
        sum += (l + r) * (l + r);
        difference += (l - r) * (l - r);
    }
    /* not finite: float files may hold anything */
    if (!(difference > 2 * faint * f->nb_samples) || !isfinite(sum + difference))
        return s->opposite;
    return sum < (s->opposite ? adds : cancels) * difference;
}

int at_av_sound_breaks(const at_av_sound *s, const AVFrame *f, int64_t t_us)
{
    if (!s->swr)
        return 0;
    if (!same_format(s, f) || is_opposite(s, f) != s->opposite)
        return 1;
    return llabs(t_us - at_av_sound_next_us(s)) > BREAK_US;
}

int64_t at_av_sound_next_us(const at_av_sound *s)
{
    return s->swr ? s->origin_us + av_rescale(s->in, 1000000, s->rate) : 0;
}

static int start(at_av_sound *s, const AVFrame *f, int64_t t_us, const char *name,
                 attune_error *err)
{
    if (f->sample_rate < MIN_RATE || f->sample_rate > MAX_RATE)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "%s: %d samples of sound a second: %d to %d are read", name, f->sample_rate,
                       MIN_RATE, MAX_RATE);
    static const double left_alone[2] = {1, 0};
    swr_free(&s->swr);
    av_channel_layout_uninit(&s->layout);
    s->opposite = is_opposite(s, f);
    s->was_opposite |= s->opposite;
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO, from = {0};
    /* channels without an order (many WAV files) get the usual one for their number */
    int ret = 0, channels = f->ch_layout.nb_channels;
    at_av_watch_memory();
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&from, channels);
    else
        ret = av_channel_layout_copy(&from, &f->ch_layout);
    if (ret >= 0)
        ret = swr_alloc_set_opts2(&s->swr, &mono, AV_SAMPLE_FMT_FLT, AT_MEDIA_AUDIO_RATE, &from,
                                  f->format, f->sample_rate, 0, NULL);
    const int placed = ret >= 0 && from.order != AV_CHANNEL_ORDER_UNSPEC;
    av_channel_layout_uninit(&from);
    /* without this a float downmix of two equal channels is 3 dB louder than either */
    if (ret >= 0)
        ret = av_opt_set_double(s->swr, "rematrix_maxval", 1.0, 0);
    if (ret >= 0 && s->opposite)
        ret = swr_set_matrix(s->swr, left_alone, 2);
    if (ret >= 0)
        ret = at_av_unless_nomem(swr_init(s->swr));
    if (ret >= 0)
        ret = av_channel_layout_copy(&s->layout, &f->ch_layout);
    if (ret < 0) {
        swr_free(&s->swr);
        return placed || ret == AVERROR(ENOMEM)
                   ? at_av_fail(err, ret, name, "cannot resample the sound")
                   : at_fail(err, ATTUNE_E_UNSUPPORTED,
                             "%s: sound of %d channels: 1 to 8 are read, or more where the file "
                             "says where each belongs",
                             name, channels);
    }
    s->format = f->format;
    s->rate = f->sample_rate;
    s->origin_us = t_us;
    s->in = s->out = 0;
    return 0;
}

/* Runs n samples of in (NULL: what the filter still holds) through the resampler. */
static int resample(at_av_sound *s, const uint8_t **in, int n, const char *name,
                    at_media_packet *out, attune_error *err)
{
    int most = swr_get_out_samples(s->swr, n);
    if (most < 0)
        return at_av_fail(err, most, name, "cannot resample the sound");
    if ((size_t)most > s->capacity) {
        at_free(s->pcm);
        s->capacity = 0;
        s->pcm = at_alloc((size_t)most, sizeof *s->pcm);
        if (!s->pcm)
            return at_fail_nomem(err);
        s->capacity = (size_t)most;
    }
    uint8_t *planes[1] = {(uint8_t *)s->pcm};
    at_av_watch_memory();
    int got = most > 0 ? at_av_unless_nomem(swr_convert(s->swr, planes, most, in, n)) : 0;
    if (got < 0)
        return at_av_fail(err, got, name, "cannot resample the sound");
    /* float files may hold anything */
    for (int i = 0; i < got; i++) {
        float v = s->pcm[i];
        s->pcm[i] = !isfinite(v) ? 0 : v > 1 ? 1 : v < -1 ? -1 : v;
    }
    out->t_us = s->origin_us + av_rescale(s->out, 1000000, AT_MEDIA_AUDIO_RATE);
    out->pcm = s->pcm;
    out->n = (size_t)got;
    s->in += n;
    s->out += got;
    return 0;
}

int at_av_sound_push(at_av_sound *s, const AVFrame *f, int64_t t_us, const char *name,
                     at_media_packet *out, attune_error *err)
{
    if (at_av_sound_breaks(s, f, t_us) || !s->swr) {
        int ret = start(s, f, t_us, name, err);
        if (ret < 0)
            return ret;
    }
    return resample(s, (const uint8_t **)f->extended_data, f->nb_samples, name, out, err);
}

int at_av_sound_drain(at_av_sound *s, const char *name, at_media_packet *out, attune_error *err)
{
    out->n = 0;
    if (!s->swr)
        return 0;
    int ret = resample(s, NULL, 0, name, out, err);
    swr_free(&s->swr);
    return ret;
}

void at_av_sound_free(at_av_sound *s)
{
    swr_free(&s->swr);
    av_channel_layout_uninit(&s->layout);
    at_free(s->pcm);
    *s = (at_av_sound){0};
}
