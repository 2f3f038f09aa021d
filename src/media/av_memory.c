/* av_memory.c - decoders held to a budget of memory.
 *
 * A picture's size says little of what decoding takes: a stream may ask for sixteen pictures to be
 * kept for reference, and every thread that decodes ahead holds one more. So the pictures that are
 * alive are counted as decoders ask for them, with what decoders keep beside each picture: up to
 * 12 bytes for each 4x4 pixels (HEVC's motion vectors; H.264 takes 8), and in some a picture more or
 * two of their own.
 */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <libavutil/avstring.h>
#include <libavutil/cpu.h>

/* What pictures that are decoded ahead by threads may take of the budget, and how many of these: each takes
 * memory of its own beside its picture. */
enum { AHEAD = AT_AV_PICTURE_BUDGET / 5, MOST_THREADS = 16 };

/* Bytes a pixel, as long as a stream has not said: 4:2:0 of 16 bits. */
enum { BYTES_UNTOLD = 3 };

/* Decoders that bring their own memory for pictures: eight references, one being decoded and one
 * given out, of three bytes a pixel and the vectors, have to fit. */
static const char own_memory[] = "libdav1d,libaom-av1,libvpx,libvpx-vp9";
enum { OWN_PICTURES = 10 };
#define OWN_PIXELS (INT64_C(16) * AT_AV_PICTURE_BUDGET / (OWN_PICTURES * (BYTES_UNTOLD * 16 + 12)))

static int64_t beside(int64_t pixels)
{
    return pixels * 12 / 16;
}

/* How many times a picture's bytes a decoder takes for itself: the coefficients of a progressive JPEG, what a
 * TIFF is unpacked to, WebP's picture of the alpha, what a GIF goes back to. */
static int own_pictures(enum AVCodecID id)
{
    switch (id) {
    case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_MJPEGB:
    case AV_CODEC_ID_WEBP: return 2;
    case AV_CODEC_ID_TIFF:
    case AV_CODEC_ID_GIF: return 1;
    default: return 0;
    }
}

/* Stills have no vectors. */
static int64_t cost_of(const AVCodecContext *dec, const AVFrame *frame, int64_t bytes)
{
    const AVCodecDescriptor *codec = avcodec_descriptor_get(dec->codec_id);
    const int still = codec && (codec->props & AV_CODEC_PROP_INTRA_ONLY);
    return bytes * (1 + own_pictures(dec->codec_id)) +
           (still ? 0 : beside((int64_t)frame->width * frame->height));
}

static void released(void *opaque, uint8_t *data)
{
    at_av_budget *b = opaque;
    int64_t *cost = (int64_t *)(void *)data;
    atomic_fetch_sub(&b->used, *cost);
    av_free(cost);
}

/* Called by the decoder's threads, too. */
static int get_counted(AVCodecContext *dec, AVFrame *frame, int flags)
{
    at_av_budget *b = dec->opaque;
    int bytes = av_image_get_buffer_size(frame->format, frame->width, frame->height, AT_ALIGN);
    if (bytes < 0)
        return bytes;
    int64_t cost = cost_of(dec, frame, bytes);
    atomic_fetch_add(&b->work, (int64_t)frame->width * frame->height);
    /* one of them is handed on in a copy */
    if (atomic_fetch_add(&b->used, cost) + cost + bytes > AT_AV_PICTURE_BUDGET) {
        atomic_fetch_sub(&b->used, cost);
        atomic_store(&b->exceeded, 1);
        return AVERROR(ENOMEM);
    }
    int64_t *kept = av_malloc(sizeof *kept);
    AVBufferRef *token = kept ? av_buffer_create((uint8_t *)kept, sizeof *kept, released, b, 0)
                              : NULL;
    if (!token) {
        av_free(kept);
        atomic_fetch_sub(&b->used, cost);
        return AVERROR(ENOMEM);
    }
    *kept = cost;
    int ret = avcodec_default_get_buffer2(dec, frame, flags);
    if (ret < 0)
        av_buffer_unref(&token);
    else /* lives as long as the last reference to the picture */
        frame->opaque_ref = token;
    return ret;
}

static void allow_threads_to_ask(AVCodecContext *dec)
{
#if LIBAVCODEC_VERSION_MAJOR < 60
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    dec->thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
#else
    (void)dec;
#endif
}

/* What dav1d keeps for each picture that it decodes ahead is several times as large as the picture. */
static void limit_own(AVCodecContext *dec, int64_t max_pixels)
{
    dec->max_pixels = max_pixels < OWN_PIXELS ? max_pixels : OWN_PIXELS;
    if ((int64_t)dec->width * dec->height > OWN_PIXELS / 4)
        dec->flags |= AV_CODEC_FLAG_LOW_DELAY;
}

int at_av_budget_apply(at_av_budget *b, AVCodecContext *dec, const AVCodec *codec,
                       int64_t max_pixels)
{
    dec->codec_whitelist = av_strdup(at_av_codecs);
    if (!dec->codec_whitelist)
        return AVERROR(ENOMEM);
    dec->max_pixels = max_pixels;
    if (codec->type != AVMEDIA_TYPE_VIDEO)
        return 0;
    b->own = av_match_list(codec->name, own_memory, ',');
    if (b->own)
        limit_own(dec, max_pixels);
    dec->opaque = b;
    dec->get_buffer2 = get_counted;
    allow_threads_to_ask(dec);
    return 0;
}

int at_av_budget_threads(const AVCodecParameters *par, int wanted)
{
    int64_t pixels = (int64_t)par->width * par->height;
    int64_t most = pixels > 0 ? AHEAD / (pixels * BYTES_UNTOLD + beside(pixels)) : 1;
    if (wanted <= 0)
        wanted = av_cpu_count();
    most = most < 1 ? 1 : most < MOST_THREADS ? most : MOST_THREADS;
    return wanted < most ? wanted : (int)most;
}
