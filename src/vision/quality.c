/* quality.c - see quality.h. */
#include "vision/quality.h"

#include "vision/align.h"

#include <math.h>
#include <string.h>

/* ---- noise --------------------------------------------------------------------------------- */

enum {
    NOISE_SIDE = 96, /* of the square of source pixels, from the middle of the face */
    LUMA_STEPS = 4,  /* a grey level's parts: noise may be less than one */
    RESPONSES = 16 * 255 * LUMA_STEPS + 1,
};

static int fine_luma(const uint8_t *p)
{
    return (77 * p[0] + 150 * p[1] + 29 * p[2]) / (256 / LUMA_STEPS);
}

/* The last three rows' lumas: row y is at y % 3. */
typedef int16_t luma_rows[3][NOISE_SIDE];

static void take_row(luma_rows luma, const at_image *im, int y)
{
    const uint8_t *p = at_image_at(im, 0, y);

    for (int x = 0; x < im->w; x++, p += im->channels)
        luma[y % 3][x] = (int16_t)fine_luma(p);
}

/* Immerkaer's operator (1996, "Fast noise variance estimation"): the difference of two Laplacians,
 * blind to whatever is smooth and to straight edges. */
static int noise_response(luma_rows luma, int x, int y)
{
    const int16_t *a = luma[(y - 1) % 3] + x, *b = luma[y % 3] + x, *c = luma[(y + 1) % 3] + x;
    const int sum = a[-1] + a[1] + c[-1] + c[1] - 2 * (a[0] + b[-1] + b[1] + c[0]) + 4 * b[0];

    return sum < 0 ? -sum : sum;
}

/* The deviation of white noise from the responses' median, which what a face has of corners and hair
 * hardly moves (Donoho & Johnstone 1994): the operator gives the noise's deviation times 6, the
 * median of a normal variable's magnitude is 0.6745 deviations. No side is over NOISE_SIDE. */
static float noise_of(const at_image *native)
{
    uint16_t histogram[RESPONSES] = {0};
    luma_rows luma;
    const int n = (native->w - 2) * (native->h - 2);
    int below = 0, median = 0;

    if (native->w < 8 || native->h < 8)
        return 0;
    take_row(luma, native, 0);
    take_row(luma, native, 1);
    for (int y = 1; y < native->h - 1; y++) {
        take_row(luma, native, y + 1);
        for (int x = 1; x < native->w - 1; x++)
            histogram[noise_response(luma, x, y)]++;
    }
    while ((below += histogram[median]) <= n / 2)
        median++;
    return (float)median / (0.6745F * 6 * LUMA_STEPS);
}

static int measure_noise(float *noise, at_image *scratch, at_picture_work *work,
                         const attune_picture *p, const at_face *f)
{
    const int side = (int)fminf(fminf(f->w, f->h), NOISE_SIDE);
    at_rect r = {(int)(f->x + 0.5F * (f->w - (float)side)),
                 (int)(f->y + 0.5F * (f->h - (float)side)), side, side};
    int w, h;

    *noise = 0;
    at_picture_size(p, &w, &h);
    if (!at_rect_cut(&r, w, h))
        return ATTUNE_OK;
    const int status = at_picture_part(scratch, work, p, &r, r.w, r.h);
    if (status == ATTUNE_OK)
        *noise = noise_of(scratch);
    return status;
}

/* ---- sharpness ----------------------------------------------------------------------------- */

enum {
    LEFT = 26, /* the part of the aligned face that is face whatever its shape: brows to chin */
    RIGHT = 86,
    TOP = 32,
    BOTTOM = 104,
    REACH = 3, /* of smoothing and Laplacian */
    ROWS = BOTTOM - TOP + 2 * REACH,
};

typedef struct moments {
    double sum, squares; /* of the luma */
    double edges;        /* squares of the smoothed luma's Laplacian */
    int n;
} moments;

/* By (1 4 6 4 1) / 16 down and across: a Gaussian of one pixel. Single pixels tell more of noise
 * than of sharpness. */
static void smooth(float luma[ROWS][AT_FACE_SIDE])
{
    float down[AT_FACE_SIDE][ROWS];

    for (int x = 0; x < AT_FACE_SIDE; x++)
        for (int y = 2; y < ROWS - 2; y++)
            down[x][y] = (luma[y - 2][x] + luma[y + 2][x] + 4 * (luma[y - 1][x] + luma[y + 1][x]) +
                          6 * luma[y][x]) /
                         16;
    for (int y = 2; y < ROWS - 2; y++)
        for (int x = 2; x < AT_FACE_SIDE - 2; x++)
            luma[y][x] = (down[x - 2][y] + down[x + 2][y] + 4 * (down[x - 1][y] + down[x + 1][y]) +
                          6 * down[x][y]) /
                         16;
}

