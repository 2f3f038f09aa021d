/* cut.c - see cut.h. */
#include "vision/cut.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 8 }; /* along each side of a cell, at most: a mean needs no more */

/* Variance of a cell's noise: what varies less than this is an even picture. */
static const float even = 4;

/* Bytes of a pixel of the first plane. */
static int pixel_bytes(attune_format f)
{
    switch (f) {
    case ATTUNE_RGB:
    case ATTUNE_BGR: return 3;
    case ATTUNE_RGBA:
    case ATTUNE_BGRA: return 4;
    default: return 1;
    }
}

static float cell_mean(const attune_picture *p, int column, int row)
{
    const int x0 = column * p->w / AT_CUT_SIDE, x1 = (column + 1) * p->w / AT_CUT_SIDE;
    const int y0 = row * p->h / AT_CUT_SIDE, y1 = (row + 1) * p->h / AT_CUT_SIDE;
    const int dx = (x1 - x0 + SAMPLES - 1) / SAMPLES, dy = (y1 - y0 + SAMPLES - 1) / SAMPLES;
    const int bytes = pixel_bytes(p->format), colours = bytes < 3 ? 1 : 3;
    int64_t sum = 0;
    int n = 0;

    for (int y = y0; y < y1; y += dy) {
        const uint8_t *in = p->plane[0] + y * p->stride[0];
        for (int x = x0; x < x1; x += dx, n += colours)
            for (int k = 0; k < colours; k++)
                sum += in[x * bytes + k];
    }
    return n ? (float)sum / (float)n : 0;
}

static void shrink(const attune_picture *p, float cell[AT_CUT_CELLS])
{
    float mean = 0;

    for (int i = 0; i < AT_CUT_CELLS; i++) {
        cell[i] = cell_mean(p, i % AT_CUT_SIDE, i / AT_CUT_SIDE);
        mean += cell[i] / AT_CUT_CELLS;
    }
    for (int i = 0; i < AT_CUT_CELLS; i++)
        cell[i] -= mean;
}

/* Evenness counts on all three sides, so that two even pictures are alike. */
static float correlation(const float *a, const float *b)
{
    double ab = even * AT_CUT_CELLS, aa = ab, bb = ab;

    for (int i = 0; i < AT_CUT_CELLS; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return (float)(ab / sqrt(aa * bb));
}

float at_cut_see(at_cut *c, const attune_picture *p)
{
    float now[AT_CUT_CELLS], change = 0;

    shrink(p, now);
    if (c->started)
        change = 1 - correlation(c->cell, now);
    c->started = 1;
    memcpy(c->cell, now, sizeof now);
    return change;
}

void at_cut_keep(at_keep *k, at_cut *c)
{
    at_keep_int(k, &c->started, 0, 1);
    at_keep_floats(k, c->cell, AT_CUT_CELLS);
}
