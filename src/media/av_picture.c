/* av_picture.c - decoded pictures: lent out as they lie where attune_picture has a word for it, or
 * brought to the nearest format that it has one for; and, for still pictures, made upright RGB24. */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bicubic with exact rounding and full chroma resolution, without the fast paths whose results
 * differ from one processor to the next. */
enum { SCALER = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT };

/* swscale's vector code may write a little past the end of a row. */
enum { ROW_SLACK = 64 };

at_turn at_av_turn_of(const int32_t *m)
{
    at_turn turn = {0};
    if (!m)
        return turn;
    /* (x, y) = (a u + c v, b u + d v), y down: libavutil/display.h */
    double a = m[0], b = m[1], c = m[3], d = m[4];
    turn.transpose = fabs(b) + fabs(c) > fabs(a) + fabs(d);
    turn.flip_u = (turn.transpose ? b : a) < 0;
    turn.flip_v = (turn.transpose ? c : d) < 0;
    return turn;
}

/* The frame's pixel format without the deprecated "J" kinds, and whether it is full range. */
static enum AVPixelFormat pixel_format(const AVFrame *f, int *full_range)
{
    *full_range = f->color_range == AVCOL_RANGE_JPEG;
    switch (f->format) {
    case AV_PIX_FMT_YUVJ420P: *full_range = 1; return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: *full_range = 1; return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: *full_range = 1; return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: *full_range = 1; return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P: *full_range = 1; return AV_PIX_FMT_YUV411P;
    default: break;
    }
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    /* grey without a word about its range comes from still pictures, which use all of it */
    if (d && d->nb_components <= 2 && f->color_range == AVCOL_RANGE_UNSPECIFIED)
        *full_range = 1;
    return f->format;
}

/* The YUV matrix, or for streams that do not say, what their size suggests. */
static int matrix_of(const AVFrame *f)
{
    switch (f->colorspace) {
    case AVCOL_SPC_BT709: return SWS_CS_ITU709;
    case AVCOL_SPC_FCC: return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    case AVCOL_SPC_UNSPECIFIED: return f->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    default: return SWS_CS_ITU601;
    }
}

/* p->sws from f to w x h pictures of kind to. RGB is of the full range; other kinds keep f's. */
static int make_scaler(at_av_picture *p, const AVFrame *f, int w, int h, enum AVPixelFormat to,
                       const char *name, attune_error *err)
{
    int full = 0;
    enum AVPixelFormat format = pixel_format(f, &full);
    int matrix = matrix_of(f);
    int key[8] = {f->width, f->height, format, full, matrix, w, h, to};
    if (p->sws && memcmp(key, p->key, sizeof key) == 0)
        return 0;
    sws_freeContext(p->sws);
    const int before = errno;
    errno = 0;
    p->sws = sws_getContext(f->width, f->height, format, w, h, to, SCALER, NULL, NULL, NULL);
    if (!p->sws && errno == ENOMEM)
        return at_fail_nomem(err);
    errno = before;
    if (!p->sws) {
        const char *format_name = av_get_pix_fmt_name(format);
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: cannot convert %dx%d pictures of kind %s",
                       name, f->width, f->height, format_name ? format_name : "unknown");
    }
    const int *coefficients = sws_getCoefficients(matrix);
    int to_full = to == AV_PIX_FMT_RGB24 || full;
    /* refused for RGB sources, which have no matrix to set */
    sws_setColorspaceDetails(p->sws, coefficients, full, coefficients, to_full, 0, 1 << 16,
                             1 << 16);
    memcpy(p->key, key, sizeof key);
    return 0;
}

/* ---- as it lies ---------------------------------------------------------------------------- */

