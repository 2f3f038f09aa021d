/* av_picture.c - any decoded picture to upright RGB24: colour conversion and scaling in one pass
 * of swscale, then rotation. */
#include "media/av.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bicubic with exact rounding and full chroma resolution, without the fast paths whose results
 * differ from one processor to the next. */
enum { SCALER = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT };

/* swscale's vector code may write a little past the end of a row. */
enum { ROW_SLACK = 64 };

/* Pixels this much wider than high, or higher than wide, are made square. Milder oblongs (PAL and
 * NTSC at 4:3) are what every face model has seen, and resampling costs sharpness. */
static const double oblong = 1.2;

at_av_turn at_av_turn_of(const int32_t *m)
{
    at_av_turn turn = {0};
    if (!m)
        return turn;
    /* (x, y) = (a u + c v, b u + d v), y down: libavutil/display.h */
    double a = m[0], b = m[1], c = m[3], d = m[4];
    turn.transpose = fabs(b) + fabs(c) > fabs(a) + fabs(d);
    turn.flip_u = (turn.transpose ? b : a) < 0;
    turn.flip_v = (turn.transpose ? c : d) < 0;
    return turn;
}

static void square_size(int w, int h, AVRational sar, int *out_w, int *out_h)
{
    *out_w = w;
    *out_h = h;
    double ratio = sar.num > 0 && sar.den > 0 ? av_q2d(sar) : 1;
    if (ratio > oblong && ratio < 8 && w * ratio <= AT_MEDIA_MAX_SIDE)
        *out_w = (int)lround(w * ratio);
    else if (ratio < 1 / oblong && ratio > 1 / 8.0 && h / ratio <= AT_MEDIA_MAX_SIDE)
        *out_h = (int)lround(h / ratio);
}

void at_av_upright_size(int w, int h, AVRational sar, at_av_turn turn, int *out_w, int *out_h)
{
    square_size(w, h, sar, turn.transpose ? out_h : out_w, turn.transpose ? out_w : out_h);
}

enum AVPixelFormat at_av_pixel_format(const AVFrame *f, int *full_range)
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

static int make_scaler(at_av_picture *p, const AVFrame *f, int w, int h, const char *name,
                       attune_error *err)
{
    int full = 0;
    enum AVPixelFormat format = at_av_pixel_format(f, &full);
    int matrix = matrix_of(f);
    int key[8] = {f->width, f->height, format, full, matrix, w, h, 1};
    if (p->sws && memcmp(key, p->key, sizeof key) == 0)
        return 0;
    sws_freeContext(p->sws);
    p->sws = sws_getContext(f->width, f->height, format, w, h, AV_PIX_FMT_RGB24, SCALER, NULL, NULL,
                            NULL);
    if (!p->sws) {
        const char *format_name = av_get_pix_fmt_name(format);
        return at_fail(err, ATTUNE_E_UNSUPPORTED, "%s: cannot convert %dx%d pictures of kind %s",
                       name, f->width, f->height, format_name ? format_name : "unknown");
    }
    const int *coefficients = sws_getCoefficients(matrix);
    /* refused for RGB sources, which have no matrix to set */
    sws_setColorspaceDetails(p->sws, coefficients, full, coefficients, 1, 0, 1 << 16, 1 << 16);
    memcpy(p->key, key, sizeof key);
    return 0;
}

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
                         at_av_turn turn)
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

int at_av_picture_convert(at_av_picture *p, const AVFrame *f, AVRational sar, at_av_turn turn,
                          int max_side, const char *name, at_media_packet *out, attune_error *err)
{
    int w, h;
    square_size(f->width, f->height, sar, &w, &h);
    int longer = w > h ? w : h;
    if (max_side > 0 && longer > max_side) {
        w = (int)lround((double)w * max_side / longer);
        h = (int)lround((double)h * max_side / longer);
        w = w < 1 ? 1 : w;
        h = h < 1 ? 1 : h;
    }
    int ret = make_scaler(p, f, w, h, name, err);
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
    out->rgb = p->flat;
    out->w = w;
    out->h = h;
    out->stride = stride;
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
    at_free(p->flat);
    at_free(p->turned);
    *p = (at_av_picture){0};
}
