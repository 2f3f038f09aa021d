/* av_write.c - the writer: pictures and sound in, a clip out.
 *
 * One thread in each encoder and bit-exact flags, so that the same calls write the same bytes
 * with the same build of FFmpeg.
 */
#include "media/av.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <libavutil/avstring.h>
#include <stdio.h>
#include <string.h>

enum { IO_BUFFER = 1 << 16, DEFAULT_FPS = 25, DEFAULT_AUDIO_KBPS = 32 };

/* Pixels that the encoder looks at ahead of the picture that it writes, of pictures that are not too large for that. */
enum { AHEAD_PIXELS = 1 << 26, MOST_AHEAD = 40, LARGE_PIXELS = 1 << 22 };

struct at_media_writer {
    at_outfile file;
    AVFormatContext *fmt;
    AVPacket *packet;
    at_av_canvas canvas;
    enum AVCodecID still;          /* the file is one picture, of that kind; or AV_CODEC_ID_NONE */
    AVCodecContext *video, *audio; /* NULL: there is none */
    AVStream *video_st, *audio_st;
    int64_t last_us, last_pts; /* of the pictures; -1: none */
    SwrContext *swr;           /* float mono to what the encoder takes */
    AVFrame *sound;
    float *pending; /* (sound->nb_samples) less than a frame of the encoder's */
    int pending_n;
    int64_t samples; /* given to the encoder */
};

/* ---- the file ----------------------------------------------------------------------------- */

#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_bytes(void *user, const uint8_t *data, int size)
#else
static int write_bytes(void *user, uint8_t *data, int size)
#endif
{
    at_outfile *o = user;
    errno = 0;
    if (fwrite(data, 1, (size_t)size, o->f) == (size_t)size)
        return size;
    return AVERROR(errno ? errno : EIO);
}

static int64_t seek_bytes(void *user, int64_t offset, int whence)
{
    at_outfile *o = user;
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE || fseeko(o->f, offset, whence) != 0)
        return AVERROR(ENOSYS);
    return ftello(o->f);
}

static int open_container(at_media_writer *w, const char *path, attune_error *err)
{
    const AVOutputFormat *format = av_guess_format(NULL, path, NULL);
    w->still = AV_CODEC_ID_NONE;
    if (format && format->flags & AVFMT_NOFILE) { /* which would open files itself, by numbers */
        w->still = av_guess_codec(format, NULL, path, NULL, AVMEDIA_TYPE_VIDEO);
        format = w->still ? av_guess_format("image2pipe", NULL, NULL) : NULL;
    }
    if (!format)
        return at_fail(err, ATTUNE_E_ARG, "%s: no container goes by that ending", path);
    int ret = at_outfile_open(&w->file, path, err);
    if (ret < 0)
        return ret;
    uint8_t *buffer = av_malloc(IO_BUFFER);
    w->packet = av_packet_alloc();
    if (!buffer || !w->packet || avformat_alloc_output_context2(&w->fmt, format, NULL, path) < 0) {
        av_free(buffer);
        return at_fail_nomem(err);
    }
    w->fmt->pb = avio_alloc_context(buffer, IO_BUFFER, 1, &w->file, NULL, write_bytes, seek_bytes);
    if (!w->fmt->pb) {
        av_free(buffer);
        return at_fail_nomem(err);
    }
    w->fmt->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    return 0;
}

/* The wanted codec where the container takes it, else the container's own. */
static enum AVCodecID codec_for(const AVFormatContext *fmt, enum AVCodecID wanted,
                                enum AVCodecID own)
{
    return avformat_query_codec(fmt->oformat, wanted, FF_COMPLIANCE_NORMAL) == 1 ? wanted : own;
}

static AVCodecContext *new_encoder(at_media_writer *w, const AVCodec *codec)
{
    AVCodecContext *enc = avcodec_alloc_context3(codec);
    if (!enc)
        return NULL;
    enc->thread_count = 1;
    enc->flags |= AV_CODEC_FLAG_BITEXACT;
    if (w->fmt->oformat->flags & AVFMT_GLOBALHEADER)
        enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return enc;
}

