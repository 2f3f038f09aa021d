/* media_fixtures.c - see media_fixtures.h. */
#include "media_fixtures.h"

#include "media/media.h"

#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHUNK = 1024 };

/* What attune calls too of FFmpeg goes by attune's table. */
__attribute__((constructor)) static void load_libraries(void)
{
    if (at_media_load_libraries(NULL) < 0)
        abort();
}

typedef struct output {
    AVFormatContext *fmt;
    AVStream *st;
    AVCodecContext *enc;
    AVPacket *packet;
    int (*write)(AVFormatContext *, AVPacket *);
} output;

static void encode(output *o, const AVFrame *frame)
{
    assert_true(avcodec_send_frame(o->enc, frame) >= 0);
    while (avcodec_receive_packet(o->enc, o->packet) >= 0) {
        if (o->packet->duration <= 0 && o->enc->codec_type == AVMEDIA_TYPE_VIDEO)
            o->packet->duration = av_rescale_q(1, av_inv_q(o->enc->framerate), o->enc->time_base);
        av_packet_rescale_ts(o->packet, o->enc->time_base, o->st->time_base);
        o->packet->stream_index = o->st->index;
        assert_true(o->write(o->fmt, o->packet) >= 0);
    }
}

static output add(AVFormatContext *fmt, enum AVCodecID id, int apart)
{
    output o = {.fmt = fmt,
                .packet = av_packet_alloc(),
                .write = apart ? av_write_frame : av_interleaved_write_frame};
    const AVCodec *codec = avcodec_find_encoder(id);
    assert_non_null(codec);
    o.enc = avcodec_alloc_context3(codec);
    o.st = avformat_new_stream(fmt, NULL);
    assert_true(o.enc && o.st && o.packet);
    o.enc->thread_count = 1;
    o.enc->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    if (fmt->oformat->flags & AVFMT_GLOBALHEADER)
        o.enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return o;
}

static void start(output *o)
{
    assert_true(avcodec_open2(o->enc, NULL, NULL) >= 0);
    assert_true(avcodec_parameters_from_context(o->st->codecpar, o->enc) >= 0);
    o->st->time_base = o->enc->time_base;
    o->st->avg_frame_rate = o->enc->framerate;
}

static void end(output *o)
{
    avcodec_free_context(&o->enc);
    av_packet_free(&o->packet);
}

/* ---- pictures ----------------------------------------------------------------------------- */

static void set_turn(AVStream *st, int degrees)
{
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 100)
    AVPacketSideData *side =
        av_packet_side_data_new(&st->codecpar->coded_side_data, &st->codecpar->nb_coded_side_data,
                                AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t), 0);
    assert_non_null(side);
    int32_t *matrix = (int32_t *)side->data;
#else
    int32_t *matrix =
        (int32_t *)av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
    assert_non_null(matrix);
#endif
    av_display_rotation_set(matrix, -degrees); /* its angle is clockwise */
}

static output add_video(AVFormatContext *fmt, const media_fixture *f)
{
    output o = add(fmt, f->video, f->apart);
    o.enc->width = f->w;
    o.enc->height = f->h;
    o.enc->pix_fmt = f->pixels;
    o.enc->color_range = AVCOL_RANGE_MPEG;
    AVRational sar = f->sar.num > 0 ? f->sar : (AVRational){0, 1};
    o.enc->sample_aspect_ratio = sar;
    o.enc->framerate = (AVRational){f->fps ? f->fps : 25, 1};
    o.enc->time_base = f->times_ms ? (AVRational){1, 1000} : av_inv_q(o.enc->framerate);
    o.enc->flags |= AV_CODEC_FLAG_QSCALE;
    o.enc->global_quality = 2 * FF_QP2LAMBDA;
    o.enc->max_b_frames = f->b_frames;
    start(&o);
    o.st->sample_aspect_ratio = sar;
    if (f->turn)
        set_turn(o.st, f->turn);
    if (f->cover)
        o.st->disposition |= AV_DISPOSITION_ATTACHED_PIC;
    return o;
}

/* The upright picture's colour at (x, y) of w x h. */
static void colour_at(uint8_t *to, int x, int y, int w, int h, int number)
{
    static const uint8_t quarter[4][3] = {
        {220, 30, 30}, {30, 200, 30}, {30, 30, 220}, {230, 230, 230}};
    if (abs(2 * x - w) < w / 4 && abs(2 * y - h) < h / 4)
        memset(to, 40 + 8 * number % 160, 3);
    else
        memcpy(to, quarter[2 * (2 * y >= h) + (2 * x >= w)], 3);
}

static void draw(uint8_t *rgb, int w, int h, int turn, int number)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            uint8_t *to = rgb + 3 * ((ptrdiff_t)y * w + x);
            if (turn == 0)
                colour_at(to, x, y, w, h, number);
            else if (turn == 180)
                colour_at(to, w - 1 - x, h - 1 - y, w, h, number);
            else if (turn == 90) /* counter-clockwise: the right edge becomes the top */
                colour_at(to, y, w - 1 - x, h, w, number);
            else
                colour_at(to, h - 1 - y, x, h, w, number);
        }
}

