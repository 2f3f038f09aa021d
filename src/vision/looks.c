/* looks.c - see looks.h. */
#include "vision/looks.h"

#include "vision/align.h"

#include <math.h>
#include <string.h>

enum {
    HALF = AT_FACE_SIDE / 2,
    CODES = HALF - 2, /* a pattern needs its eight neighbours */
    CELLS_ACROSS = 4,
};
_Static_assert(CELLS_ACROSS *CELLS_ACROSS == AT_LOOKS_CELLS, "the cells are a square");

/* Sums of 2 x 2 lumas in thousandths: whole numbers, so that all machines agree on a pattern. */
static void half_size(const at_image *aligned, int luma[HALF][HALF])
{
    for (int y = 0; y < HALF; y++) {
        for (int x = 0; x < HALF; x++) {
            luma[y][x] = 0;
            for (int k = 0; k < 4; k++) {
                const uint8_t *p = at_image_at(aligned, 2 * x + k % 2, 2 * y + k / 2);
                luma[y][x] += 299 * p[0] + 587 * p[1] + 114 * p[2];
            }
        }
    }
}

/* bin[pattern]: 1.. for the 58 patterns with at most two changes round the circle, 0 for others. */
static void number_patterns(uint8_t bin[256])
{
    uint8_t n = 0;

    for (unsigned p = 0; p < 256; p++) {
        unsigned changes = p ^ (p >> 1 | (p & 1) << 7);
        int count = 0;
        for (; changes; changes &= changes - 1)
            count++;
        bin[p] = count <= 2 ? ++n : 0;
    }
}

static unsigned pattern(int luma[HALF][HALF], int x, int y)
{
    static const int around[8][2] = {{-1, -1}, {0, -1}, {1, -1}, {1, 0},
                                     {1, 1},   {0, 1},  {-1, 1}, {-1, 0}};
    unsigned p = 0;

    for (int k = 0; k < 8; k++)
        p |= (unsigned)(luma[y + around[k][1]][x + around[k][0]] >= luma[y][x]) << k;
    return p;
}

void at_looks_measure(at_looks *out, const at_image *aligned, float size)
{
    int luma[HALF][HALF], count[AT_LOOKS_CELLS][AT_LOOKS_BINS] = {{0}}, total[AT_LOOKS_CELLS] = {0};
    uint8_t bin[256];

    out->size = size;
    number_patterns(bin);
    half_size(aligned, luma);
    for (int y = 0; y < CODES; y++) {
        for (int x = 0; x < CODES; x++) {
            const int cell = y * CELLS_ACROSS / CODES * CELLS_ACROSS + x * CELLS_ACROSS / CODES;
            count[cell][bin[pattern(luma, x + 1, y + 1)]]++;
            total[cell]++;
        }
    }
    for (int c = 0; c < AT_LOOKS_CELLS; c++)
        for (int b = 0; b < AT_LOOKS_BINS; b++)
            out->v[c * AT_LOOKS_BINS + b] =
                sqrtf((float)count[c][b] / (float)(total[c] * AT_LOOKS_CELLS));
}

float at_looks_distance(const at_looks *a, const at_looks *b)
{
    double ab = 0, aa = 0, bb = 0;

    for (int i = 0; i < AT_LOOKS; i++) {
        ab += (double)a->v[i] * b->v[i];
        aa += (double)a->v[i] * a->v[i];
        bb += (double)b->v[i] * b->v[i];
    }
    return (float)sqrt(fmax(2 - 2 * ab / sqrt(fmax(aa * bb, 1e-12)), 0));
}

int at_looks_comparable(const at_looks *a, const at_looks *b)
{
    return a->size <= 2 * b->size && b->size <= 2 * a->size;
}

void at_looks_mix(at_looks *mean, const at_looks *one, int n)
{
    if (n <= 1) {
        *mean = *one;
        return;
    }
    mean->size += (one->size - mean->size) / (float)n;
    for (int i = 0; i < AT_LOOKS; i++)
        mean->v[i] += (one->v[i] - mean->v[i]) / (float)n;
}
