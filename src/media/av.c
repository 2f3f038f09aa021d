/* av.c - the reader: demultiplex, decode, place in time, drop by time, convert.
 *
 * One loop in at_media_next: give out what the decoders hold, else feed them one more packet. The
 * pictures and the sound are converted in av_picture.c and av_sound.c, frame by frame, so that
 * nothing but the decoders' own few frames is ever held.
 */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

/* A stream's clock that goes back by more, or leaps ahead by more, has been restarted (joined
 * recordings, wrapped counters, damage): time then goes on where the stream was. */
#define BACK_US  SECOND
#define AHEAD_US (3600 * SECOND)

/* Read errors in a row that a demultiplexer may need to find its way again. */
enum { MAX_READ_ERRORS = 16 };

/* How much too early a frame may be for its period, for the sake of rounded times. */
enum { EARLY_US = 1000 };

/* Frames a second; wanting more is wanting all. */
enum { MAX_RATE = 1000 };

typedef struct stream {
    AVStream *st;
    AVCodecContext *dec; /* NULL: this kind is not read */
    AVFrame *frame;
    int held; /* frame is decoded, and waits for the sound before it to drain */
    int64_t held_us;
    int64_t shift_us; /* added to the container's times since its clock was restarted */
    int64_t end_us;   /* end of the latest frame */
    int done;         /* drained */
    int bad_end;      /* the latest packet or frame was damaged */
} stream;

struct at_media {
    char *path;
    at_media_options o;
    at_av_head head;
    AVFormatContext *fmt;
    AVPacket *packet;
    stream video, audio;
    at_av_picture picture;
    at_av_sound sound;
    at_av_turn turn;
    int64_t start_us;      /* the container's; AV_NOPTS_VALUE until known */
    int64_t last_frame_us; /* of the latest frame; -1: none */
    int64_t last_period;   /* of the latest frame given out, in units of 1/rate; -1: none */
    int live;              /* a camera */
    int draining, read_errors, read_failure; /* read_failure: why reading stopped, or 0 */
    int64_t given;                           /* packets given out */
    at_av_pipe pipe;
    int ended, result;    /* result: what every later call returns */
    attune_error failure; /* with result < 0 */
    at_media_info info;
};

/* ---- opening ------------------------------------------------------------------------------ */

static int interrupted(void *user)
{
    const at_media *m = user;
    return m->o.interrupted && m->o.interrupted(m->o.user);
}

static const char *no_media_reason(const at_media *m, int averr)
{
    if (m->head.text)
        return "not a media file (it is text)";
    if (m->head.mp4 && averr == AVERROR_INVALIDDATA)
        return "incomplete: the index of this MP4 file (moov) is missing or damaged";
    return "not a media file, or damaged from its beginning";
}

static int open_failed(const at_media *m, int averr, attune_error *err)
{
    if (averr == AVERROR_INVALIDDATA || averr == AVERROR(EINVAL) || averr == AVERROR_EOF)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s", m->path, no_media_reason(m, averr));
    return at_av_fail(err, averr, m->path, "cannot open");
}

/* Names are taken literally: no protocol but an explicit scheme://, no number patterns. */
static int open_container(at_media *m, attune_error *err)
{
    const AVInputFormat *format = NULL;
    const char *prefix = "";
    const char *path = m->path;
    if (strncmp(path, "/dev/video", 10) == 0) {
        format = at_av_camera_format(path, err);
        if (!format)
            return ATTUNE_E_UNSUPPORTED;
        m->live = 1;
    } else if (at_av_pipe_wanted(path)) {
        int status = at_av_pipe_open(&m->pipe, path, interrupted, m, err);
        if (status < 0)
            return status;
    } else if (!strstr(path, "://")) {
        prefix = "file:";
    }

    int ret = AVERROR(ENOMEM);
    AVDictionary *options = NULL;
    char *url = at_alloc(strlen(prefix) + strlen(path) + 1, 1);
    m->fmt = avformat_alloc_context();
    if (!url || !m->fmt)
        goto done;
    snprintf(url, strlen(prefix) + strlen(path) + 1, "%s%s", prefix, path);
    m->fmt->interrupt_callback = (AVIOInterruptCB){interrupted, m};
    m->fmt->pb = m->pipe.io; /* NULL: FFmpeg opens the file itself */
    if (m->live)
        m->fmt->flags |= AVFMT_FLAG_NOBUFFER;
    ret = av_dict_set(&options, "pattern_type", "none", 0);
    if (ret >= 0)
        ret = avformat_open_input(&m->fmt, url, format, &options);
done:
    av_dict_free(&options);
    at_free(url);
    return ret < 0 ? open_failed(m, ret, err) : 0;
}