static const struct {
    enum AVPixelFormat pixels;
    attune_format format;
} known[] = {
    {AV_PIX_FMT_YUV420P, ATTUNE_I420},  {AV_PIX_FMT_YUVJ420P, ATTUNE_I420},
    {AV_PIX_FMT_YUVA420P, ATTUNE_I420}, {AV_PIX_FMT_YUV422P, ATTUNE_I422},
    {AV_PIX_FMT_YUVJ422P, ATTUNE_I422}, {AV_PIX_FMT_YUV444P, ATTUNE_I444},
    {AV_PIX_FMT_YUVJ444P, ATTUNE_I444}, {AV_PIX_FMT_NV12, ATTUNE_NV12},
    {AV_PIX_FMT_GRAY8, ATTUNE_GREY},    {AV_PIX_FMT_RGB24, ATTUNE_RGB},
    {AV_PIX_FMT_BGR24, ATTUNE_BGR},     {AV_PIX_FMT_RGBA, ATTUNE_RGBA},
    {AV_PIX_FMT_RGB0, ATTUNE_RGBA},     {AV_PIX_FMT_BGRA, ATTUNE_BGRA},
    {AV_PIX_FMT_BGR0, ATTUNE_BGRA},
};

static int find_known(int pixels)
{
    int i = 0, n = sizeof known / sizeof *known;
    while (i < n && known[i].pixels != pixels)
        i++;
    return i < n ? i : -1;
}

int at_av_picture_known(int pixels)
{
    return find_known(pixels) >= 0;
}

/* The known format that keeps most of what pixels holds. */
static enum AVPixelFormat nearest(enum AVPixelFormat pixels)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(pixels);
    if (!d || d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER))
        return AV_PIX_FMT_RGB24;
    if (d->nb_components <= 2)
        return d->flags & AV_PIX_FMT_FLAG_BITSTREAM ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_GRAY8;
    if (d->log2_chroma_w == 0)
        return AV_PIX_FMT_YUV444P;
    return d->log2_chroma_h == 0 ? AV_PIX_FMT_YUV422P : AV_PIX_FMT_YUV420P;
}

/* A buffer of the pool under p->converted, which may still be referred to as it was. */
static int renew_converted(at_av_picture *p, const AVFrame *f, enum AVPixelFormat to)
{
    int bytes = av_image_get_buffer_size(to, f->width, f->height, AT_ALIGN);
    if (bytes < 0)
        return 0;
    if (!p->converted)
        p->converted = av_frame_alloc();
    if (!p->pool || p->pool_bytes != bytes) {
        av_buffer_pool_uninit(&p->pool);
        p->pool = av_buffer_pool_init((size_t)bytes + ROW_SLACK, NULL);
        p->pool_bytes = bytes;
    }
    if (!p->converted || !p->pool)
        return 0;
    av_frame_unref(p->converted);
    p->converted->buf[0] = av_buffer_pool_get(p->pool);
    if (!p->converted->buf[0] || av_frame_copy_props(p->converted, f) < 0)
        return 0;
    p->converted->format = to;
    p->converted->width = f->width;
    p->converted->height = f->height;
    return av_image_fill_arrays(p->converted->data, p->converted->linesize,
                                p->converted->buf[0]->data, to, f->width, f->height, AT_ALIGN) >= 0;
}

static int convert_kind(at_av_picture *p, const AVFrame *f, const char *name, attune_error *err)
{
    enum AVPixelFormat to = nearest(f->format);
    int full, ret = make_scaler(p, f, f->width, f->height, to, name, err);
    if (ret < 0)
        return ret;
    if (!renew_converted(p, f, to))
        return at_fail_nomem(err);
    ret = sws_scale(p->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height,
                    p->converted->data, p->converted->linesize);
    if (ret < 0)
        return at_av_fail(err, ret, name, "cannot convert a picture");
    pixel_format(f, &full);
    p->converted->color_range = full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    return 0;
}

static attune_matrix matrix_as(const AVFrame *f)
{
    switch (matrix_of(f)) {
    case SWS_CS_ITU709:
    case SWS_CS_SMPTE240M: return ATTUNE_BT709; /* 0.2122, 0.0865 where BT.709 has 0.2126, 0.0722 */
    case SWS_CS_BT2020: return ATTUNE_BT2020;
    default: return ATTUNE_BT601;
    }
}

