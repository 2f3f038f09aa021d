/* mouth.c - see mouth.h. */
#include "vision/mouth.h"

#include <math.h>
#include <stdlib.h>

enum { CELL = 4 };

/* Who speaks with feeling moves the brows as well, and would not seem to speak were all of it taken
 * off. */
static const float of_the_brows = 0.5F;

/* Columns x rows of cells whose first pixel is (left, top) of the aligned face. */
static void shrink(const at_image *aligned, int left, int top, int columns, int count, uint8_t *out)
{
    for (int i = 0; i < count; i++) {
        const int x0 = left + i % columns * CELL, y0 = top + i / columns * CELL;
        int sum = 0;
        for (int k = 0; k < CELL * CELL; k++) {
            const uint8_t *p = at_image_at(aligned, x0 + k % CELL, y0 + k / CELL);
            sum += 77 * p[0] + 150 * p[1] + 29 * p[2];
        }
        out[i] = (uint8_t)(sum / (256 * CELL * CELL));
    }
}

void at_mouth_see(at_mouth *out, const at_image *aligned)
{
    shrink(aligned, 30, 80, 13, AT_MOUTH_CELLS, out->mouth);
    shrink(aligned, 22, 30, 17, AT_BROW_CELLS, out->brow);
}

/* Without what the whole part got brighter by. */
static float change(const uint8_t *a, const uint8_t *b, int n)
{
    float mean = 0, sum = 0;

    for (int i = 0; i < n; i++)
        mean += (float)(b[i] - a[i]) / (float)n;
    for (int i = 0; i < n; i++)
        sum += fabsf((float)(b[i] - a[i]) - mean);
    return sum / (float)n;
}

static float contrast(const uint8_t *v, int n)
{
    float sum = 0, squares = 0;

    for (int i = 0; i < n; i++) {
        sum += (float)v[i];
        squares += (float)v[i] * (float)v[i];
    }
    return sqrtf(fmaxf(squares / (float)n - sum * sum / (float)(n * n), 1));
}

float at_mouth_motion(const at_mouth *before, const at_mouth *now)
{
    const float more = change(before->mouth, now->mouth, AT_MOUTH_CELLS) -
                       of_the_brows * change(before->brow, now->brow, AT_BROW_CELLS);

    return fmaxf(more, 0) /
           (contrast(now->mouth, AT_MOUTH_CELLS) + contrast(now->brow, AT_BROW_CELLS));
}
