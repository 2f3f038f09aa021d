/* av_jpeg.c - one JPEG out of memory and one into it: what live sessions send. */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* ITU-T T.81, table B.1. */
enum {
    SOF0 = 0xc0, /* baseline, Huffman */
    SOF1 = 0xc1, /* extended sequential, Huffman */
    SOF15 = 0xcf,
    DHT = 0xc4,
    JPG = 0xc8,
    DAC = 0xcc,
    RST0 = 0xd0,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    TEM = 0x01,
    MOST_SCANS = 4, /* of a sequential picture: one a component */
};

static int is_frame(int marker)
{
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

/* Markers without a length behind them. */
static int is_bare(int marker)
{
    return marker == TEM || (marker >= RST0 && marker <= EOI);
}

static int check_frame(const uint8_t *at, size_t left, int marker, int max_w, int max_h,
                       attune_error *err)
{
    if (marker > SOF1)
        return at_fail(err, ATTUNE_E_UNSUPPORTED,
                       "the picture is a JPEG of a kind that is not "
                       "taken: neither baseline nor sequential");
    if (left < 7)
        return at_fail(err, ATTUNE_E_FORMAT, "the picture is cut short");
    int h = at[3] << 8 | at[4], w = at[5] << 8 | at[6];
    if (w < 1 || h < 1)
        return at_fail(err, ATTUNE_E_FORMAT, "the picture has no size");
    if (w > max_w || h > max_h)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "the picture has %dx%d pixels; the most is %dx%d",
                       w, h, max_w, max_h);
    return 1;
}

/* Walks the markers before anything is decoded: what the picture is, and how many scans it has. */
static int check_jpeg(const uint8_t *p, size_t size, int max_w, int max_h, attune_error *err)
{
    int frames = 0, scans = 0;
    size_t i = 2;

    if (size < 4 || p[0] != 0xff || p[1] != SOI)
        return at_fail(err, ATTUNE_E_FORMAT, "the picture is no JPEG");
    while (i + 4 <= size) {
        if (p[i] != 0xff || p[i + 1] == 0 || p[i + 1] == 0xff || is_bare(p[i + 1])) {
            i++; /* a scan's data, or filling */
            continue;
        }
        int marker = p[i + 1];
        size_t length = (size_t)p[i + 2] << 8 | p[i + 3];
        int rc = is_frame(marker) ? check_frame(p + i + 2, size - i - 2, marker, max_w, max_h, err)
                                  : 0;
        if (rc < 0)
            return rc;
        frames += rc;
        scans += marker == SOS;
        if (frames > 1 || scans > MOST_SCANS)
            return at_fail(err, ATTUNE_E_UNSUPPORTED, "the picture is more than one");
        i += 2 + length;
    }
    if (frames != 1 || scans < 1)
        return at_fail(err, ATTUNE_E_FORMAT, "the picture is cut short");
    return ATTUNE_OK;
}

/* Decoders count whole blocks, of up to four in a row. */
static int64_t padded(int side)
{
    return ((int64_t)side + 63) / 64 * 64;
}

static int decode(const void *data, size_t size, int64_t max_pixels, AVFrame *frame)
{
    AVPacket *packet = av_packet_alloc(); /* a copy, because decoders read past the end */
    int averr = packet ? av_new_packet(packet, (int)size) : AVERROR(ENOMEM);

    if (averr >= 0) {
        memcpy(packet->data, data, size);
        averr =
            at_av_decode_one(avcodec_find_decoder(AV_CODEC_ID_MJPEG), packet, max_pixels, frame);
    }
    av_packet_free(&packet);
    return averr;
}

int at_av_load_jpeg(const void *data, size_t size, int max_w, int max_h, AVFrame *frame,
                    attune_error *err)
{
    int rc = check_jpeg(data, size, max_w, max_h, err);

    if (rc < 0)
        return rc;
    if (size > INT32_MAX / 2)
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "the picture is too large");
    int averr = decode(data, size, padded(max_w) * padded(max_h), frame);
    if (averr == AVERROR(ENOMEM))
        return at_fail_nomem(err);
    if (averr < 0 || frame->width > max_w || frame->height > max_h)
        return at_fail(err, ATTUNE_E_FORMAT, "the picture is damaged");
    return ATTUNE_OK;
}

int at_av_lend_jpeg(at_av_picture *picture, AVFrame *frame, at_media_packet *out, attune_error *err)
{
    return at_av_picture_lend(picture, frame, (AVRational){0, 1},
                              at_av_turn_of(at_av_display_matrix(frame, NULL)), "the picture", out,
                              err);
}

/* ---- and back ------------------------------------------------------------------------------ */

static int encode(const at_av_canvas *c, double q, AVPacket *packet)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *enc = codec ? avcodec_alloc_context3(codec) : NULL;
    int averr;

    if (!enc)
        return codec ? AVERROR(ENOMEM) : AVERROR_ENCODER_NOT_FOUND;
    at_av_fixed_quality(enc, q);
    averr = at_av_encode_one(enc, NULL, c, packet);
    avcodec_free_context(&enc);
    return averr;
}

static int copy_packet(const AVPacket *packet, uint8_t **out, size_t *size, attune_error *err)
{
    *out = at_alloc((size_t)packet->size, 1);
    if (!*out)
        return at_fail_nomem(err);
    *size = (size_t)packet->size;
    memcpy(*out, packet->data, *size);
    return ATTUNE_OK;
}

int at_media_make_jpeg(const at_media_packet *p, double q, uint8_t **out, size_t *size,
                       attune_error *err)
{
    at_av_picture picture = {0};
    at_av_canvas canvas = {0};
    at_av_rgb rgb = {0};
    const AVRational aspect = {p->picture.aspect_num, p->picture.aspect_den};

    *out = NULL;
    *size = 0;
    int rc = at_av_enter(err);
    if (rc < 0)
        return rc;
    AVPacket *packet = av_packet_alloc();
    rc = packet ? at_av_picture_convert(&picture, p->frame, aspect,
                                        at_turn_of(p->picture.orientation), "a picture", &rgb, err)
                : at_fail_nomem(err);
    if (rc >= 0)
        rc = at_av_canvas_init(&canvas, rgb.w, rgb.h, AV_PIX_FMT_YUV420P, 1, err);
    if (rc >= 0)
        rc = at_av_canvas_draw(&canvas, rgb.rgb, rgb.stride, err);
    int averr = rc >= 0 ? encode(&canvas, q, packet) : 0;
    if (averr < 0)
        rc = at_av_fail(err, averr, "a picture", "cannot encode");
    if (rc >= 0)
        rc = copy_packet(packet, out, size, err);
    at_av_canvas_free(&canvas);
    at_av_picture_free(&picture);
    av_packet_free(&packet);
    at_av_leave();
    return rc;
}
