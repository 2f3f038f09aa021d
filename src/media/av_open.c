/* av_open.c - opening: which input, which kind of container, which limits. */
#include "media/av_reader.h"

#include "base/address.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/progress.h"
#include "media/usher.h"

#include <libavutil/avstring.h>
#include <libavutil/time.h>
#include <stdio.h>
#include <string.h>

/* ---- why not ------------------------------------------------------------------------------ */

static const char *no_media_reason(const at_media *m, int averr)
{
    at_av_head head = at_av_source_head(&m->source);
    if (head.playlist)
        return "a playlist, which names other files; it is not followed";
    if (head.text)
        return "not a media file (it is text)";
    if (head.mp4 && m->source.io && !m->source.is_file)
        return at_av_index_unreachable;
    if (head.mp4 && averr == AVERROR_INVALIDDATA)
        return "incomplete: the index of this MP4 file (moov) is missing or damaged";
    return "not a media file of a kind that is read, or damaged from its beginning";
}

static int open_failed(const at_media *m, int averr, attune_error *err)
{
    if (m->stalled)
        return at_fail(err, ATTUNE_E_IO, "%s: nothing came from there for %d s", m->path,
                       AT_AV_PATIENCE_S);
    if (m->remote && averr == AVERROR(EIO) && !at_hosts_known(m->path))
        return at_fail(err, ATTUNE_E_IO, "%s: no host of that name is known", m->path);
    if (averr == AVERROR_INVALIDDATA || averr == AVERROR(EINVAL) || averr == AVERROR_EOF ||
        (m->source.io && averr != AVERROR(ENOMEM) && averr != m->source.io->error))
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s", m->path, no_media_reason(m, averr));
    return at_av_fail(err, averr, m->path, "cannot open");
}

static int no_stream(const at_media *m, attune_error *err)
{
    const char *asked = m->o.no_video   ? "no sound stream"
                        : m->o.no_audio ? "no video stream"
                                        : "no video and no sound stream";
    at_av_head head = at_av_source_head(&m->source);
    /* an index that breaks off leaves tracks without a codec, or no track */
    int broken = head.mp4 && m->fmt->nb_streams == 0;
    for (unsigned i = 0; head.mp4 && i < m->fmt->nb_streams; i++)
        broken |= m->fmt->streams[i]->codecpar->codec_id == AV_CODEC_ID_NONE;
    if (head.text || broken)
        return at_fail(err, ATTUNE_E_FORMAT, "%s: %s", m->path,
                       no_media_reason(m, AVERROR_INVALIDDATA));
    for (unsigned i = 0; i < m->fmt->nb_streams; i++) {
        const AVCodecParameters *par = m->fmt->streams[i]->codecpar;
        int wanted = (par->codec_type == AVMEDIA_TYPE_VIDEO && !m->o.no_video) ||
                     (par->codec_type == AVMEDIA_TYPE_AUDIO && !m->o.no_audio);
        if (wanted && !at_av_decoder(par->codec_id))
            return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: %s that can be decoded (%s)", m->path,
                           asked, avcodec_get_name(par->codec_id));
        if (wanted && par->codec_type == AVMEDIA_TYPE_VIDEO && par->width <= 0)
            return at_fail(err, ATTUNE_E_FORMAT,
                           "%s: its pictures are damaged, or larger than %lld pixels", m->path,
                           (long long)m->o.max_pixels);
    }
    return at_fail(err, ATTUNE_E_FORMAT, "%s: %s that can be decoded", m->path, asked);
}

/* ---- the container ------------------------------------------------------------------------ */

/* Nothing that an input names is opened. */
static int refuse_open(AVFormatContext *fmt, AVIOContext **pb, const char *url, int flags,
                       AVDictionary **options)
{
    (void)fmt, (void)url, (void)flags, (void)options;
    *pb = NULL;
    return AVERROR(EPERM);
}

static int set_options(const at_media *m, const at_av_way *way, AVDictionary **options)
{
    int ret = av_dict_set(options, "format_whitelist", way->formats, 0);
    if (ret >= 0)
        ret = av_dict_set(options, "protocol_whitelist", way->protocols, 0);
    if (ret >= 0)
        ret = av_dict_set(options, "codec_whitelist", at_av_probe_codecs, 0);
    if (ret >= 0 && m->o.pcm_rate)
        ret = av_dict_set_int(options, "sample_rate", m->o.pcm_rate, 0);
    if (ret >= 0 && way->channels)
        ret = av_dict_set(options, "channels", way->channels, 0);
    if (ret >= 0 && way->rtsp) /* what is lost on the way is worse here than what comes late */
        ret = av_dict_set(options, "rtsp_flags", "prefer_tcp", 0);
    if (ret >= 0 && m->device && !way->channels) /* the clock that microphones are on */
        ret = av_dict_set(options, "timestamps", "abs", 0);
    return ret;
}

