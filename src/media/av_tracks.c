/* av_tracks.c - which of an input's tracks are read.
 *
 * The picture is FFmpeg's choice. Of several sound tracks the one with most speech is taken: the
 * first seconds of each are decoded on the side, from packets that stay queued for the reading.
 */
#include "media/av_reader.h"

#include "base/error.h"
#include "base/mem.h"

#include <libavutil/avstring.h>
#include <libavutil/intreadwrite.h>
#include <string.h>

enum {
    JUDGED_S = 20,         /* seconds of each sound track that are listened to */
    MEASURED_PACKETS = 64, /* that a stream may need until its pictures have a size */
};

typedef struct at_av_tracks {
    AVStream *st[AT_AV_TRACKS];
    int n;
} at_av_tracks;

/* Whether st is of that kind, and can be decoded. */
static int usable(const AVStream *st, enum AVMediaType type)
{
    const AVCodecParameters *par = st->codecpar;
    if (par->codec_type != type || !at_av_decoder(par->codec_id))
        return 0;
    if (type == AVMEDIA_TYPE_VIDEO)
        return !(st->disposition & AV_DISPOSITION_ATTACHED_PIC);
    return par->sample_rate > 0 && par->ch_layout.nb_channels > 0;
}

static at_av_tracks find_tracks(const at_media *m, enum AVMediaType type)
{
    at_av_tracks tracks = {.n = 0};
    for (unsigned i = 0; i < m->fmt->nb_streams && tracks.n < AT_AV_TRACKS; i++)
        if (usable(m->fmt->streams[i], type))
            tracks.st[tracks.n++] = m->fmt->streams[i];
    return tracks;
}

/* The number of FFmpeg's choice, or of the first that can be used; n > 0. */
static int best_track(const at_media *m, const at_av_tracks *tracks)
{
    int best = av_find_best_stream(m->fmt, tracks->st[0]->codecpar->codec_type, -1, -1, NULL, 0);
    for (int i = 0; i < tracks->n; i++)
        if (tracks->st[i]->index == best)
            return i;
    return 0;
}

static int check_wanted(const at_media *m, const char *kind, int wanted, int there,
                        attune_error *err)
{
    if (wanted >= 0 && wanted <= there)
        return 0;
    return at_fail(err, ATTUNE_E_ARG, "%s: there is no %s track %d; it has %d", m->path, kind,
                   wanted, there);
}

/* ---- listening ---------------------------------------------------------------------------- */

typedef struct at_av_taste {
    float *pcm; /* (room) */
    size_t n, room;
} at_av_taste;

static void keep_sound(at_av_taste *taste, const at_media_packet *p)
{
    size_t n = p->n < taste->room - taste->n ? p->n : taste->room - taste->n;
    if (n > 0)
        memcpy(taste->pcm + taste->n, p->pcm, n * sizeof *p->pcm);
    taste->n += n;
}

/* All that dec has to give. Damage is passed over, and so are gaps. */
static int taste_frames(const at_media *m, AVCodecContext *dec, AVFrame *frame, at_av_sound *sound,
                        at_av_taste *taste, attune_error *err)
{
    while (avcodec_receive_frame(dec, frame) >= 0) {
        at_media_packet p = {0};
        if (frame->nb_samples > 0 && at_av_sound_push(sound, frame, at_av_sound_next_us(sound),
                                                      m->path, &p, err) == ATTUNE_E_NOMEM)
            return ATTUNE_E_NOMEM;
        keep_sound(taste, &p);
    }
    return 0;
}

static int taste_queue(at_media *m, at_av_stream *s, at_av_taste *taste, attune_error *err)
{
    at_av_sound sound = {0};
    AVFrame *frame = av_frame_alloc();
    int ret = frame ? at_av_decoder_open(m, &s->dec, &s->budget, s->st, 1, NULL)
                    : at_fail_nomem(err);
    for (int i = 0; ret == 0 && i < s->queue.count && taste->n < taste->room; i++)
        if (avcodec_send_packet(s->dec, at_av_queue_at(&s->queue, i)) >= 0)
            ret = taste_frames(m, s->dec, frame, &sound, taste, err);
    at_av_sound_free(&sound);
    avcodec_free_context(&s->dec);
    av_frame_free(&frame);
    return ret == ATTUNE_E_NOMEM ? ret : 0;
}

/* Seconds of sound that wait in s's queue, by the container's times. */
static double queued_s(const at_av_stream *s)
{
    const at_av_queue *q = &s->queue;
    if (q->count == 0)
        return 0;
    const AVPacket *first = at_av_queue_at(q, 0), *last = at_av_queue_at(q, q->count - 1);
    if (first->pts == AV_NOPTS_VALUE || last->pts == AV_NOPTS_VALUE)
        return 0;
    return (double)(last->pts + last->duration - first->pts) * av_q2d(s->st->time_base);
}

