/* cover.c - see cover.h. */
#include "vision/cover.h"

#include "vision/align.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = AT_FACE_SIDE / AT_COVER_GRID };

/* Medians and half the middle 68 % of 600 aligned webcam and film faces, and a logistic fit to the
 * cells of the same faces behind synthetic patches, hands and masks (degrade.h). On 200 other
 * faces it ranks covered cells over bare ones with an AUC of 0.94 for masks, 0.81 for hands and
 * 0.78 for patches in colour; 0.85, 0.74 and 0.76 in grey. */
const float at_cover_usual[AT_COVER_GRID][AT_COVER_HALF][4] = {
    {{-0.70F, 0.30F, -0.85F, 1.06F},
     {-0.62F, 0.28F, -0.35F, 0.83F},
     {-0.47F, 0.34F, -0.04F, 0.81F},
     {-0.41F, 0.37F, -0.00F, 0.95F}},
    {{-0.60F, 0.33F, -0.95F, 1.01F},
     {-0.25F, 0.27F, 0.05F, 0.54F},
     {0.08F, 0.23F, -0.35F, 0.54F},
     {0.15F, 0.26F, -0.66F, 0.67F}},
    {{-0.49F, 0.35F, -0.37F, 0.98F},
     {-0.13F, 0.21F, 0.07F, 0.36F},
     {-0.07F, 0.14F, 0.28F, 0.26F},
     {0.09F, 0.13F, 0.00F, 0.39F}},
    {{-0.26F, 0.42F, -0.23F, 0.91F},
     {0.00F, 0.21F, 0.14F, 0.31F},
     {-0.11F, 0.13F, 0.17F, 0.27F},
     {0.09F, 0.14F, 0.22F, 0.33F}},
    {{-0.20F, 0.42F, -0.22F, 0.84F},
     {0.11F, 0.19F, -0.15F, 0.54F},
     {0.15F, 0.15F, -0.27F, 0.33F},
     {0.18F, 0.17F, 0.26F, 0.34F}},
    {{-0.24F, 0.48F, -0.12F, 0.98F},
     {-0.01F, 0.27F, 0.00F, 0.63F},
     {-0.05F, 0.14F, -0.06F, 0.29F},
     {-0.13F, 0.13F, -0.02F, 0.32F}},
    {{-0.25F, 0.53F, -0.10F, 1.19F},
     {-0.14F, 0.40F, 0.13F, 0.72F},
     {-0.12F, 0.18F, -0.40F, 0.48F},
     {-0.13F, 0.15F, -0.14F, 0.32F}},
};
static const float bias = -2.89F;
static const float coefficient[AT_COVER_FEATURES] = {0.67F,  -0.08F, -0.16F, 0.41F,
                                                     -0.33F, -0.01F, 0.53F,  1.68F};

/* Cells that lie on the face for the most part: their medians stand for the face. */
static int on_face(int row, int col)
{
    const float x = ((float)col - 3) / 2.5F, y = ((float)row - 3.6F) / 3.2F;
    return x * x + y * y <= 1;
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* Of one of four values a cell, over the face. */
static float median(float cell[AT_COVER_CELLS][4], int which)
{
    float v[AT_COVER_CELLS];
    int n = 0;

    for (int i = 0; i < AT_COVER_CELLS; i++) {
        if (on_face(i / AT_COVER_GRID, i % AT_COVER_GRID))
            v[n++] = cell[i][which];
    }
    qsort(v, (size_t)n, sizeof *v, ascending);
    return v[n / 2];
}

/* Red's and blue's share of the light, mean luma, deviation of the luma. */
static void describe(const at_image *im, int row, int col, float out[4])
{
    float rgb[3] = {0, 0, 0}, sum = 0, squares = 0;

    for (int y = row * CELL; y < (row + 1) * CELL; y++) {
        const uint8_t *p = at_image_at(im, col * CELL, y);
        for (int x = 0; x < CELL; x++, p += 3) {
            const float luma = 0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2];
            for (int c = 0; c < 3; c++)
                rgb[c] += p[c];
            sum += luma;
            squares += luma * luma;
        }
    }
    const float n = CELL * CELL, light = rgb[0] + rgb[1] + rgb[2] + 12 * n;
    out[0] = (rgb[0] + 4 * n) / light; /* the dark has no colour to speak of */
    out[1] = (rgb[2] + 4 * n) / light;
    out[2] = sum / n;
    out[3] = sqrtf(fmaxf(squares / n - out[2] * out[2], 0));
}