static int check_size(const at_media *m, int w, int h, attune_error *err)
{
    if (w > AT_MEDIA_MAX_SIDE || h > AT_MEDIA_MAX_SIDE)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "%s: pictures of %dx%d pixels; the most is %d a side", m->path, w, h,
                       AT_MEDIA_MAX_SIDE);
    if ((int64_t)w * h > m->o.max_pixels)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "%s: pictures of %dx%d pixels; the most is %lld in all", m->path, w, h,
                       (long long)m->o.max_pixels);
    return 0;
}

/* Probing decodes: hold it to the same limits. What is over them comes out of it without a size,
 * so the sizes that the container names are looked at first. */
static int probe_streams(at_media *m, attune_error *err)
{
    unsigned n = m->fmt->nb_streams;
    for (unsigned i = 0; i < n && !m->o.no_video; i++) {
        const AVCodecParameters *par = m->fmt->streams[i]->codecpar;
        if (par->codec_type == AVMEDIA_TYPE_VIDEO &&
            check_size(m, par->width, par->height, err) < 0)
            return ATTUNE_E_UNSUPPORTED;
    }
    AVDictionary **options = at_calloc(n ? n : 1, sizeof(AVDictionary *));
    if (!options)
        return at_fail_nomem(err);
    for (unsigned i = 0; i < n; i++) {
        av_dict_set_int(&options[i], "max_pixels", m->o.max_pixels, 0);
        av_dict_set_int(&options[i], "threads", 1, 0);
    }
    int ret = avformat_find_stream_info(m->fmt, n ? options : NULL);
    for (unsigned i = 0; i < n; i++)
        av_dict_free(&options[i]);
    at_free(options);
    return ret < 0 ? open_failed(m, ret, err) : 0;
}

/* FFmpeg shows text files as terminal pictures; nobody means that by a clip. */
static int is_text_art(enum AVCodecID id)
{
    return id == AV_CODEC_ID_ANSI || id == AV_CODEC_ID_BINTEXT || id == AV_CODEC_ID_XBIN ||
           id == AV_CODEC_ID_IDF;
}

static int usable(const AVStream *st, enum AVMediaType type)
{
    const AVCodecParameters *par = st->codecpar;
    if (par->codec_type != type || is_text_art(par->codec_id) ||
        !avcodec_find_decoder(par->codec_id))
        return 0;
    if (type == AVMEDIA_TYPE_VIDEO)
        return par->width > 0 && par->height > 0 &&
               !(st->disposition & AV_DISPOSITION_ATTACHED_PIC);
    return par->sample_rate > 0 && par->ch_layout.nb_channels > 0;
}

/* FFmpeg's choice, unless it is one that cannot be used. */
static AVStream *best_stream(const at_media *m, enum AVMediaType type)
{
    int best = av_find_best_stream(m->fmt, type, -1, -1, NULL, 0);
    if (best >= 0 && usable(m->fmt->streams[best], type))
        return m->fmt->streams[best];
    for (unsigned i = 0; i < m->fmt->nb_streams; i++)
        if (usable(m->fmt->streams[i], type))
            return m->fmt->streams[i];
    return NULL;
}

static int open_decoder(at_media *m, stream *s, AVStream *st, attune_error *err)
{
    const AVCodec *codec = avcodec_find_decoder(st->codecpar->codec_id);
    s->st = st;
    s->frame = av_frame_alloc();
    s->dec = avcodec_alloc_context3(codec);
    if (!s->frame || !s->dec)
        return at_fail_nomem(err);
    int ret = avcodec_parameters_to_context(s->dec, st->codecpar);
    if (ret >= 0) {
        s->dec->pkt_timebase = st->time_base;
        s->dec->max_pixels = m->o.max_pixels;
        /* frame threads hold frames back, which a camera's viewer would see as delay */
        s->dec->thread_count = st->codecpar->codec_type != AVMEDIA_TYPE_VIDEO ? 1 : m->o.threads;
        if (m->live)
            s->dec->thread_count = 1;
        ret = avcodec_open2(s->dec, codec, NULL);
    }
    if (ret < 0)
        return at_av_fail(err, ret, m->path, avcodec_get_name(st->codecpar->codec_id));
    return 0;
}