/* An AVERROR or 0. m->fmt is there after, whatever came of it. */
static int open_way(at_media *m, const at_av_way *way)
{
    m->fmt = avformat_alloc_context();
    if (!m->fmt)
        return AVERROR(ENOMEM);
    m->fmt->interrupt_callback = (AVIOInterruptCB){at_av_interrupted, m};
    m->fmt->pb = m->source.io;
    if (m->source.io)
        m->fmt->io_open = refuse_open;
    if (m->device) /* what it showed while it was probed is past; and it may fall silent for good */
        m->fmt->flags |= AVFMT_FLAG_NOBUFFER | AVFMT_FLAG_NONBLOCK;
    if (m->remote) /* some kinds would be looked at for a minute, since pictures are not decoded */
        m->fmt->max_analyze_duration = AT_AV_PROBE_S * AT_AV_SECOND;
    AVDictionary *options = NULL;
    int ret = set_options(m, way, &options);
    at_av_watch_memory();
    if (ret >= 0)
        ret = at_av_unless_nomem(avformat_open_input(&m->fmt, way->url, way->format, &options));
    av_dict_free(&options);
    return ret < 0 ? ret : 0;
}

static int no_device(const at_media *m, const at_av_way *way, const int *failure, int n,
                     attune_error *err)
{
    char why[256] = "", text[AV_ERROR_MAX_STRING_SIZE];
    size_t used = 0;
    for (int i = 0; i < n && used < sizeof why; i++) {
        if (failure[i] == AVERROR(ENOMEM) || failure[i] == AVERROR_EXIT)
            return at_av_fail(err, failure[i], m->path, "cannot open");
        av_strerror(failure[i], text, sizeof text);
        int told = i + 1 < n && way[i].name && strcmp(way[i].name, way[i + 1].name) == 0;
        if (!told) /* of the two tries with ALSA the last tells */
            used += (size_t)snprintf(why + used, sizeof why - used, "%s%s%s%s", used ? "; " : "",
                                     way[i].name ? way[i].name : "", way[i].name ? ": " : "", text);
    }
    return at_fail(err, ATTUNE_E_IO, "%s: the %s cannot be opened: %s", m->path,
                   way->name ? "microphone" : "camera", why);
}

static int open_container(at_media *m, const char *path, attune_error *err)
{
    at_av_way way[AT_AV_WAYS];
    int failure[AT_AV_WAYS], n = at_av_ways(m, path, way, err);
    if (n < 0)
        return n;
    if (m->confine)
        m->confine(m);
    m->heard_s = at_now();
    for (int i = 0; i < n; i++) {
        failure[i] = open_way(m, &way[i]);
        if (failure[i] == 0)
            return 0;
        avformat_free_context(m->fmt);
        m->fmt = NULL;
    }
    return m->device ? no_device(m, way, failure, n, err) : open_failed(m, failure[0], err);
}

/* ---- probing ------------------------------------------------------------------------------ */

/* Probing decodes no pictures, since nobody counts there what they take; sizes that headers do not tell are
 * measured later (av_tracks.c). */
static int probe_streams(at_media *m, attune_error *err)
{
    unsigned n = m->fmt->nb_streams;
    AVDictionary **options = at_calloc(n ? n : 1, sizeof(AVDictionary *));
    if (!options)
        return at_fail_nomem(err);
    for (unsigned i = 0; i < n; i++)
        av_dict_set_int(&options[i], "threads", 1, 0);
    int ret = at_av_probe(m->fmt, n ? options : NULL);
    for (unsigned i = 0; i < n; i++)
        av_dict_free(&options[i]);
    at_free(options);
    if (ret < 0 || m->stalled)
        return open_failed(m, ret, err);
    m->heard_s = m->remote ? at_now() : 0;
    return 0;
}

/* ---- the clock ---------------------------------------------------------------------------- */

enum { CLOCK_OFF_S = 60 }; /* a device whose times are off by more does not tell the time */

/* When time 0 of a live input was, on the clock of at_now. */
static int64_t origin_us(const at_media *m, double opened_s)
{
    int64_t ago = m->start_us != AV_NOPTS_VALUE ? av_gettime() - m->start_us : INT64_MAX;
    double now = at_now();
    if (m->device && ago > -CLOCK_OFF_S * AT_AV_SECOND && ago < CLOCK_OFF_S * AT_AV_SECOND)
        return (int64_t)(now * 1e6) - ago;
    return (int64_t)(opened_s * 1e6);
}

/* ---- all of it ---------------------------------------------------------------------------- */

int at_av_set(at_media *m, const char *path, const at_media_options *o, attune_error *err)
{
    if (o)
        m->o = *o;
    if (m->o.max_pixels <= 0)
        m->o.max_pixels = AT_MEDIA_MAX_PIXELS;
    m->path = at_alloc(strlen(path) + 1, 1);
    if (!m->path)
        return at_fail_nomem(err);
    at_address_name(m->path, strlen(path) + 1, path);
    return 0;
}

int at_av_open(at_media *m, const char *path, attune_error *err)
{
    m->live = m->o.live;
    m->last_frame_us = m->last_period = -1;
    m->packet = av_packet_alloc();
    if (!m->packet)
        return at_fail_nomem(err);
    int ret = open_container(m, path, err);
    if (ret < 0)
        return ret;
    double opened_s = at_now();
    if ((ret = probe_streams(m, err)) < 0)
        return ret;
    m->start_us = m->fmt->start_time; /* in AV_TIME_BASE units, which are microseconds */
    ret = at_av_tracks_open(m, err);
    if (ret == 0 && !m->info.has_video && !m->info.has_audio)
        ret = no_stream(m, err);
    if (ret < 0)
        return ret;
    m->info.live = m->live;
    m->info.device = m->device;
    m->info.origin_us = m->live ? origin_us(m, opened_s) : 0;
    m->info.container_us = m->fmt->duration > 0 && !m->live ? m->fmt->duration : 0;
    return 0;
}