void at_cover_measure(const at_image *aligned, float out[AT_COVER_CELLS][AT_COVER_MEASURES])
{
    float cell[AT_COVER_CELLS][4], usual[4];

    for (int i = 0; i < AT_COVER_CELLS; i++)
        describe(aligned, i / AT_COVER_GRID, i % AT_COVER_GRID, cell[i]);
    for (int k = 0; k < 4; k++)
        usual[k] = median(cell, k);
    for (int i = 0; i < AT_COVER_CELLS; i++) {
        const float red = cell[i][0] - usual[0], blue = cell[i][1] - usual[1];
        out[i][0] = sqrtf(red * red + blue * blue) / 0.03F;
        out[i][1] = (cell[i][2] - usual[2]) / (usual[2] + 10);
        out[i][2] = logf((cell[i][3] + 1) / (usual[3] + 1));
    }
}

/* Colour's distance, how far brightness and texture are from their usual values there, and how
 * much flatter the cell is than usual. */
static void departures(const float measure[AT_COVER_MEASURES], int cell, float out[4])
{
    const int row = cell / AT_COVER_GRID, col = cell % AT_COVER_GRID;
    const float *usual = at_cover_usual[row][col < AT_COVER_HALF ? col : AT_COVER_GRID - 1 - col];
    const float brightness = (measure[1] - usual[0]) / usual[1];
    const float texture = (measure[2] - usual[2]) / usual[3];

    out[0] = fminf(measure[0], 5);
    out[1] = fminf(fabsf(brightness), 5);
    out[2] = fminf(fmaxf(texture, 0), 5);
    out[3] = fminf(fmaxf(-texture, 0), 5);
}

void at_cover_features(float measure[AT_COVER_CELLS][AT_COVER_MEASURES],
                       float out[AT_COVER_CELLS][AT_COVER_FEATURES])
{
    enum { OWN = AT_COVER_FEATURES / 2 };

    for (int i = 0; i < AT_COVER_CELLS; i++)
        departures(measure[i], i, out[i]);
    for (int i = 0; i < AT_COVER_CELLS; i++) {
        int n = 0;
        float sum[OWN] = {0};
        for (int k = 0; k < AT_COVER_CELLS; k++) {
            if (k == i || abs(k / AT_COVER_GRID - i / AT_COVER_GRID) > 1 ||
                abs(k % AT_COVER_GRID - i % AT_COVER_GRID) > 1)
                continue;
            for (int f = 0; f < OWN; f++)
                sum[f] += out[k][f];
            n++;
        }
        for (int f = 0; f < OWN; f++)
            out[i][OWN + f] = sum[f] / (float)n;
    }
}

void at_cover_predict(const at_image *aligned, float *cover)
{
    float measure[AT_COVER_CELLS][AT_COVER_MEASURES];
    float feature[AT_COVER_CELLS][AT_COVER_FEATURES];

    at_cover_measure(aligned, measure);
    at_cover_features(measure, feature);
    for (int i = 0; i < AT_COVER_CELLS; i++) {
        float logit = bias;
        for (int f = 0; f < AT_COVER_FEATURES; f++)
            logit += coefficient[f] * feature[i][f];
        cover[i] = 1 / (1 + expf(-logit));
    }
}

float at_cover_share(const float *cover)
{
    float sum = 0;
    int n = 0;

    for (int i = 0; i < AT_COVER_CELLS; i++) {
        if (on_face(i / AT_COVER_GRID, i % AT_COVER_GRID)) {
            sum += cover[i];
            n++;
        }
    }
    /* bare faces average 0.16, and the average grows by half of what is covered */
    return fminf(fmaxf((sum / (float)n - 0.14F) * 2.2F, 0), 1);
}
