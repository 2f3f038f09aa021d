/* image.c - memory, parts and simple pixel work of pictures. Filters are in resample.c. */
#include "vision/image.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int at_image_reserve(at_image *im, int w, int h, int channels)
{
    if (w < 1 || h < 1 || w > AT_IMAGE_MAX_SIDE || h > AT_IMAGE_MAX_SIDE || channels < 1 ||
        channels > 4)
        return ATTUNE_E_ARG;

    const size_t row = (size_t)w * (size_t)channels, bytes = row * (size_t)h;
    if (im->capacity < bytes) {
        uint8_t *data = at_alloc(bytes, 1);
        if (!data)
            return ATTUNE_E_NOMEM;
        at_image_free(im);
        im->data = data;
        im->capacity = bytes;
    }
    im->w = w;
    im->h = h;
    im->channels = channels;
    im->stride = (ptrdiff_t)row;
    return ATTUNE_OK;
}

void at_image_free(at_image *im)
{
    if (!im)
        return;
    if (im->capacity > 0)
        at_free(im->data);
    *im = (at_image){0};
}

at_image at_image_borrow(const uint8_t *data, int w, int h, int channels, ptrdiff_t stride)
{
    /* one type serves sources and destinations; sources are never written to */
    return (at_image){
        .w = w, .h = h, .channels = channels, .stride = stride, .data = (uint8_t *)(uintptr_t)data};
}

at_image at_image_view(const at_image *im, int x, int y, int w, int h)
{
    const int x0 = x < 0 ? 0 : x > im->w ? im->w : x, y0 = y < 0 ? 0 : y > im->h ? im->h : y;
    const int64_t x1 = (int64_t)x + w, y1 = (int64_t)y + h;
    const int right = x1 > im->w ? im->w : (int)x1, below = y1 > im->h ? im->h : (int)y1;

    if (right <= x0 || below <= y0)
        return (at_image){.channels = im->channels, .stride = im->stride, .data = im->data};
    return at_image_borrow(at_image_at(im, x0, y0), right - x0, below - y0, im->channels,
                           im->stride);
}

int at_image_copy(at_image *dst, const at_image *src)
{
    const int status = at_image_reserve(dst, src->w, src->h, src->channels);

    if (status != ATTUNE_OK)
        return status;
    for (int y = 0; y < src->h; y++)
        memcpy(at_image_at(dst, 0, y), at_image_at(src, 0, y), (size_t)dst->stride);
    return ATTUNE_OK;
}

/* One channel: what planes have, and where the time for large pictures goes; compilers make vectors
 * of it. */
static void halve_row(int w, const uint8_t *restrict a, const uint8_t *restrict b,
                      uint8_t *restrict out)
{
    for (int x = 0; x < w; x++)
        out[x] = (uint8_t)((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2);
}

int at_image_halve(at_image *dst, const at_image *src)
{
    const int w = src->w > 1 ? src->w / 2 : 1, h = src->h > 1 ? src->h / 2 : 1;
    const int c = src->channels, right = src->w > 1 ? c : 0;
    const int status = at_image_reserve(dst, w, h, c);

    if (status != ATTUNE_OK)
        return status;
    for (int y = 0; y < h; y++) {
        const uint8_t *a = at_image_at(src, 0, 2 * y);
        const uint8_t *b = src->h > 1 ? a + src->stride : a;
        uint8_t *o = at_image_at(dst, 0, y);
        if (c == 1 && right) {
            halve_row(w, a, b, o);
            continue;
        }
        for (int x = 0; x < w; x++, a += 2 * c, b += 2 * c, o += c)
            for (int k = 0; k < c; k++)
                o[k] = (uint8_t)((a[k] + a[k + right] + b[k] + b[k + right] + 2) >> 2);
    }
    return ATTUNE_OK;
}

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

int at_image_crop(at_image *dst, const at_image *src, int x, int y, int w, int h)
{
    const int status = at_image_reserve(dst, w, h, src->channels), c = src->channels;

    if (status != ATTUNE_OK)
        return status;
    /* far outside is the same as just outside, and sums cannot overflow */
    x = clamp(x, -AT_IMAGE_MAX_SIDE, AT_IMAGE_MAX_SIDE);
    y = clamp(y, -AT_IMAGE_MAX_SIDE, AT_IMAGE_MAX_SIDE);
    for (int oy = 0; oy < h; oy++) {
        const uint8_t *in = at_image_at(src, 0, clamp(y + oy, 0, src->h - 1));
        uint8_t *out = at_image_at(dst, 0, oy);
        for (int ox = 0; ox < w; ox++)
            memcpy(out + ox * c, in + (ptrdiff_t)clamp(x + ox, 0, src->w - 1) * c, (size_t)c);
    }
    return ATTUNE_OK;
}

void at_image_mirror(at_image *im)
{
    const int c = im->channels;

    for (int y = 0; y < im->h; y++) {
        uint8_t *a = at_image_at(im, 0, y), *b = at_image_at(im, im->w - 1, y);
        for (; a < b; a += c, b -= c) {
            for (int k = 0; k < c; k++) {
                const uint8_t t = a[k];
                a[k] = b[k];
                b[k] = t;
            }
        }
    }
}