static int no_stream(const at_media *m, attune_error *err)
{
    const char *asked = m->o.no_video   ? "no sound stream"
                        : m->o.no_audio ? "no video stream"
                                        : "no video and no sound stream";
    /* an index that breaks off leaves tracks without a codec, or no track */
    int broken = m->head.mp4 && m->fmt->nb_streams == 0;
    for (unsigned i = 0; m->head.mp4 && i < m->fmt->nb_streams; i++)
        broken |= m->fmt->streams[i]->codecpar->codec_id == AV_CODEC_ID_NONE;
    if (m->head.text || broken)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s", m->path,
                       no_media_reason(m, AVERROR_INVALIDDATA));
    for (unsigned i = 0; i < m->fmt->nb_streams; i++) {
        const AVCodecParameters *par = m->fmt->streams[i]->codecpar;
        int wanted = (par->codec_type == AVMEDIA_TYPE_VIDEO && !m->o.no_video) ||
                     (par->codec_type == AVMEDIA_TYPE_AUDIO && !m->o.no_audio);
        if (wanted && !avcodec_find_decoder(par->codec_id))
            return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: %s that can be decoded (%s)", m->path,
                           asked, avcodec_get_name(par->codec_id));
        if (wanted && par->codec_type == AVMEDIA_TYPE_VIDEO && par->width <= 0)
            return at_fail(err, ATTUNE_E_FORMAT,
                           "%s: its pictures are damaged, or larger than %lld pixels", m->path,
                           (long long)m->o.max_pixels);
    }
    return at_fail(err, ATTUNE_E_FORMAT, "%s: %s that can be decoded", m->path, asked);
}

static int open_streams(at_media *m, attune_error *err)
{
    AVStream *video = m->o.no_video ? NULL : best_stream(m, AVMEDIA_TYPE_VIDEO);
    AVStream *audio = m->o.no_audio ? NULL : best_stream(m, AVMEDIA_TYPE_AUDIO);
    if (!video && !audio)
        return no_stream(m, err);
    for (unsigned i = 0; i < m->fmt->nb_streams; i++)
        if (m->fmt->streams[i] != video && m->fmt->streams[i] != audio)
            m->fmt->streams[i]->discard = AVDISCARD_ALL;

    int ret = 0;
    if (video) {
        const AVCodecParameters *par = video->codecpar;
        ret = check_size(m, par->width, par->height, err);
        if (ret >= 0)
            ret = open_decoder(m, &m->video, video, err);
        if (ret < 0)
            return ret;
        m->turn = at_av_turn_of(at_av_display_matrix(m->video.frame, video));
        at_av_upright_size(par->width, par->height, par->sample_aspect_ratio, m->turn, &m->info.w,
                           &m->info.h);
        m->info.has_video = 1;
    }
    if (audio) {
        ret = open_decoder(m, &m->audio, audio, err);
        m->info.has_audio = 1;
    }
    return ret;
}

int at_media_open(at_media **out, const char *path, const at_media_options *o, attune_error *err)
{
    *out = NULL;
    at_av_head head = {0};
    int ret = 0;
    if (o && o->no_video && o->no_audio)
        return at_fail(err, ATTUNE_E_ARG, "%s: neither video nor sound is asked for", path);
    if (strcmp(path, "-") != 0 && !strstr(path, "://"))
        ret = at_av_head_read(&head, path, err);
    if (ret < 0)
        return ret;

    at_media *m = at_calloc(1, sizeof *m);
    if (!m)
        return at_fail_nomem(err);
    at_av_enter();
    if (o)
        m->o = *o;
    if (m->o.max_pixels <= 0)
        m->o.max_pixels = AT_MEDIA_MAX_PIXELS;
    m->head = head;
    m->last_frame_us = m->last_period = -1;
    m->path = at_alloc(strlen(path) + 1, 1);
    m->packet = av_packet_alloc();
    if (!m->path || !m->packet) {
        ret = at_fail_nomem(err);
        goto fail;
    }
    memcpy(m->path, path, strlen(path) + 1);
    if ((ret = open_container(m, err)) < 0 || (ret = probe_streams(m, err)) < 0 ||
        (ret = open_streams(m, err)) < 0)
        goto fail;
    m->start_us = m->fmt->start_time; /* in AV_TIME_BASE units, which are microseconds */
    m->info.container_us = m->fmt->duration > 0 && !m->live ? m->fmt->duration : 0;
    *out = m;
    return 0;
fail:
    at_media_free(&m);
    return ret;
}

