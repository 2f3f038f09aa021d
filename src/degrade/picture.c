/* picture.c - blur, motion, resolution, light, noise. */
#include "degrade/parts.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

static uint8_t to_byte(float v)
{
    return v <= 0 ? 0 : v >= 254.5F ? 255 : (uint8_t)(v + 0.5F);
}

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* ---- blur -------------------------------------------------------------------------------- */

/* n samples, step apart, blurred by weight[0..2*radius] into out; the ends are replicated. work:
 * n + 2*radius floats. */
static void blur_line(uint8_t *p, int n, ptrdiff_t step, const float *weight, int radius,
                      float *work)
{
    for (int i = -radius; i < n + radius; i++)
        work[i + radius] = p[clamp(i, 0, n - 1) * step];
    for (int i = 0; i < n; i++) {
        float sum = 0;
        for (int k = 0; k <= 2 * radius; k++)
            sum += weight[k] * work[i + k];
        p[i * step] = to_byte(sum);
    }
}

static int blur(at_image *im, float sigma)
{
    const int radius = (int)ceilf(3 * fminf(sigma, 100)), longer = im->w > im->h ? im->w : im->h;
    float *weight = at_alloc((size_t)(2 * radius + 1), sizeof *weight), sum = 0;
    float *work = at_alloc((size_t)(longer + 2 * radius), sizeof *work);

    for (int k = -radius; weight && k <= radius; k++)
        sum += weight[k + radius] = expf(-0.5F * (float)(k * k) / (sigma * sigma));
    for (int k = 0; weight && k <= 2 * radius; k++)
        weight[k] /= sum;
    for (int c = 0; weight && work && c < 3; c++) {
        for (int y = 0; y < im->h; y++)
            blur_line(at_image_at(im, 0, y) + c, im->w, 3, weight, radius, work);
        for (int x = 0; x < im->w; x++)
            blur_line(at_image_at(im, x, 0) + c, im->h, im->stride, weight, radius, work);
    }
    const int status = weight && work ? ATTUNE_OK : ATTUNE_E_NOMEM;
    at_free(weight);
    at_free(work);
    return status;
}

/* Longest motion, and four pixels for each of its points at most. */
enum { LENGTH_MAX = 200, TAPS_MAX = 4 * (2 * LENGTH_MAX + 1) };

typedef struct tap {
    int dx, dy;
    float weight;
} tap;

/* A line of that length through the middle, spread over the pixels it passes (bilinear, two points
 * a pixel of length); returns how many of them. */
static int line_taps(float length, float angle, tap *out)
{
    const float dx = cosf(angle), dy = sinf(angle);
    const int points = 2 * (int)ceilf(length) + 1;
    int n = 0;

    for (int k = 0; k < points; k++) {
        const float t = length * ((float)k / (float)(points - 1) - 0.5F);
        const int ix = (int)floorf(t * dx), iy = (int)floorf(t * dy);
        for (int q = 0; q < 4; q++) {
            const float wx = q & 1 ? t * dx - (float)ix : 1 - t * dx + (float)ix;
            const float wy = q & 2 ? t * dy - (float)iy : 1 - t * dy + (float)iy;
            int at = 0;
            while (at < n && (out[at].dx != ix + (q & 1) || out[at].dy != iy + (q >> 1)))
                at++;
            if (at == n)
                out[n++] = (tap){ix + (q & 1), iy + (q >> 1), 0};
            out[at].weight += wx * wy / (float)points;
        }
    }
    return n;
}

static void add_shifted(const at_image *from, int y, const tap *t, float *restrict sum)
{
    const uint8_t *restrict in = at_image_at(from, 0, clamp(y + t->dy, 0, from->h - 1));
    const int x0 = clamp(-t->dx, 0, from->w), x1 = clamp(from->w - t->dx, x0, from->w);

    for (int i = 0; i < 3 * x0; i++)
        sum[i] += t->weight * in[i % 3];
    for (int i = 3 * x0; i < 3 * x1; i++)
        sum[i] += t->weight * in[i + 3 * t->dx];
    for (int i = 3 * x1; i < 3 * from->w; i++)
        sum[i] += t->weight * in[3 * (from->w - 1) + i % 3];
}

static int motion(at_image *im, float length, at_rng *rng)
{
    const float angle = at_rng_range(rng, 0, 3.14159265F);
    tap *taps = at_alloc(TAPS_MAX, sizeof *taps);
    float *sum = at_alloc(3 * (size_t)im->w, sizeof *sum);
    at_image from = {0};

    int status = taps && sum ? at_image_copy(&from, im) : ATTUNE_E_NOMEM;
    if (status == ATTUNE_OK) {
        const int n = line_taps(fminf(length, LENGTH_MAX), angle, taps);
        for (int y = 0; y < im->h; y++) {
            uint8_t *out = at_image_at(im, 0, y);
            memset(sum, 0, 3 * (size_t)im->w * sizeof *sum);
            for (int k = 0; k < n; k++)
                add_shifted(&from, y, &taps[k], sum);
            for (int i = 0; i < 3 * im->w; i++)
                out[i] = to_byte(sum[i]);
        }
    }
    at_free(taps);
    at_free(sum);
    at_image_free(&from);
    return status;
}

