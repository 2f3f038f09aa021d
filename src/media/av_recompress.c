/* av_recompress.c - what a lossy codec leaves of one picture. */
#include "media/av.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static AVCodecContext *h264_context(double badness, AVDictionary **options)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec)
        return NULL;
    char crf[16];
    snprintf(crf, sizeof crf, "%.2f", 20 + 30 * badness);
    av_dict_set(options, "crf", crf, 0);
    av_dict_set(options, "preset", "veryfast", 0);
    av_dict_set(options, "tune", "zerolatency", 0);
    return avcodec_alloc_context3(codec);
}

/* Step sizes grow in equal ratios, as the eye counts them. */
static AVCodecContext *quantised_context(enum AVCodecID id, double badness)
{
    const AVCodec *codec = avcodec_find_encoder(id);
    AVCodecContext *enc = codec ? avcodec_alloc_context3(codec) : NULL;
    if (enc)
        at_av_fixed_quality(enc, 2 * pow(31 / 2.0, badness));
    return enc;
}

static int encode(const at_av_canvas *c, at_media_codec codec, double badness, AVPacket *packet,
                  enum AVCodecID *id)
{
    AVDictionary *options = NULL;
    AVCodecContext *enc = NULL;
    if (codec == AT_MEDIA_H264) {
        enc = h264_context(badness, &options);
        if (!enc)
            enc = quantised_context(AV_CODEC_ID_MPEG4, badness);
    } else {
        enc = quantised_context(AV_CODEC_ID_MJPEG, badness);
    }
    int ret = AVERROR_ENCODER_NOT_FOUND;
    if (enc) {
        *id = enc->codec_id;
        ret = at_av_encode_one(enc, &options, c, packet);
    }
    av_dict_free(&options);
    avcodec_free_context(&enc);
    return ret;
}

/* The padding goes, the rest is written over rgb. */
static int put_back(const AVFrame *frame, uint8_t *rgb, int w, int h, ptrdiff_t stride,
                    attune_error *err)
{
    at_av_picture picture = {0};
    at_av_rgb p = {0};
    int ret = at_av_picture_convert(&picture, frame, (AVRational){0, 1}, (at_turn){0},
                                    "recompressed picture", &p, err);
    if (ret >= 0 && (p.w < w || p.h < h))
        ret = at_fail(err, ATTUNE_E_FORMAT, "recompressed picture: came back smaller");
    for (int y = 0; ret >= 0 && y < h; y++)
        memcpy(rgb + y * stride, p.rgb + y * p.stride, (size_t)w * 3);
    at_av_picture_free(&picture);
    return ret;
}

int at_media_recompress(uint8_t *rgb, int w, int h, ptrdiff_t stride, at_media_codec codec,
                        double badness, attune_error *err)
{
    if (!(badness >= 0 && badness <= 1))
        return at_fail(err, ATTUNE_E_ARG, "recompression by %g is not in [0, 1]", badness);
    int ret = at_av_enter(err);
    if (ret < 0)
        return ret;
    at_av_canvas canvas = {0};
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    ret = packet && frame ? 0 : at_fail_nomem(err);
    if (ret >= 0)
        ret = at_av_canvas_init(&canvas, w, h, AV_PIX_FMT_YUV420P, codec == AT_MEDIA_JPEG, err);
    if (ret >= 0)
        ret = at_av_canvas_draw(&canvas, rgb, stride, err);
    if (ret < 0)
        goto done;
    enum AVCodecID id = AV_CODEC_ID_NONE;
    int averr = encode(&canvas, codec, badness, packet, &id);
    if (averr >= 0)
        averr = at_av_decode_one(avcodec_find_decoder(id), packet, AT_MEDIA_MAX_PIXELS, frame);
    ret = averr < 0 ? at_av_fail(err, averr, "recompressed picture", "cannot encode")
                    : put_back(frame, rgb, w, h, stride, err);
done:
    at_av_canvas_free(&canvas);
    av_packet_free(&packet);
    av_frame_free(&frame);
    at_av_leave();
    return ret;
}
