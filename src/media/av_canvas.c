/* av_canvas.c - RGB24 pictures as the frames that encoders take. */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* Rows at a time, an even number of them, and bytes behind the last, which libswscale reads with it. */
enum { STRIP = 64, BEHIND = 64 };

int at_av_canvas_init(at_av_canvas *c, int w, int h, enum AVPixelFormat pixels, int full_range,
                      attune_error *err)
{
    *c = (at_av_canvas){.w = w, .h = h};
    if (w < 1 || h < 1 || w > AT_MEDIA_MAX_SIDE || h > AT_MEDIA_MAX_SIDE)
        return at_fail(err, ATTUNE_E_ARG, "a picture of %dx%d pixels cannot be encoded", w, h);
    const int shares = pixels == AV_PIX_FMT_YUV420P; /* four pixels a colour */
    const int even_w = w + (w & shares), even_h = h + (h & shares);
    c->frame = av_frame_alloc();
    c->sws = sws_getContext(even_w, even_h, AV_PIX_FMT_RGB24, even_w, even_h, pixels,
                            SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    c->strip = at_alloc((size_t)STRIP * (size_t)even_w * 3 + BEHIND, 1);
    if (!c->frame || !c->sws || !c->strip)
        goto no_memory;
    const int *matrix = sws_getCoefficients(SWS_CS_ITU601);
    sws_setColorspaceDetails(c->sws, matrix, 1, matrix, full_range, 0, 1 << 16, 1 << 16);
    c->frame->width = even_w;
    c->frame->height = even_h;
    c->frame->format = pixels;
    c->frame->color_range = full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    c->frame->colorspace = shares ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_RGB;
    if (av_frame_get_buffer(c->frame, 0) < 0)
        goto no_memory;
    return 0;
no_memory:
    at_av_canvas_free(c);
    return at_fail_nomem(err);
}

/* Row y of rgb, the last where there is none any longer, and its last pixel again where that makes the width even. */
static void copy_row(const at_av_canvas *c, const uint8_t *rgb, ptrdiff_t stride, int y,
                     uint8_t *to)
{
    const size_t bytes = (size_t)c->w * 3;

    memcpy(to, rgb + (y < c->h ? y : c->h - 1) * stride, bytes);
    if (c->frame->width > c->w)
        memcpy(to + bytes, to + bytes - 3, 3);
}

int at_av_canvas_draw(at_av_canvas *c, const uint8_t *rgb, ptrdiff_t stride, attune_error *err)
{
    /* an encoder may still refer to what was drawn before */
    if (av_frame_make_writable(c->frame) < 0)
        return at_fail_nomem(err);
    const int row = c->frame->width * 3;
    const uint8_t *planes[4] = {c->strip};
    const int strides[4] = {row};
    for (int y = 0; y < c->frame->height; y += STRIP) {
        const int rows = c->frame->height - y < STRIP ? c->frame->height - y : STRIP;
        for (int i = 0; i < rows; i++)
            copy_row(c, rgb, stride, y + i, c->strip + (size_t)i * (size_t)row);
        sws_scale(c->sws, planes, strides, y, rows, c->frame->data, c->frame->linesize);
    }
    return 0;
}

void at_av_canvas_free(at_av_canvas *c)
{
    sws_freeContext(c->sws);
    av_frame_free(&c->frame);
    at_free(c->strip);
    *c = (at_av_canvas){0};
}

void at_av_fixed_quality(AVCodecContext *enc, double q)
{
    enc->flags |= AV_CODEC_FLAG_QSCALE;
    enc->global_quality = (int)(q * FF_QP2LAMBDA + 0.5);
}

int at_av_encode_one(AVCodecContext *enc, AVDictionary **options, const at_av_canvas *c,
                     AVPacket *packet)
{
    enc->width = c->frame->width;
    enc->height = c->frame->height;
    enc->pix_fmt = c->frame->format;
    enc->color_range = c->frame->color_range;
    enc->colorspace = c->frame->colorspace;
    enc->time_base = (AVRational){1, 25};
    enc->thread_count = 1;
    enc->flags |= AV_CODEC_FLAG_BITEXACT;
    c->frame->pts = 0;
    c->frame->quality = enc->global_quality;
    int averr = at_av_codec_open(enc, enc->codec, options);
    if (averr >= 0)
        averr = avcodec_send_frame(enc, c->frame);
    if (averr >= 0)
        averr = avcodec_send_frame(enc, NULL);
    if (averr >= 0)
        averr = avcodec_receive_packet(enc, packet);
    return averr;
}