static void write_video(output *o, const media_fixture *f)
{
    uint8_t *rgb = calloc((size_t)f->w * f->h * 3 + 64, 1); /* libswscale reads what is behind it */
    AVFrame *frame = av_frame_alloc();
    struct SwsContext *sws = sws_getContext(f->w, f->h, AV_PIX_FMT_RGB24, f->w, f->h, f->pixels,
                                            SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
    assert_true(rgb && frame && sws);
    for (int i = 0; i < f->frames; i++) {
        frame->width = f->w;
        frame->height = f->h;
        frame->format = f->pixels;
        frame->color_range = AVCOL_RANGE_MPEG;
        assert_true(av_frame_get_buffer(frame, 0) >= 0);
        draw(rgb, f->w, f->h, f->turn, i);
        const uint8_t *planes[4] = {rgb};
        int strides[4] = {3 * f->w};
        sws_scale(sws, planes, strides, 0, f->h, frame->data, frame->linesize);
        frame->pts = f->times_ms ? f->times_ms[i] : i;
        frame->quality = o->enc->global_quality;
        encode(o, frame);
        av_frame_unref(frame);
    }
    encode(o, NULL);
    sws_freeContext(sws);
    av_frame_free(&frame);
    free(rgb);
}

/* ---- sound -------------------------------------------------------------------------------- */

static output add_audio(AVFormatContext *fmt, const media_fixture *f)
{
    output o = add(fmt, f->audio, f->apart);
    o.enc->sample_rate = f->rate;
    const int planar = f->audio == AV_CODEC_ID_AAC || f->audio == AV_CODEC_ID_VORBIS ||
                       f->audio == AV_CODEC_ID_AC3 || f->audio == AV_CODEC_ID_MP3;
    o.enc->sample_fmt = planar                              ? AV_SAMPLE_FMT_FLTP
                        : f->audio == AV_CODEC_ID_PCM_F32LE ? AV_SAMPLE_FMT_FLT
                                                            : AV_SAMPLE_FMT_S16;
    o.enc->time_base = (AVRational){1, f->rate};
    o.enc->bit_rate = 128000;
    av_channel_layout_default(&o.enc->ch_layout, f->channels);
    start(&o);
    return o;
}

static void put_sample(AVFrame *frame, int i, int c, int channels, double v)
{
    switch (frame->format) {
    case AV_SAMPLE_FMT_FLTP: ((float *)frame->extended_data[c])[i] = (float)v; break;
    case AV_SAMPLE_FMT_FLT: ((float *)frame->data[0])[i * channels + c] = (float)v; break;
    default: ((int16_t *)frame->data[0])[i * channels + c] = (int16_t)lrint(v * 32767); break;
    }
}

static void write_audio(output *o, const media_fixture *f)
{
    AVFrame *frame = av_frame_alloc();
    assert_non_null(frame);
    int64_t total = llround(f->seconds * f->rate);
    int size = o->enc->frame_size > 0 ? o->enc->frame_size : CHUNK;
    for (int64_t at = 0; at < total; at += size) {
        frame->nb_samples = (int)(total - at < size ? total - at : size);
        frame->format = o->enc->sample_fmt;
        frame->sample_rate = f->rate;
        assert_true(av_channel_layout_copy(&frame->ch_layout, &o->enc->ch_layout) >= 0);
        assert_true(av_frame_get_buffer(frame, 0) >= 0);
        for (int i = 0; i < frame->nb_samples; i++)
            for (int c = 0; c < f->channels; c++)
                put_sample(frame, i, c, f->channels,
                           f->amplitude[c] *
                               sin(2 * acos(-1) * f->hz * (double)(at + i) / f->rate));
        double late = f->gap > 0 && (double)at / f->rate >= f->gap_at ? f->gap : 0;
        frame->pts = at + llround(late * f->rate);
        encode(o, frame);
        av_frame_unref(frame);
    }
    encode(o, NULL);
    av_frame_free(&frame);
}

/* ---- both --------------------------------------------------------------------------------- */

void media_fixture_write(const char *path, const media_fixture *f)
{
    output video = {0}, audio = {0}, other_video = {0}, other_audio = {0};
    media_fixture other = *f;
    AVFormatContext *fmt = NULL;
    other.hz = f->other_hz;
    other.w = f->w / 2;
    assert_true(avformat_alloc_output_context2(&fmt, NULL, NULL, path) >= 0);
    fmt->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    if (f->other_hz > 0)
        other_audio = add_audio(fmt, &other);
    if (f->audio)
        audio = add_audio(fmt, f);
    if (f->video)
        video = add_video(fmt, f);
    if (f->twice)
        other_video = add_video(fmt, &other);
    assert_true(avio_open(&fmt->pb, path, AVIO_FLAG_WRITE) >= 0);
    assert_true(avformat_write_header(fmt, NULL) >= 0);
    if (f->video)
        write_video(&video, f);
    if (f->twice)
        write_video(&other_video, &other);
    if (f->other_hz > 0)
        write_audio(&other_audio, &other);
    if (f->audio)
        write_audio(&audio, f);
    assert_true(av_write_trailer(fmt) >= 0);
    end(&video);
    end(&other_video);
    end(&audio);
    end(&other_audio);
    avio_closep(&fmt->pb);
    avformat_free_context(fmt);
}