/* Opens enc (freed on failure by the caller) and adds its stream. */
static int add_stream(at_media_writer *w, AVCodecContext *enc, AVDictionary **options,
                      AVStream **out, attune_error *err)
{
    const char *name = enc->codec->name; /* enc forgets it when it fails */
    int ret = at_av_codec_open(enc, enc->codec, options);
    if (ret < 0)
        return at_av_fail(err, ret, w->file.path, name);
    *out = avformat_new_stream(w->fmt, NULL);
    if (!*out || avcodec_parameters_from_context((*out)->codecpar, enc) < 0)
        return at_fail_nomem(err);
    (*out)->time_base = enc->time_base;
    return 0;
}

/* An encoder holds each picture that it looks at twice over: of large ones it looks at few. */
static void set_x264(AVCodecContext *enc, AVDictionary **options, const char *preset)
{
    const int pixels = enc->width * enc->height, large = pixels > LARGE_PIXELS;
    const int ahead = large ? 0 : AHEAD_PIXELS / pixels;
    av_dict_set(options, "preset", preset ? preset : "medium", 0);
    if (ahead < MOST_AHEAD)
        av_dict_set_int(options, "rc-lookahead", ahead, 0);
    if (large) {
        enc->refs = 1;
        enc->max_b_frames = 0;
    }
}

/* Of what pictures are painted in here, what the encoder takes; -1: nothing. */
static enum AVPixelFormat pixels_of(const AVCodec *codec)
{
    static const enum AVPixelFormat ours[] = {AV_PIX_FMT_RGB24, AV_PIX_FMT_BGR24,
                                              AV_PIX_FMT_YUV420P};
    const enum AVPixelFormat *formats = NULL;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
    avcodec_get_supported_config(NULL, codec, AV_CODEC_CONFIG_PIX_FORMAT, 0,
                                 (const void **)&formats, NULL);
#else
    formats = codec->pix_fmts;
#endif
    for (size_t i = 0; formats && i < sizeof ours / sizeof *ours; i++)
        for (const enum AVPixelFormat *f = formats; *f != AV_PIX_FMT_NONE; f++)
            if (*f == ours[i])
                return ours[i];
    return formats ? AV_PIX_FMT_NONE : AV_PIX_FMT_YUV420P;
}

/* The encoder of the pictures; NULL after an error. Containers of sound have room for a cover, which is no picture. */
static const AVCodec *choose_video(const at_media_writer *w, attune_error *err)
{
    const AVOutputFormat *format = w->fmt->oformat;
    const int sound_alone =
        format->video_codec == AV_CODEC_ID_NONE ||
        (!w->still && format->audio_codec != AV_CODEC_ID_NONE &&
         (format->video_codec == AV_CODEC_ID_PNG || format->video_codec == AV_CODEC_ID_MJPEG));
    enum AVCodecID id = w->still ? w->still
                                 : codec_for(w->fmt, AV_CODEC_ID_H264, format->video_codec);
    const AVCodec *codec = NULL;
    if (sound_alone) {
        at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: there is no place for pictures in it",
                w->file.path);
        return NULL;
    }
    if (id == AV_CODEC_ID_H264) {
        codec = avcodec_find_encoder_by_name("libx264");
        if (!codec)
            id = codec_for(w->fmt, AV_CODEC_ID_MPEG4, format->video_codec);
    }
    if (!codec)
        codec = avcodec_find_encoder(id);
    if (!codec || pixels_of(codec) == AV_PIX_FMT_NONE) {
        at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: no encoder for %s", w->file.path,
                avcodec_get_name(id));
        return NULL;
    }
    return codec;
}

static int is_mpeg(enum AVCodecID codec)
{
    return codec == AV_CODEC_ID_MPEG1VIDEO || codec == AV_CODEC_ID_MPEG2VIDEO;
}

/* Whether pictures are counted in the file, and have no times of their own. Of MP4 FFmpeg says so too, wrongly. */
static int has_ticks(const AVOutputFormat *format, enum AVCodecID codec)
{
    return is_mpeg(codec) ||
           !(format->flags & AVFMT_VARIABLE_FPS || av_match_name(format->name, "mp4,mov,3gp,ipod"));
}