/* Reads until enough of each track is queued, or there is no more, or no room. */
static int queue_tracks(at_media *m, at_av_stream *const *s, int n, attune_error *err)
{
    int ret = 1;
    while (ret == 1) {
        int64_t bytes = m->video.queue.bytes;
        int enough = 1;
        for (int i = 0; i < n; i++) {
            bytes += s[i]->queue.bytes;
            enough &= queued_s(s[i]) >= JUDGED_S;
        }
        if (enough || bytes >= AT_AV_QUEUE_BYTES)
            return 0;
        ret = at_av_read(m, s, n, err);
    }
    return ret;
}

/* The track with most speech; the one at best unless another has more. Its queue goes on. */
static int choose_by_speech(at_media *m, const at_av_tracks *tracks, int best, attune_error *err)
{
    at_av_stream s[AT_AV_TRACKS] = {0}, *each[AT_AV_TRACKS];
    at_av_taste taste = {.room = (size_t)JUDGED_S * AT_MEDIA_AUDIO_RATE};
    double speech[AT_AV_TRACKS];
    int chosen = best;
    for (int i = 0; i < tracks->n; i++) {
        s[i].st = tracks->st[i];
        each[i] = &s[i];
    }
    taste.pcm = at_alloc(taste.room, sizeof *taste.pcm);
    int ret = taste.pcm ? queue_tracks(m, each, tracks->n, err) : at_fail_nomem(err);
    for (int i = 0; ret == 0 && i < tracks->n; i++) {
        taste.n = 0;
        ret = taste_queue(m, &s[i], &taste, err);
        speech[i] = ret == 0 ? m->o.speech_s(taste.pcm, taste.n) : 0;
    }
    for (int i = 0; ret == 0 && i < tracks->n; i++)
        if (speech[i] > speech[chosen])
            chosen = i;
    at_free(taste.pcm);
    for (int i = 0; i < tracks->n; i++)
        if (ret == 0 && i == chosen)
            m->audio.queue = s[i].queue;
        else
            at_av_queue_free(&s[i].queue);
    return ret < 0 ? ret : chosen;
}

/* ---- measuring ---------------------------------------------------------------------------- */

/* The i-th packet of the pictures: 1 if there is one. */
static int reach_packet(at_media *m, int i, attune_error *err)
{
    int ret = 1;
    while (ret == 1 && m->video.queue.count <= i)
        ret = at_av_read(m, NULL, 0, err);
    return ret;
}

/* Decodes the first packets, which stay queued, until the pictures have a size. */
static int decode_size(at_media *m, AVCodecContext *dec, attune_error *err)
{
    AVFrame *frame = av_frame_alloc();
    int ret = frame ? 1 : at_fail_nomem(err);
    for (int i = 0; ret == 1 && i < MEASURED_PACKETS && dec->width <= 0; i++) {
        ret = reach_packet(m, i, err);
        if (ret == 1 && avcodec_send_packet(dec, at_av_queue_at(&m->video.queue, i)) >= 0)
            while (avcodec_receive_frame(dec, frame) >= 0)
                av_frame_unref(frame);
    }
    av_frame_free(&frame);
    return ret < 0 ? ret : 0;
}

static int measure(at_media *m, attune_error *err)
{
    AVCodecParameters *par = m->video.st->codecpar;
    AVCodecContext *dec = NULL;
    int ret = at_av_decoder_open(m, &dec, &m->video.budget, m->video.st, 1, err);
    if (ret == 0)
        ret = decode_size(m, dec, err);
    if (ret == 0 && dec->width > 0) {
        par->width = dec->width;
        par->height = dec->height;
        par->sample_aspect_ratio = dec->sample_aspect_ratio;
    }
    if (ret == 0 && m->video.budget.exceeded)
        ret = at_av_too_dear(m, dec->width, dec->height, err);
    avcodec_free_context(&dec);
    return ret;
}

static int check_size(const at_media *m, const AVCodecParameters *par, attune_error *err)
{
    if (par->width > AT_MEDIA_MAX_SIDE || par->height > AT_MEDIA_MAX_SIDE)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "%s: pictures of %dx%d pixels; the most is %d a side", m->path, par->width,
                       par->height, AT_MEDIA_MAX_SIDE);
    if ((int64_t)par->width * par->height > m->o.max_pixels)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "%s: pictures of %dx%d pixels; the most is %lld in all", m->path, par->width,
                       par->height, (long long)m->o.max_pixels);
    return 0;
}

/* ---- the start ---------------------------------------------------------------------------- */

/* Where a stream's first packet begins to sound or show, without what decoders need to warm up. */
static int64_t first_us(const at_av_stream *s, const AVPacket *p)
{
    size_t size = 0;
    const uint8_t *skip = av_packet_get_side_data(p, AV_PKT_DATA_SKIP_SAMPLES, &size);
    int64_t t = at_av_us(p->pts, s->st->time_base);
    if (skip && size >= 4 && s->st->codecpar->sample_rate > 0)
        t += av_rescale(AV_RL32(skip), AT_AV_SECOND, s->st->codecpar->sample_rate);
    return t;
}