/* ---- time --------------------------------------------------------------------------------- */

static int64_t to_us(int64_t t, AVRational base)
{
    return av_rescale_q(t, base, (AVRational){1, 1000000});
}

/* Where a frame of s with this pts belongs. A missing one follows the frame before it. */
static int64_t place(at_media *m, stream *s, int64_t pts)
{
    int64_t raw = pts == AV_NOPTS_VALUE ? 0 : to_us(pts, s->st->time_base);
    if (pts == AV_NOPTS_VALUE || raw > INT64_MAX / 4 || raw < INT64_MIN / 4)
        return s->end_us;
    if (m->start_us == AV_NOPTS_VALUE)
        m->start_us = raw;
    int64_t t = raw - m->start_us + s->shift_us;
    if (t < s->end_us - BACK_US || t > s->end_us + AHEAD_US) {
        s->shift_us += s->end_us - t;
        t = s->end_us;
    }
    return t;
}

static int64_t picture_duration(const stream *s, const AVFrame *f)
{
    int64_t us = to_us(at_av_frame_duration(f), s->st->time_base);
    AVRational rate = s->st->avg_frame_rate;
    if (us <= 0 && rate.num > 0 && rate.den > 0)
        us = to_us(1, av_inv_q(rate));
    return us > 0 && us < AHEAD_US ? us : SECOND / 25;
}

/* ---- giving out --------------------------------------------------------------------------- */

/* One frame out of s's decoder: 1, or 0 when it needs more or is done, < 0 out of memory. */
static int receive(at_media *m, stream *s, attune_error *err)
{
    while (s->dec && !s->done) {
        int ret = avcodec_receive_frame(s->dec, s->frame);
        if (ret >= 0) {
            s->bad_end = s->frame->decode_error_flags || (s->frame->flags & AV_FRAME_FLAG_CORRUPT);
            return 1;
        }
        if (ret == AVERROR(EAGAIN))
            return 0;
        if (ret == AVERROR(ENOMEM))
            return at_fail_nomem(err);
        if (ret == AVERROR_EOF) {
            s->done = 1;
        } else {
            m->info.errors++;
            s->bad_end = 1;
        }
    }
    return 0;
}

static void note_end(at_media *m, stream *s, int64_t end_us)
{
    if (end_us > s->end_us)
        s->end_us = end_us;
    if (end_us > m->info.duration_us)
        m->info.duration_us = end_us;
}

/* Whether the frame at t is the first of its period. */
static int due(at_media *m, int64_t t)
{
    if (!(m->o.rate > 0 && m->o.rate < MAX_RATE))
        return 1;
    int64_t period = (int64_t)((double)(t + EARLY_US) * m->o.rate / SECOND);
    if (period <= m->last_period)
        return 0;
    m->last_period = period;
    return 1;
}

static int next_picture(at_media *m, at_media_packet *out, attune_error *err)
{
    stream *s = &m->video;
    int ret;
    while ((ret = receive(m, s, err)) > 0) {
        AVFrame *f = s->frame;
        int64_t duration = picture_duration(s, f);
        int64_t t = place(m, s, f->best_effort_timestamp);
        if (t < 0 && t + duration > 0)
            t = 0;
        if (t < 0 || check_size(m, f->width, f->height, NULL) < 0) {
            m->info.errors += t >= 0;
            continue;
        }
        if (m->last_frame_us >= 0 && t <= m->last_frame_us)
            t = m->last_frame_us + 1;
        m->info.frames++;
        m->last_frame_us = t;
        note_end(m, s, t + duration);
        if (!due(m, t))
            continue;

        AVRational sar = f->sample_aspect_ratio.num > 0 ? f->sample_aspect_ratio
                                                        : s->st->codecpar->sample_aspect_ratio;
        m->turn = at_av_turn_of(at_av_display_matrix(f, s->st));
        ret = at_av_picture_convert(&m->picture, f, sar, m->turn, m->o.max_side, m->path, out, err);
        if (ret < 0)
            return ret;
        at_av_upright_size(f->width, f->height, sar, m->turn, &m->info.w, &m->info.h);
        out->kind = AT_MEDIA_VIDEO;
        out->t_us = t;
        return 1;
    }
    return ret;
}