/* MPEG knows but these (ISO/IEC 13818-2, table 6-4). */
static AVRational rate_of(enum AVCodecID codec, int fps)
{
    static const AVRational mpeg[] = {{24000, 1001}, {24, 1},       {25, 1}, {30000, 1001}, {30, 1},
                                      {50, 1},       {60000, 1001}, {60, 1}, {0, 0}};
    const AVRational wanted = {fps, 1};

    return is_mpeg(codec) ? mpeg[av_find_nearest_q_idx(wanted, mpeg)] : wanted;
}

static int open_video(at_media_writer *w, const at_media_writer_options *o, attune_error *err)
{
    const AVCodec *codec = choose_video(w, err);
    if (!codec)
        return ATTUNE_E_UNSUPPORTED;
    if (codec->id == AV_CODEC_ID_H264 && (int64_t)o->w * o->h > AT_MEDIA_H264_PIXELS)
        return at_fail(
            err, ATTUNE_E_UNSUPPORTED,
            "%s: pictures of %dx%d pixels are not written as H.264; the most is %d pixels",
            w->file.path, o->w, o->h, AT_MEDIA_H264_PIXELS);
    int ret = at_av_canvas_init(&w->canvas, o->w, o->h, pixels_of(codec),
                                codec->id == AV_CODEC_ID_MJPEG, err);
    if (ret < 0)
        return ret;
    AVCodecContext *enc = w->video = new_encoder(w, codec);
    if (!enc)
        return at_fail_nomem(err);
    int fps = o->fps > 0 ? o->fps : DEFAULT_FPS;
    enc->width = w->canvas.frame->width;
    enc->height = w->canvas.frame->height;
    enc->pix_fmt = w->canvas.frame->format;
    enc->color_range = w->canvas.frame->color_range;
    enc->colorspace = w->canvas.frame->colorspace;
    enc->framerate = rate_of(codec->id, fps);
    /* finer than a frame, for uneven times */
    enc->time_base = has_ticks(w->fmt->oformat, codec->id) ? av_inv_q(enc->framerate)
                                                           : (AVRational){1, fps * 512};
    if (!(w->fmt->oformat->flags &
          AVFMT_VARIABLE_FPS)) /* MP4 begins at 0, then, without an edit list */
        enc->max_b_frames = 0;
    enc->gop_size = fps * 10;
    if (o->video_kbps > 0)
        enc->bit_rate = o->video_kbps * INT64_C(1000);
    else if (strcmp(codec->name, "libx264") != 0)
        at_av_fixed_quality(enc, 4);

    AVDictionary *options = NULL;
    if (strcmp(codec->name, "libx264") == 0)
        set_x264(enc, &options, o->preset);
    ret = add_stream(w, enc, &options, &w->video_st, err);
    av_dict_free(&options);
    return ret;
}

static enum AVSampleFormat first_sample_format(const AVCodec *codec)
{
    const enum AVSampleFormat *formats = NULL;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
    avcodec_get_supported_config(NULL, codec, AV_CODEC_CONFIG_SAMPLE_FORMAT, 0,
                                 (const void **)&formats, NULL);
#else
    formats = codec->sample_fmts;
#endif
    return formats ? formats[0] : AV_SAMPLE_FMT_FLTP;
}

