/* degrade_blocks.c - what baseline JPEG loses: chroma at half resolution, and 8x8 cosine
 * coefficients rounded to multiples of the quantiser (ITU-T T.81, annex K tables). */
#include "degrade/parts.h"

#include "base/mem.h"

#include <math.h>

static const uint8_t luma_table[64] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
};
static const uint8_t chroma_table[64] = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
    99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
};

typedef struct plane {
    int w, h; /* multiples of 8 */
    float *v; /* centred on 0 */
} plane;

/* The IJG library's scaling of a table for a quality of 1..100. */
static void scale_table(const uint8_t table[64], float quality, float out[64])
{
    const float percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;

    for (int i = 0; i < 64; i++)
        out[i] = fminf(fmaxf(floorf((table[i] * percent + 50) / 100), 1), 255);
}

/* Orthonormal DCT-II: basis[u][x] = c(u) cos((2x+1) u pi / 16). */
static void make_basis(float basis[8][8])
{
    for (int u = 0; u < 8; u++) {
        for (int x = 0; x < 8; x++)
            basis[u][x] = (u == 0 ? sqrtf(0.125F) : 0.5F) *
                          cosf((float)((2 * x + 1) * u) * 3.14159265358979F / 16);
    }
}

/* out = a * in (transposed: b^T applied) for 8x8 matrices, once along rows. */
static void along_rows(float basis[8][8], int inverse, const float *in, float *out)
{
    for (int r = 0; r < 8; r++) {
        for (int i = 0; i < 8; i++) {
            float sum = 0;
            for (int k = 0; k < 8; k++)
                sum += (inverse ? basis[k][i] : basis[i][k]) * in[8 * r + k];
            out[8 * i + r] = sum; /* transposed, so that twice does both directions */
        }
    }
}

static void quantise(const plane *p, const float table[64])
{
    float basis[8][8], block[64], work[64];

    make_basis(basis);
    for (int by = 0; by < p->h; by += 8) {
        for (int bx = 0; bx < p->w; bx += 8) {
            float *at = p->v + (ptrdiff_t)by * p->w + bx;
            for (int i = 0; i < 64; i++)
                block[i] = at[(ptrdiff_t)(i / 8) * p->w + i % 8];
            along_rows(basis, 0, block, work);
            along_rows(basis, 0, work, block);
            for (int i = 0; i < 64; i++)
                block[i] = nearbyintf(block[i] / table[i]) * table[i];
            along_rows(basis, 1, block, work);
            along_rows(basis, 1, work, block);
            for (int i = 0; i < 64; i++)
                at[(ptrdiff_t)(i / 8) * p->w + i % 8] = block[i];
        }
    }
}

static int make_plane(plane *p, int w, int h)
{
    p->w = (w + 7) / 8 * 8;
    p->h = (h + 7) / 8 * 8;
    p->v = at_alloc((size_t)p->w * (size_t)p->h, sizeof *p->v);
    return p->v ? ATTUNE_OK : ATTUNE_E_NOMEM;
}

/* JFIF's YCbCr of the pixel at (x, y), edges replicated; all three centred on 0. */
static void ycc(const at_image *im, int x, int y, float out[3])
{
    const uint8_t *p = at_image_at(im, x < im->w ? x : im->w - 1, y < im->h ? y : im->h - 1);

    out[0] = 0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2] - 128;
    out[1] = -0.168736F * p[0] - 0.331264F * p[1] + 0.5F * p[2];
    out[2] = 0.5F * p[0] - 0.418688F * p[1] - 0.081312F * p[2];
}

static void split(const at_image *im, const plane p[3])
{
    for (int y = 0; y < p[0].h; y++) {
        for (int x = 0; x < p[0].w; x++) {
            float v[3];
            ycc(im, x, y, v);
            p[0].v[(ptrdiff_t)y * p[0].w + x] = v[0];
        }
    }
    for (int y = 0; y < p[1].h; y++) {
        for (int x = 0; x < p[1].w; x++) {
            float sum[3] = {0, 0, 0};
            for (int k = 0; k < 4; k++) {
                float v[3];
                ycc(im, 2 * x + (k & 1), 2 * y + (k >> 1), v);
                for (int c = 1; c < 3; c++)
                    sum[c] += 0.25F * v[c];
            }
            for (int c = 1; c < 3; c++)
                p[c].v[(ptrdiff_t)y * p[c].w + x] = sum[c];
        }
    }
}

static void join(const plane p[3], at_image *im)
{
    for (int y = 0; y < im->h; y++) {
        uint8_t *out = at_image_at(im, 0, y);
        for (int x = 0; x < im->w; x++, out += 3) {
            const ptrdiff_t half = (ptrdiff_t)(y / 2) * p[1].w + x / 2;
            const float luma = p[0].v[(ptrdiff_t)y * p[0].w + x] + 128.5F;
            const float cb = p[1].v[half], cr = p[2].v[half];
            const float rgb[3] = {luma + 1.402F * cr, luma - 0.344136F * cb - 0.714136F * cr,
                                  luma + 1.772F * cb};
            for (int c = 0; c < 3; c++)
                out[c] = rgb[c] <= 0 ? 0 : rgb[c] >= 255 ? 255 : (uint8_t)rgb[c];
        }
    }
}

int at_degrade_blocks(at_image *im, at_degrade_kind kind, float level, const at_face *face,
                      at_rng *rng, uint8_t *covered)
{
    const float quality = fmaxf(100 - level, 1);
    float luma[64], chroma[64];
    plane p[3] = {{0}, {0}, {0}};

    (void)kind, (void)face, (void)rng, (void)covered;
    int status = make_plane(&p[0], im->w, im->h);
    for (int c = 1; c < 3 && status == ATTUNE_OK; c++)
        status = make_plane(&p[c], (im->w + 1) / 2, (im->h + 1) / 2);
    if (status == ATTUNE_OK) {
        scale_table(luma_table, quality, luma);
        scale_table(chroma_table, quality, chroma);
        split(im, p);
        quantise(&p[0], luma);
        quantise(&p[1], chroma);
        quantise(&p[2], chroma);
        join(p, im);
    }
    for (int c = 0; c < 3; c++)
        at_free(p[c].v);
    return status;
}