/* What was before the start of the container's clock is cut off. 1 if something is left. */
static int give_sound(at_media *m, at_media_packet *out)
{
    if (out->t_us < 0) {
        size_t before =
            (size_t)av_rescale_rnd(-out->t_us, AT_MEDIA_AUDIO_RATE, SECOND, AV_ROUND_UP);
        before = before < out->n ? before : out->n;
        out->pcm += before;
        out->n -= before;
        out->t_us = 0;
    }
    if (out->n == 0)
        return 0;
    out->kind = AT_MEDIA_AUDIO;
    int64_t end = out->t_us + av_rescale((int64_t)out->n, SECOND, AT_MEDIA_AUDIO_RATE);
    if (end > m->info.duration_us)
        m->info.duration_us = end;
    return 1;
}

static int next_sound(at_media *m, at_media_packet *out, attune_error *err)
{
    stream *s = &m->audio;
    for (;;) {
        if (!s->held) {
            int ret = receive(m, s, err);
            if (ret <= 0)
                break;
            if (s->frame->nb_samples <= 0 || s->frame->sample_rate <= 0)
                continue;
            s->held_us = place(m, s, s->frame->best_effort_timestamp);
            int64_t length = av_rescale(s->frame->nb_samples, SECOND, s->frame->sample_rate);
            if (s->held_us + length > s->end_us)
                s->end_us = s->held_us + length;
            s->held = 1;
        }
        int ret;
        if (at_av_sound_breaks(&m->sound, s->frame, s->held_us)) {
            ret = at_av_sound_drain(&m->sound, m->path, out, err);
        } else {
            s->held = 0;
            ret = at_av_sound_push(&m->sound, s->frame, s->held_us, m->path, out, err);
        }
        if (ret == ATTUNE_E_NOMEM)
            return ret;
        if (ret < 0)
            m->info.errors++;
        else if (give_sound(m, out))
            return 1;
    }
    if (s->done && m->sound.swr) {
        int ret = at_av_sound_drain(&m->sound, m->path, out, err);
        return ret < 0 ? ret : give_sound(m, out);
    }
    return 0;
}

/* ---- the end ------------------------------------------------------------------------------ */

/* How far short of what the container says of a stream (or of all, for those that do not say it
 * stream by stream) its decoding ended. */
