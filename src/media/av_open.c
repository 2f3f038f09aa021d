/* av_open.c - opening: which input, which kind of container, which limits. */
#include "media/av_reader.h"

#include "base/error.h"
#include "base/mem.h"

#include <libavutil/avstring.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

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
    if (averr == AVERROR_INVALIDDATA || averr == AVERROR(EINVAL) || averr == AVERROR_EOF)
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

static int interrupted(void *user)
{
    const at_media *m = user;
    return m->o.interrupted && m->o.interrupted(m->o.user);
}

/* Nothing that an input names is opened. */
static int refuse_open(AVFormatContext *fmt, AVIOContext **pb, const char *url, int flags,
                       AVDictionary **options)
{
    (void)fmt, (void)url, (void)flags, (void)options;
    *pb = NULL;
    return AVERROR(EPERM);
}

enum { VIDEO4LINUX = 81 }; /* the kernel's number for cameras: admin-guide/devices.txt */

static int is_camera(const char *path)
{
    struct stat st;
    return strncmp(path, "/dev/video", 10) == 0 ||
           (stat(path, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == VIDEO4LINUX);
}

/* scheme://..., unless a file is called so. */
static int is_address(const char *path)
{
    struct stat st;
    return strstr(path, "://") && stat(path, &st) != 0;
}

static int check_address(const at_media *m, attune_error *err)
{
    char scheme[16] = "";
    size_t n = strcspn(m->path, ":");
    if (!m->o.live)
        return at_fail(err, ATTUNE_E_ARG,
                       "%s: an address; the network is used only for live input (--live)", m->path);
    snprintf(scheme, sizeof scheme, "%.*s", (int)(n < sizeof scheme ? n : 0), m->path);
    if (!av_match_list(scheme, at_av_live_protocols, ','))
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: addresses of this kind are not read",
                       m->path);
    return 0;
}

/* How an input is opened. */
typedef struct at_av_way {
    const AVInputFormat *format; /* NULL: to be found out */
    const char *url;             /* what FFmpeg is told, and might judge by */
    const char *formats, *protocols;
} at_av_way;

/* A file or a pipe. FFmpeg is not told its name: the content says what it is, and no name makes it
 * look for more. */
static int way_of_source(at_media *m, at_av_way *way, attune_error *err)
{
    *way = (at_av_way){.url = "", .formats = at_av_formats, .protocols = ""};
    if (m->o.pcm_rate)
        way->format = av_find_input_format("s16le");
    int ret = strcmp(m->path, "-") != 0 ? at_av_path_check(m->path, err) : 0;
    if (ret < 0)
        return ret;
    return at_av_source_open(&m->source, m->path, interrupted, m, err);
}

static int way_of(at_media *m, at_av_way *way, attune_error *err)
{
    *way = (at_av_way){.url = m->path, .formats = at_av_live_formats, .protocols = ""};
    if (is_camera(m->path)) {
        m->live = 1;
        way->format = at_av_camera_format(m->path, err);
        return way->format ? 0 : ATTUNE_E_UNSUPPORTED;
    }
    if (is_address(m->path)) {
        way->protocols = at_av_live_protocols;
        return check_address(m, err);
    }
    return way_of_source(m, way, err);
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
    return ret;
}

static int open_container(at_media *m, attune_error *err)
{
    at_av_way way;
    int status = way_of(m, &way, err);
    if (status < 0)
        return status;
    m->fmt = avformat_alloc_context();
    if (!m->fmt)
        return at_fail_nomem(err);
    m->fmt->interrupt_callback = (AVIOInterruptCB){interrupted, m};
    m->fmt->pb = m->source.io;
    if (m->source.io)
        m->fmt->io_open = refuse_open;
    if (way.format && !m->source.io) /* a camera: what it showed while it was probed is past */
        m->fmt->flags |= AVFMT_FLAG_NOBUFFER;
    AVDictionary *options = NULL;
    int ret = set_options(m, &way, &options);
    if (ret >= 0)
        ret = avformat_open_input(&m->fmt, way.url, way.format, &options);
    av_dict_free(&options);
    return ret < 0 ? open_failed(m, ret, err) : 0;
}

/* ---- probing ------------------------------------------------------------------------------ */

/* Probing would decode a picture of each cover and of each track of still pictures. */
static void leave_other_stills(at_media *m)
{
    int stills = 0;
    for (unsigned i = 0; i < m->fmt->nb_streams; i++) {
        AVStream *st = m->fmt->streams[i];
        const AVCodec *codec = at_av_decoder(st->codecpar->codec_id);
        if (st->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || !codec ||
            !av_match_list(codec->name, at_av_probe_codecs, ','))
            continue;
        if (m->o.no_video || (st->disposition & AV_DISPOSITION_ATTACHED_PIC) || stills++ > 0)
            st->discard = AVDISCARD_ALL;
    }
}

/* Probing decodes only what stands by itself (at_av_probe_codecs); the sizes of other pictures are
 * read from their headers. What it decodes is held to the same limit of size. */
static int probe_streams(at_media *m, attune_error *err)
{
    unsigned n = m->fmt->nb_streams;
    leave_other_stills(m);
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

/* ---- all of it ---------------------------------------------------------------------------- */

static int check_options(const at_media_options *o, const char *path, attune_error *err)
{
    if (o->no_video && o->no_audio)
        return at_fail(err, ATTUNE_E_ARG, "%s: neither video nor sound is asked for", path);
    if (o->pcm_rate && (o->pcm_rate < AT_MEDIA_PCM_MIN || o->pcm_rate > AT_MEDIA_PCM_MAX))
        return at_fail(err, ATTUNE_E_ARG, "%s: %d samples a second, not %d to %d", path,
                       o->pcm_rate, AT_MEDIA_PCM_MIN, AT_MEDIA_PCM_MAX);
    return 0;
}

int at_media_open(at_media **out, const char *path, const at_media_options *o, attune_error *err)
{
    *out = NULL;
    int ret = o ? check_options(o, path, err) : 0;
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
    m->live = m->o.live;
    m->last_frame_us = m->last_period = -1;
    m->path = at_alloc(strlen(path) + 1, 1);
    m->packet = av_packet_alloc();
    if (!m->path || !m->packet) {
        ret = at_fail_nomem(err);
        goto fail;
    }
    memcpy(m->path, path, strlen(path) + 1);
    if ((ret = open_container(m, err)) < 0 || (ret = probe_streams(m, err)) < 0)
        goto fail;
    m->start_us = m->fmt->start_time; /* in AV_TIME_BASE units, which are microseconds */
    ret = at_av_tracks_open(m, err);
    if (ret == 0 && !m->info.has_video && !m->info.has_audio)
        ret = no_stream(m, err);
    if (ret < 0)
        goto fail;
    m->info.live = m->live;
    m->info.container_us = m->fmt->duration > 0 && !m->live ? m->fmt->duration : 0;
    *out = m;
    return 0;
fail:
    at_media_free(&m);
    return ret;
}