int at_av_picture_lend(at_av_picture *p, AVFrame *f, AVRational sar, at_turn turn, const char *name,
                       at_media_packet *out, attune_error *err)
{
    int full, kind = find_known(f->format);
    if (kind < 0) {
        int ret = convert_kind(p, f, name, err);
        if (ret < 0)
            return ret;
        f = p->converted;
        kind = find_known(f->format);
    }
    pixel_format(f, &full);
    out->frame = f;
    out->picture = (attune_picture){.format = known[kind].format,
                                    .w = f->width,
                                    .h = f->height,
                                    .matrix = matrix_as(f),
                                    .range = full ? ATTUNE_RANGE_FULL : ATTUNE_RANGE_LIMITED,
                                    .orientation = at_orientation_of(turn),
                                    .aspect_num = sar.num > 0 && sar.den > 0 ? sar.num : 0,
                                    .aspect_den = sar.num > 0 && sar.den > 0 ? sar.den : 0};
    for (int i = 0; i < 3; i++) {
        out->picture.plane[i] = f->data[i];
        out->picture.stride[i] = f->linesize[i];
    }
    return 0;
}

/* ---- upright RGB24 -------------------------------------------------------------------------- */

static int reserve(uint8_t **buffer, size_t *bytes, size_t need)
{
    if (*bytes >= need)
        return 1;
    at_free(*buffer);
    *buffer = at_alloc(need, 1);
    *bytes = *buffer ? need : 0;
    return *buffer != NULL;
}

/* dst (w x h, tight) = src (stride bytes a row) turned. w, h are those of dst. */
static void turn_picture(uint8_t *dst, int w, int h, const uint8_t *src, ptrdiff_t stride,
                         at_turn turn)
{
    ptrdiff_t su = turn.flip_u ? -3 : 3, sv = turn.flip_v ? -stride : stride;
    int src_w = turn.transpose ? h : w, src_h = turn.transpose ? w : h;
    const uint8_t *origin = src + (turn.flip_u ? (ptrdiff_t)(src_w - 1) * 3 : 0) +
                            (turn.flip_v ? (ptrdiff_t)(src_h - 1) * stride : 0);
    ptrdiff_t step_x = turn.transpose ? sv : su, step_y = turn.transpose ? su : sv;
    /* blocks, because one of the two pictures is walked across its rows */
    enum { BLOCK = 32 };
    for (int y0 = 0; y0 < h; y0 += BLOCK)
        for (int x0 = 0; x0 < w; x0 += BLOCK)
            for (int y = y0; y < h && y < y0 + BLOCK; y++)
                for (int x = x0; x < w && x < x0 + BLOCK; x++)
                    memcpy(dst + ((ptrdiff_t)y * w + x) * 3, origin + x * step_x + y * step_y, 3);
}

int at_av_picture_convert(at_av_picture *p, const AVFrame *f, AVRational sar, at_turn turn,
                          const char *name, at_av_rgb *out, attune_error *err)
{
    int w, h;
    at_upright_size(f->width, f->height, 1, sar.num, sar.den, &w, &h);
    int ret = make_scaler(p, f, w, h, AV_PIX_FMT_RGB24, name, err);
    if (ret < 0)
        return ret;
    ptrdiff_t stride = ((ptrdiff_t)w * 3 + ROW_SLACK + AT_ALIGN - 1) / AT_ALIGN * AT_ALIGN;
    if (!reserve(&p->flat, &p->flat_bytes, (size_t)stride * h + ROW_SLACK))
        return at_fail_nomem(err);

    uint8_t *planes[4] = {p->flat};
    int strides[4] = {(int)stride};
    ret = sws_scale(p->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, planes,
                    strides);
    if (ret < 0)
        return at_av_fail(err, ret, name, "cannot convert a picture");
    *out = (at_av_rgb){p->flat, w, h, stride};
    if (!turn.transpose && !turn.flip_u && !turn.flip_v)
        return 0;

    if (!reserve(&p->turned, &p->turned_bytes, (size_t)w * h * 3))
        return at_fail_nomem(err);
    out->w = turn.transpose ? h : w;
    out->h = turn.transpose ? w : h;
    turn_picture(p->turned, out->w, out->h, p->flat, stride, turn);
    out->rgb = p->turned;
    out->stride = (ptrdiff_t)out->w * 3;
    return 0;
}

void at_av_picture_free(at_av_picture *p)
{
    sws_freeContext(p->sws);
    av_frame_free(&p->converted);
    av_buffer_pool_uninit(&p->pool);
    at_free(p->flat);
    at_free(p->turned);
    *p = (at_av_picture){0};
}