static int64_t missing_us(const at_media *m)
{
    const AVFormatContext *fmt = m->fmt;
    int64_t missing = 0, end = 0;
    unsigned selected = 0;
    int by_stream = 0;
    if (fmt->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
        return 0; /* guessed from what is there: claims nothing */
    const stream *both[2] = {&m->video, &m->audio};
    for (int i = 0; i < 2; i++) {
        const stream *s = both[i];
        if (!s->dec)
            continue;
        selected++;
        end = s->end_us > end ? s->end_us : end;
        if (s->st->duration == AV_NOPTS_VALUE || s->st->duration <= 0 || s->shift_us)
            continue;
        by_stream = 1;
        int64_t claimed = to_us(s->st->duration, s->st->time_base);
        if (s->st->start_time != AV_NOPTS_VALUE && m->start_us != AV_NOPTS_VALUE)
            claimed += to_us(s->st->start_time, s->st->time_base) - m->start_us;
        if (claimed - s->end_us > missing)
            missing = claimed - s->end_us;
    }
    if (!by_stream && fmt->duration > 0) {
        missing = fmt->duration - end;
        if (selected < fmt->nb_streams)
            missing -= 2 * SECOND; /* an unread stream may be what lasts longest */
    }
    return missing;
}

static void judge_end(at_media *m)
{
    char *why = m->info.truncated_reason;
    const size_t room = sizeof m->info.truncated_reason;
    const at_av_head *h = &m->head;
    double got = (double)m->info.duration_us / SECOND;
    int64_t missing = missing_us(m);

    if (m->live)
        return;
    if (m->read_failure) {
        char text[AV_ERROR_MAX_STRING_SIZE] = "";
        av_strerror(m->read_failure, text, sizeof text);
        snprintf(why, room, "reading failed after %.2f s: %s", got, text);
    } else if (h->is_file && h->claimed > h->size) {
        snprintf(why, room, "the file should have %lld bytes and has %lld", (long long)h->claimed,
                 (long long)h->size);
    } else if (missing > SECOND / 2) {
        snprintf(why, room, "the container says %.2f s, %.2f s were there",
                 (double)m->info.container_us / SECOND, got);
    } else if (m->video.dec && m->video.bad_end) {
        snprintf(why, room, "the picture at the end (%.2f s) is damaged", got);
    }
    m->info.truncated = why[0] != '\0';
}

static int finish(at_media *m, attune_error *err)
{
    m->ended = 1;
    judge_end(m);
    if (m->given > 0)
        return m->result = 0;
    const char *why = m->info.truncated ? m->info.truncated_reason : "its streams are empty";
    return m->result = at_fail(err, ATTUNE_E_FORMAT,
                               "%s: no frame and no sound could be decoded: %s", m->path, why);
}

/* ---- feeding ------------------------------------------------------------------------------ */

static int send(at_media *m, stream *s, const AVPacket *packet, attune_error *err)
{
    if (!s->dec || s->done)
        return 0;
    int ret = avcodec_send_packet(s->dec, packet);
    if (ret == AVERROR(ENOMEM))
        return at_fail_nomem(err);
    if (ret < 0 && ret != AVERROR_EOF) {
        m->info.errors++;
        s->bad_end = 1;
    }
    return 0;
}

/* One packet to its decoder; at the end, word of it to both. */
static int feed(at_media *m, attune_error *err)
{
    int ret = av_read_frame(m->fmt, m->packet);
    if (ret >= 0) {
        m->read_errors = 0;
        stream *s = m->packet->stream_index == (m->video.st ? m->video.st->index : -1)   ? &m->video
                    : m->packet->stream_index == (m->audio.st ? m->audio.st->index : -1) ? &m->audio
                                                                                         : NULL;
        ret = s ? send(m, s, m->packet, err) : 0;
        av_packet_unref(m->packet);
        return ret;
    }
    if (ret == AVERROR(ENOMEM) || ret == AVERROR_EXIT)
        return at_av_fail(err, ret, m->path, "reading");
    if (ret == AVERROR(EAGAIN)) {
        usleep(2000); /* a camera between frames */
        return 0;
    }
    if (ret == AVERROR_INVALIDDATA && ++m->read_errors < MAX_READ_ERRORS)
        return 0;
    if (ret == AVERROR_EOF && m->fmt->pb)
        ret = m->fmt->pb->error;
    m->read_failure = ret == AVERROR_EOF ? 0 : ret;
    m->draining = 1;
    ret = send(m, &m->video, NULL, err);
    return ret < 0 ? ret : send(m, &m->audio, NULL, err);
}

static int step(at_media *m, at_media_packet *out, attune_error *err)
{
    for (;;) {
        if (interrupted(m))
            return at_fail(err, ATTUNE_E_INTERRUPTED, "%s: interrupted", m->path);
        *out = (at_media_packet){0};
        int ret = next_sound(m, out, err);
        if (ret == 0) {
            *out = (at_media_packet){0};
            ret = next_picture(m, out, err);
        }
        if (ret != 0)
            return ret;
        if (m->draining) /* both decoders have given all they had */
            return finish(m, err);
        ret = feed(m, err);
        if (ret < 0)
            return ret;
    }
}

int at_media_next(at_media *m, at_media_packet *out, attune_error *err)
{
    if (m->ended) {
        if (m->result < 0 && err)
            *err = m->failure;
        return m->result;
    }
    attune_error failure = {0};
    int ret = step(m, out, &failure);
    if (ret > 0)
        m->given++;
    if (ret < 0) {
        m->failure = failure;
        if (err)
            *err = failure;
    }
    return ret;
}

void at_media_get_info(const at_media *m, at_media_info *out)
{
    *out = m->info;
}

static void close_stream(stream *s)
{
    avcodec_free_context(&s->dec);
    av_frame_free(&s->frame);
}

void at_media_free(at_media **m)
{
    if (!m || !*m)
        return;
    close_stream(&(*m)->video);
    close_stream(&(*m)->audio);
    avformat_close_input(&(*m)->fmt);
    at_av_pipe_close(&(*m)->pipe);
    av_packet_free(&(*m)->packet);
    at_av_picture_free(&(*m)->picture);
    at_av_sound_free(&(*m)->sound);
    at_free((*m)->path);
    at_free(*m);
    *m = NULL;
    at_av_leave();
}