/* A container's start is that of the streams which probing met; of one that comes further back it is
 * a guess. The first packet tells. */
static int settle_start(at_media *m, const at_av_stream *s, attune_error *err)
{
    int ret = 1;
    if (!s->st || m->start_us == AV_NOPTS_VALUE || m->live)
        return 0;
    while (ret == 1 && s->queue.count == 0 &&
           m->video.queue.bytes + m->audio.queue.bytes < AT_AV_QUEUE_BYTES)
        ret = at_av_read(m, NULL, 0, err);
    const AVPacket *p = s->queue.count > 0 ? at_av_queue_at(&s->queue, 0) : NULL;
    if (ret >= 0 && p && p->pts != AV_NOPTS_VALUE && first_us(s, p) < m->start_us)
        m->start_us = first_us(s, p);
    return ret < 0 ? ret : 0;
}

/* ---- opening ------------------------------------------------------------------------------ */

static int open_stream(at_media *m, at_av_stream *s, int threads, attune_error *err)
{
    s->frame = av_frame_alloc();
    if (!s->frame)
        return at_fail_nomem(err);
    return at_av_decoder_open(m, &s->dec, &s->budget, s->st, threads, err);
}

static int choose_video(at_media *m, attune_error *err)
{
    at_av_tracks tracks = find_tracks(m, AVMEDIA_TYPE_VIDEO);
    int ret = check_wanted(m, "picture", m->o.video_track, tracks.n, err);
    if (ret < 0 || tracks.n == 0)
        return ret;
    int chosen = m->o.video_track ? m->o.video_track - 1 : best_track(m, &tracks);
    m->video.st = tracks.st[chosen];
    m->info.video_tracks = tracks.n;
    m->info.video_track = chosen + 1;
    return 0;
}

static int choose_audio(at_media *m, attune_error *err)
{
    at_av_tracks tracks = find_tracks(m, AVMEDIA_TYPE_AUDIO);
    int ret = check_wanted(m, "sound", m->o.audio_track, tracks.n, err);
    if (ret < 0 || tracks.n == 0)
        return ret;
    int chosen = m->o.audio_track ? m->o.audio_track - 1 : best_track(m, &tracks);
    if (tracks.n > 1 && !m->o.audio_track && m->o.speech_s && !m->live) {
        chosen = choose_by_speech(m, &tracks, chosen, err);
        if (chosen < 0)
            return chosen;
        m->info.chosen_by_speech = 1;
    }
    m->audio.st = tracks.st[chosen];
    m->info.audio_tracks = tracks.n;
    m->info.audio_track = chosen + 1;
    return 0;
}

void at_av_note_size(at_media *m, int w, int h, AVRational sar, at_turn turn)
{
    at_upright_size(w, h, at_orientation_of(turn), sar.num, sar.den, &m->info.w, &m->info.h);
}

static int open_video(at_media *m, attune_error *err)
{
    at_av_stream *s = &m->video;
    AVCodecParameters *par = s->st->codecpar;
    int ret = par->width > 0 ? 0 : measure(m, err);
    if (ret == 0)
        ret = check_size(m, par, err);
    if (ret < 0)
        return ret;
    if (par->width <= 0) { /* nothing in it that could be decoded */
        at_av_queue_free(&s->queue);
        s->st->discard = AVDISCARD_ALL;
        s->st = NULL;
        return 0;
    }
    /* frame threads hold frames back, which a camera's viewer would see as delay */
    ret = open_stream(m, s, m->live ? 1 : at_av_budget_threads(par, m->o.threads), err);
    if (ret < 0)
        return ret;
    at_av_note_size(m, par->width, par->height, par->sample_aspect_ratio,
                    at_av_turn_of(at_av_display_matrix(s->frame, s->st)));
    m->info.has_video = 1;
    return 0;
}

/* Leaves the streams that nobody reads, but for the sound tracks that may be judged. */
static void discard_unread(at_media *m, int keep_sound_tracks)
{
    for (unsigned i = 0; i < m->fmt->nb_streams; i++) {
        AVStream *st = m->fmt->streams[i];
        int judged = keep_sound_tracks && usable(st, AVMEDIA_TYPE_AUDIO);
        int read = st == m->video.st || st == m->audio.st || judged;
        st->discard = read ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
}

int at_av_tracks_open(at_media *m, attune_error *err)
{
    int ret = m->o.no_video ? 0 : choose_video(m, err);
    if (ret < 0)
        return ret;
    discard_unread(m, !m->o.no_audio);
    ret = m->o.no_audio ? 0 : choose_audio(m, err);
    if (ret < 0)
        return ret;
    discard_unread(m, 0);
    if (m->video.st && (ret = open_video(m, err)) < 0)
        return ret;
    if (m->audio.st && (ret = open_stream(m, &m->audio, 1, err)) < 0)
        return ret;
    m->info.has_audio = m->audio.st != NULL;
    ret = settle_start(m, &m->video, err);
    return ret < 0 ? ret : settle_start(m, &m->audio, err);
}
