/* quality.c - see quality.h. */
#include "vision/quality.h"

#include "vision/align.h"

#include <math.h>
#include <string.h>

/* The part of the aligned face that is face whatever its shape: brows to chin. */
enum { LEFT = 26, RIGHT = 86, TOP = 32, BOTTOM = 104 };

static float luma(const uint8_t *p)
{
    return 0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2];
}

typedef struct moments {
    double sum, squares;   /* of the luma */
    double laplace, rough; /* squares of the two operators' results */
    int n;
} moments;

/* Both operators from three rows of luma: the Laplacian, and Immerkaer's difference of two
 * Laplacians (1996, "Fast noise variance estimation"), which edges hardly move. */
static void add_row(moments *m, const float *above, const float *row, const float *below)
{
    for (int x = LEFT; x < RIGHT; x++) {
        const float v = row[x], cross = row[x - 1] + row[x + 1] + above[x] + below[x];
        const float corners = above[x - 1] + above[x + 1] + below[x - 1] + below[x + 1];
        const float laplace = cross - 4 * v, rough = corners - 2 * cross + 4 * v;
        m->sum += v;
        m->squares += (double)v * v;
        m->laplace += (double)laplace * laplace;
        m->rough += (double)rough * rough;
        m->n++;
    }
}

static moments measure(const at_image *aligned)
{
    float row[BOTTOM - TOP + 2][AT_FACE_SIDE];
    moments m = {0};

    for (int y = TOP - 1; y <= BOTTOM; y++) {
        const uint8_t *p = at_image_at(aligned, 0, y);
        for (int x = 0; x < AT_FACE_SIDE; x++, p += 3)
            row[y - TOP + 1][x] = luma(p);
    }
    for (int y = 1; y <= BOTTOM - TOP; y++)
        add_row(&m, row[y - 1], row[y], row[y + 1]);
    return m;
}

/* White noise of variance s gives the Laplacian 20 s and Immerkaer's operator 36 s, so what noise
 * adds can be taken off: the measure barely moves when a picture gets noisy or dark. Relative to
 * the luma's variance it is 0.15 or so on sharp close faces, 0.03 after a Gaussian blur of one
 * pixel, 0.008 after two, 0.0017 after four; its logarithm is close to the eye's opinion. */
static float sharpness_of(double laplace, double noise, double variance)
{
    static const double sharp = 0.15, blurred = 0.001;
    const double edges = (laplace - 20 * noise) / fmax(variance - noise, 4);

    if (edges <= blurred)
        return 0;
    return (float)fmin(log(edges / blurred) / log(sharp / blurred), 1);
}

void at_quality_measure(at_face_quality *q, const at_image *aligned, const at_face *face)
{
    const moments m = measure(aligned);
    const double mean = m.sum / m.n, variance = m.squares / m.n - mean * mean;
    const double noise = m.rough / m.n / 36;

    memset(q, 0, sizeof *q);
    q->brightness = (float)(mean / 255);
    q->contrast = (float)fmin(2 * sqrt(fmax(variance, 0)) / 255, 1);
    q->noise = (float)sqrt(noise);
    q->sharpness = sharpness_of(m.laplace / m.n, noise, variance);
    q->face_size = at_face_size(face);
    q->detector_score = face->score;
}