static int open_audio(at_media_writer *w, const at_media_writer_options *o, attune_error *err)
{
    /* containers of sound alone take AAC, too, but who expects it in a WAV file? */
    enum AVCodecID own = w->fmt->oformat->audio_codec;
    enum AVCodecID id = w->fmt->oformat->video_codec == AV_CODEC_ID_NONE
                            ? own
                            : codec_for(w->fmt, AV_CODEC_ID_AAC, own);
    const AVCodec *codec = avcodec_find_encoder(id);
    if (id == AV_CODEC_ID_NONE)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: there is no place for sound in it",
                       w->file.path);
    if (!codec)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: no encoder for %s", w->file.path,
                       avcodec_get_name(id));
    AVCodecContext *enc = w->audio = new_encoder(w, codec);
    if (!enc)
        return at_fail_nomem(err);
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
    enc->sample_rate = AT_MEDIA_AUDIO_RATE;
    enc->sample_fmt = first_sample_format(codec);
    enc->time_base = (AVRational){1, AT_MEDIA_AUDIO_RATE};
    enc->bit_rate = (o->audio_kbps > 0 ? o->audio_kbps : DEFAULT_AUDIO_KBPS) * INT64_C(1000);
    int ret = av_channel_layout_copy(&enc->ch_layout, &mono);
    if (ret < 0)
        return at_fail_nomem(err);
    ret = add_stream(w, enc, NULL, &w->audio_st, err);
    if (ret < 0)
        return ret;

    w->sound = av_frame_alloc();
    if (!w->sound)
        return at_fail_nomem(err);
    w->sound->nb_samples = enc->frame_size > 0 ? enc->frame_size : 1024;
    w->sound->format = enc->sample_fmt;
    w->sound->sample_rate = enc->sample_rate;
    w->pending = at_alloc((size_t)w->sound->nb_samples, sizeof *w->pending);
    at_av_watch_memory();
    if (!w->pending || av_channel_layout_copy(&w->sound->ch_layout, &mono) < 0 ||
        av_frame_get_buffer(w->sound, 0) < 0 ||
        swr_alloc_set_opts2(&w->swr, &mono, enc->sample_fmt, enc->sample_rate, &mono,
                            AV_SAMPLE_FMT_FLT, enc->sample_rate, 0, NULL) < 0 ||
        at_av_unless_nomem(swr_init(w->swr)) < 0)
        return at_fail_nomem(err);
    return 0;
}

int at_media_writer_open(at_media_writer **out, const char *path, const at_media_writer_options *o,
                         attune_error *err)
{
    *out = NULL;
    if ((o->w <= 0 || o->h <= 0) && !o->audio)
        return at_fail(err, ATTUNE_E_ARG, "%s: neither pictures nor sound to write", path);
    at_media_writer *w = at_calloc(1, sizeof *w);
    if (!w)
        return at_fail_nomem(err);
    int ret = at_av_enter(err);
    if (ret < 0) {
        at_free(w);
        return ret;
    }
    w->last_us = w->last_pts = -1;
    ret = open_container(w, path, err);
    if (ret >= 0 && o->w > 0 && o->h > 0)
        ret = open_video(w, o, err);
    if (ret >= 0 && o->audio)
        ret = open_audio(w, o, err);
    if (ret >= 0) {
        int averr = avformat_write_header(w->fmt, NULL);
        if (averr < 0)
            ret = at_av_fail(err, averr, path, "cannot write");
    }
    if (ret < 0) {
        at_media_writer_abandon(&w);
        return ret;
    }
    *out = w;
    return 0;
}

/* ---- what is in it ------------------------------------------------------------------------ */

/* frame NULL: no more of this kind. */
static int encode(at_media_writer *w, AVCodecContext *enc, AVStream *st, const AVFrame *frame,
                  attune_error *err)
{
    int ret = avcodec_send_frame(enc, frame);
    while (ret >= 0) {
        ret = avcodec_receive_packet(enc, w->packet);
        if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
            return 0;
        if (ret >= 0) {
            /* one frame a nominal tick, so that the last one lasts as well */
            if (enc == w->video && w->packet->duration <= 0)
                w->packet->duration = av_rescale_q(1, av_inv_q(enc->framerate), enc->time_base);
            av_packet_rescale_ts(w->packet, enc->time_base, st->time_base);
            w->packet->stream_index = st->index;
            ret = av_interleaved_write_frame(w->fmt, w->packet);
        }
    }
    return at_av_fail(err, ret, w->file.path, "cannot write");
}