static int resolution(at_image *im, float factor)
{
    at_image small = {0}, large = {0};

    if (factor <= 1)
        return ATTUNE_OK;
    const int w = (int)((float)im->w / factor + 0.5F), h = (int)((float)im->h / factor + 0.5F);
    int status = at_image_resize(&small, im, w < 1 ? 1 : w, h < 1 ? 1 : h);
    if (status == ATTUNE_OK)
        status = at_image_resize(&large, &small, im->w, im->h);
    for (int y = 0; status == ATTUNE_OK && y < im->h; y++)
        memcpy(at_image_at(im, 0, y), at_image_at(&large, 0, y), 3 * (size_t)im->w);
    at_image_free(&small);
    at_image_free(&large);
    return status;
}

/* ---- light ------------------------------------------------------------------------------- */

/* A small webcam sensor: electrons of a white pixel at full light, and of its read-out noise. */
#define FULL_WELL  2500.0F
#define READ_NOISE 5.0F

/* Light is 2^-stops of what it was; photons arrive by chance (a Poisson number, here normal with
 * variance equal to its mean) and the camera's gain makes up for half of the stops. */
static void dark(at_image *im, float stops, at_rng *rng)
{
    const float light = exp2f(-stops), gain = exp2f(0.5F * stops);
    float electrons[256];

    for (int v = 0; v < 256; v++)
        electrons[v] = FULL_WELL * light * powf((float)v / 255, 2.2F);
    for (int y = 0; y < im->h; y++) {
        uint8_t *p = at_image_at(im, 0, y);
        for (int i = 0; i < 3 * im->w; i++) {
            const float e = electrons[p[i]];
            const float noise = sqrtf(e + READ_NOISE * READ_NOISE) * at_rng_normal(rng);
            const float linear = fmaxf((e + noise) * gain / FULL_WELL, 0);
            p[i] = to_byte(255 * powf(linear, 1 / 2.2F));
        }
    }
}

/* Mostly shot noise: its deviation grows with the root of the signal, to level at white. */
static void add_noise(at_image *im, float level, at_rng *rng)
{
    float deviation[256];

    for (int v = 0; v < 256; v++)
        deviation[v] = level * sqrtf(0.2F + 0.8F * (float)v / 255);
    for (int y = 0; y < im->h; y++) {
        uint8_t *p = at_image_at(im, 0, y);
        for (int i = 0; i < 3 * im->w; i++)
            p[i] = to_byte(p[i] + deviation[p[i]] * at_rng_normal(rng));
    }
}

static void map_bytes(at_image *im, const uint8_t map[256])
{
    for (int y = 0; y < im->h; y++) {
        uint8_t *p = at_image_at(im, 0, y);
        for (int i = 0; i < 3 * im->w; i++)
            p[i] = map[p[i]];
    }
}

static void gamma_curve(at_image *im, float level, at_rng *rng)
{
    const float exponent = exp2f(at_rng_u32(rng) & 1 ? -level : level);
    uint8_t map[256];

    for (int v = 0; v < 256; v++)
        map[v] = to_byte(255 * powf((float)v / 255, exponent));
    map_bytes(im, map);
}

static void lower_contrast(at_image *im, float share)
{
    double sum = 0;
    uint8_t map[256];

    for (int y = 0; y < im->h; y++) {
        const uint8_t *p = at_image_at(im, 0, y);
        for (int i = 0; i < 3 * im->w; i++)
            sum += p[i];
    }
    const float mean = (float)(sum / (3.0 * im->w * im->h)), keep = 1 - fminf(share, 1);
    for (int v = 0; v < 256; v++)
        map[v] = to_byte(mean + keep * ((float)v - mean));
    map_bytes(im, map);
}

/* ---- all --------------------------------------------------------------------------------- */

int at_degrade_picture(at_image *im, at_degrade_kind kind, float level, const at_face *face,
                       at_rng *rng, uint8_t *covered)
{
    (void)face, (void)covered;
    switch (kind) {
    case AT_DEGRADE_BLUR: return blur(im, level);
    case AT_DEGRADE_MOTION: return motion(im, level, rng);
    case AT_DEGRADE_RESOLUTION: return resolution(im, level);
    case AT_DEGRADE_DARK: dark(im, level, rng); break;
    case AT_DEGRADE_NOISE: add_noise(im, level, rng); break;
    case AT_DEGRADE_GAMMA: gamma_curve(im, level, rng); break;
    case AT_DEGRADE_CONTRAST: lower_contrast(im, level); break;
    default: return ATTUNE_E_ARG;
    }
    return ATTUNE_OK;
}