static moments measure(const at_image *aligned)
{
    float luma[ROWS][AT_FACE_SIDE];
    moments m = {0};

    for (int y = 0; y < ROWS; y++) {
        const uint8_t *p = at_image_at(aligned, 0, TOP - REACH + y);
        for (int x = 0; x < AT_FACE_SIDE; x++, p += 3)
            luma[y][x] = 0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2];
    }
    for (int y = REACH; y < ROWS - REACH; y++) {
        for (int x = LEFT; x < RIGHT; x++, m.n++) {
            m.sum += luma[y][x];
            m.squares += (double)luma[y][x] * luma[y][x];
        }
    }
    smooth(luma);
    for (int y = REACH; y < ROWS - REACH; y++) {
        for (int x = LEFT; x < RIGHT; x++) {
            const double laplace = luma[y - 1][x] + luma[y + 1][x] + luma[y][x - 1] +
                                   luma[y][x + 1] - 4 * luma[y][x];
            m.edges += laplace * laplace;
        }
    }
    return m;
}

/* What white noise of variance 1 in the source adds to the edges, by how many aligned pixels a
 * source pixel becomes: 1/4, 1/2, 1, 2, 4, 8 (simulated: alignment, smoothing and Laplacian as
 * here). Between them by the logarithm. */
static double noise_gain(double scale)
{
    static const double gain[] = {0.006, 0.028, 0.060, 0.089, 0.034, 0.005};
    enum { LAST = sizeof gain / sizeof *gain - 1 };
    const double at = fmin(fmax(log2(scale) + 2, 0), LAST);
    const int i = at < LAST ? (int)at : LAST - 1;

    return gain[i] + (at - i) * (gain[i + 1] - gain[i]);
}

/* Edges by the luma's variance, the noise's part taken off both (of the edges a tenth more, so that
 * what is left of noise does not count as detail). Its logarithm is close to the eye's opinion. */
static float sharpness_of(const moments *m, double variance, double noise, double scale)
{
    static const double sharp = 0.037, blurred = 0.0010;
    const double kept = 0.44; /* of the noise's variance after bilinear interpolation */
    const double edges = m->edges / m->n - 1.1 * noise_gain(scale) * noise * noise;
    const double ratio = edges / fmax(variance - kept * noise * noise, 16);

    return ratio <= blurred ? 0 : (float)fmin(log(ratio / blurred) / log(sharp / blurred), 1);
}

/* ---- geometry ------------------------------------------------------------------------------ */

/* An aligned picture's place in the source, a w x h picture. */
typedef struct place {
    float m[6]; /* from the source to the aligned */
    float det;
    float w, h;
} place;

/* Whether the aligned pixel comes from outside the source by more than beyond. */
static int comes_from_outside(const place *p, int x, int y, float beyond)
{
    const float *m = p->m;
    const float dx = (float)x - m[2], dy = (float)y - m[5];
    const float sx = (m[4] * dx - m[1] * dy) / p->det, sy = (m[0] * dy - m[3] * dx) / p->det;

    return sx < -beyond || sy < -beyond || sx > p->w - 1 + beyond || sy > p->h - 1 + beyond;
}

/* All four corners well inside, and so all between them: as it nearly always is. */
static int lies_inside(const place *p)
{
    for (int k = 0; k < 4; k++)
        if (comes_from_outside(p, k & 1 ? AT_FACE_SIDE - 1 : 0, k & 2 ? AT_FACE_SIDE - 1 : 0, 0))
            return 0;
    return 1;
}

/* Share of the face, an ellipse in the aligned picture, whose pixels come from outside the source. */
static float outside_of(const attune_picture *p, const at_face *f)
{
    const float cx = 56, cy = 66, rx = 38, ry = 50;
    int w, h, inside = 0, out = 0;
    place at;

    at_picture_size(p, &w, &h);
    if (at_align_matrix(f, at.m) != ATTUNE_OK)
        return 0;
    at.det = at.m[0] * at.m[4] - at.m[1] * at.m[3];
    at.w = (float)w;
    at.h = (float)h;
    if (lies_inside(&at))
        return 0;
    for (int y = 0; y < AT_FACE_SIDE; y++) {
        for (int x = 0; x < AT_FACE_SIDE; x++) {
            const float ex = ((float)x - cx) / rx, ey = ((float)y - cy) / ry;
            if (ex * ex + ey * ey > 1)
                continue;
            inside++;
            out += comes_from_outside(&at, x, y, 0.5F);
        }
    }
    return (float)out / (float)inside;
}

int at_quality_measure(at_face_quality *q, at_image *scratch, at_picture_work *work,
                       const at_image *aligned, const attune_picture *p, const at_face *face)
{
    const at_face reference = at_align_reference();
    const moments m = measure(aligned);
    const double mean = m.sum / m.n, variance = m.squares / m.n - mean * mean;
    const float size = at_face_size(face);

    memset(q, 0, sizeof *q);
    q->brightness = (float)(mean / 255);
    q->contrast = (float)fmin(2 * sqrt(fmax(variance, 0)) / 255, 1);
    q->face_size = size;
    q->outside = outside_of(p, face);
    q->detector_score = face->score;
    const int status = measure_noise(&q->noise, scratch, work, p, face);
    if (status != ATTUNE_OK)
        return status;
    q->sharpness = sharpness_of(&m, variance, q->noise, at_face_size(&reference) / fmaxf(size, 1));
    return ATTUNE_OK;
}