int at_media_writer_video(at_media_writer *w, int64_t t_us, const uint8_t *rgb, ptrdiff_t stride,
                          attune_error *err)
{
    if (!w->video)
        return at_fail(err, ATTUNE_E_ARG, "%s: opened without pictures", w->file.path);
    if (t_us <= w->last_us)
        return at_fail(err, ATTUNE_E_ARG, "%s: picture times must increase", w->file.path);
    if (w->still && w->last_pts >= 0)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: is one picture, and there are more to write",
                       w->file.path);
    int64_t pts = av_rescale_q(t_us, (AVRational){1, 1000000}, w->video->time_base);
    w->last_us = t_us;
    if (pts <= w->last_pts && has_ticks(w->fmt->oformat, w->video->codec_id))
        return 0;
    pts = pts > w->last_pts ? pts : w->last_pts + 1;
    int ret = at_av_canvas_draw(&w->canvas, rgb, stride, err);
    if (ret < 0)
        return ret;
    w->canvas.frame->pts = w->last_pts = pts;
    w->canvas.frame->quality = w->video->global_quality;
    return encode(w, w->video, w->video_st, w->canvas.frame, err);
}

/* The n pending samples as one frame. */
static int encode_sound(at_media_writer *w, int n, attune_error *err)
{
    int room = w->sound->nb_samples;
    if (av_frame_make_writable(w->sound) < 0)
        return at_fail_nomem(err);
    const uint8_t *in[1] = {(const uint8_t *)w->pending};
    at_av_watch_memory();
    int got = at_av_unless_nomem(swr_convert(w->swr, w->sound->extended_data, room, in, n));
    if (got < 0)
        return at_av_fail(err, got, w->file.path, "cannot convert the sound");
    w->sound->nb_samples = got;
    w->sound->pts = w->samples;
    w->samples += got;
    w->pending_n = 0;
    int ret = encode(w, w->audio, w->audio_st, w->sound, err);
    w->sound->nb_samples = room;
    return ret;
}

int at_media_writer_audio(at_media_writer *w, const float *pcm, size_t n, attune_error *err)
{
    if (!w->audio)
        return at_fail(err, ATTUNE_E_ARG, "%s: opened without sound", w->file.path);
    while (n > 0) {
        size_t room = (size_t)(w->sound->nb_samples - w->pending_n);
        size_t part = n < room ? n : room;
        memcpy(w->pending + w->pending_n, pcm, part * sizeof *pcm);
        w->pending_n += (int)part;
        pcm += part;
        n -= part;
        if (w->pending_n < w->sound->nb_samples)
            break;
        int ret = encode_sound(w, w->pending_n, err);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int write_rest(at_media_writer *w, attune_error *err)
{
    int ret = 0;
    if (w->video)
        ret = encode(w, w->video, w->video_st, NULL, err);
    if (ret >= 0 && w->audio && w->pending_n > 0)
        ret = encode_sound(w, w->pending_n, err);
    if (ret >= 0 && w->audio)
        ret = encode(w, w->audio, w->audio_st, NULL, err);
    if (ret < 0)
        return ret;
    int averr = av_write_trailer(w->fmt);
    if (averr >= 0) {
        avio_flush(w->fmt->pb);
        averr = w->fmt->pb->error;
    }
    return averr < 0 ? at_av_fail(err, averr, w->file.path, "cannot write") : 0;
}

int at_media_writer_close(at_media_writer **w, attune_error *err)
{
    int ret = write_rest(*w, err);
    if (ret >= 0)
        ret = at_outfile_commit(&(*w)->file, err);
    at_media_writer_abandon(w);
    return ret;
}

void at_media_writer_abandon(at_media_writer **w)
{
    if (!w || !*w)
        return;
    at_media_writer *p = *w;
    avcodec_free_context(&p->video);
    avcodec_free_context(&p->audio);
    if (p->fmt && p->fmt->pb) {
        av_freep(&p->fmt->pb->buffer);
        avio_context_free(&p->fmt->pb);
    }
    avformat_free_context(p->fmt);
    av_packet_free(&p->packet);
    at_av_canvas_free(&p->canvas);
    swr_free(&p->swr);
    av_frame_free(&p->sound);
    at_free(p->pending);
    at_outfile_abandon(&p->file);
    at_free(p);
    *w = NULL;
    at_av_leave();
}
