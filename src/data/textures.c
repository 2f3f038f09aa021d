#include "data/textures.h"

#include <math.h>

#define TURN 6.2831853F

typedef struct texture {
    float from[3], to[3]; /* the two colours */
    float size, stretch;  /* of its details, pixels; and across them */
    float along[2];       /* direction */
    float grain;          /* sensor noise, grey levels */
    float middle[2];      /* of rings */
    uint32_t seed;
} texture;

/* ---- noise that has no grid to be seen --------------------------------------------------------- */

static uint32_t hash(int x, int y, uint32_t seed)
{
    uint32_t h = (uint32_t)x * 374761393U + (uint32_t)y * 668265263U + seed * 2246822519U;

    h = (h ^ (h >> 13)) * 1274126177U;
    return h ^ (h >> 16);
}

static float at_random(int x, int y, uint32_t seed)
{
    return (float)(hash(x, y, seed) & 0xffff) / 65535;
}

/* Random values at whole places, smooth between (value noise). */
static float smooth(float x, float y, uint32_t seed)
{
    const int i = (int)floorf(x), j = (int)floorf(y);
    float u = x - (float)i, v = y - (float)j;

    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    const float above = at_random(i, j, seed) * (1 - u) + at_random(i + 1, j, seed) * u;
    const float below = at_random(i, j + 1, seed) * (1 - u) + at_random(i + 1, j + 1, seed) * u;
    return above * (1 - v) + below * v;
}

/* ---- kinds: a share of the first colour at (x, y) ---------------------------------------------- */

static float clouds(const texture *t, float x, float y)
{
    float sum = 0, share = 0.5F, scale = 1 / t->size;

    for (uint32_t octave = 0; octave < 5; octave++, scale *= 2, share /= 2)
        sum += share * smooth(x * scale, y * scale * t->stretch, t->seed + octave);
    return sum;
}

static float grain(const texture *t, float x, float y)
{
    const float along = (x * t->along[0] + y * t->along[1]) / t->size;
    return 0.5F + 0.5F * sinf(TURN * along + 3 * smooth(x / t->size, y / t->size, t->seed));
}

static float checks(const texture *t, float x, float y)
{
    const float u = (x * t->along[0] + y * t->along[1]) / t->size;
    const float v = (y * t->along[0] - x * t->along[1]) / t->size / t->stretch;
    return 0.5F + 0.25F * sinf(TURN * u) + 0.25F * sinf(TURN * v);
}

/* Distance to the nearest of scattered points, or to the border with the next (Worley 1996). */
static float cells(const texture *t, float x, float y)
{
    const int i = (int)floorf(x / t->size), j = (int)floorf(y / t->size);
    float near = 9, next = 9;

    for (int k = 0; k < 9; k++) {
        const int a = i + k % 3 - 1, b = j + k / 3 - 1;
        const float d = hypotf(x / t->size - (float)a - at_random(a, b, t->seed),
                               y / t->size - (float)b - at_random(a, b, t->seed + 1));
        next = fminf(next, fmaxf(near, d));
        near = fminf(near, d);
    }
    return t->stretch > 1 ? near : fminf(1, 3 * (next - near));
}

static float camouflage(const texture *t, float x, float y)
{
    float sum = 0;

    for (int octave = 0; octave < 3; octave++)
        sum += smooth(x / t->size * (float)(1 << octave), y / t->size * (float)(1 << octave),
                      t->seed + (uint32_t)octave);
    return fmodf(3 * sum, 1) > 0.5F;
}

static float noise(const texture *t, float x, float y)
{
    return at_random((int)x, (int)y, t->seed);
}

static float text(const texture *t, float x, float y)
{
    const int line = (int)(2 * y / t->size);
    return !(line % 2 && smooth(x / 3, y / 3, t->seed) > 0.45F);
}

static float rings(const texture *t, float x, float y)
{
    const float d = hypotf(x - t->middle[0], (y - t->middle[1]) * t->stretch) / t->size;
    return 0.5F + 0.5F * cosf(TURN * d) * expf(-0.1F * d);
}

static float tiles(const texture *t, float x, float y)
{
    const float u = (x * t->along[0] + y * t->along[1]) / t->size;
    const float v = 2 * (y * t->along[0] - x * t->along[1]) / t->size;
    return at_random((int)floorf(u), (int)floorf(v), t->seed);
}

static float shade(const texture *t, float x, float y)
{
    return fminf(hypotf(x - t->middle[0], y - t->middle[1]) / (8 * t->size), 1);
}

static float (*const kinds[AT_TEXTURES])(const texture *t, float x, float y) = {
    clouds, grain, checks, cells, camouflage, noise, text, rings, tiles, shade,
};

/* ---- drawing ------------------------------------------------------------------------------------ */

static uint8_t to_byte(float v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5F);
}

static texture draw_texture(const at_image *im, at_rng *r)
{
    texture t;
    const float angle = at_rng_range(r, 0, TURN);

    for (int k = 0; k < 3; k++) {
        t.from[k] = at_rng_range(r, 0, 255);
        t.to[k] = at_rng_range(r, 0, 255);
    }
    if (at_rng_float(r) < 0.5F) { /* skin and hair */
        t.from[0] = at_rng_range(r, 90, 240);
        t.from[1] = 0.75F * t.from[0];
        t.from[2] = 0.6F * t.from[0];
        t.to[0] = at_rng_range(r, 10, 90);
        t.to[1] = 0.8F * t.to[0];
        t.to[2] = 0.7F * t.to[0];
    }
    t.size = expf(at_rng_range(r, logf(4), logf(0.5F * (float)im->w)));
    t.stretch = expf(at_rng_range(r, -1.6F, 1.6F));
    t.along[0] = cosf(angle);
    t.along[1] = sinf(angle);
    t.grain = at_rng_float(r) < 0.4F ? at_rng_range(r, 2, 40) : 0;
    t.middle[0] = at_rng_range(r, 0, (float)im->w);
    t.middle[1] = at_rng_range(r, 0, (float)im->h);
    t.seed = at_rng_u32(r);
    return t;
}

static void paint_spot(at_image *im, at_rng *r)
{
    const float cx = at_rng_range(r, 0, (float)im->w), cy = at_rng_range(r, 0, (float)im->h);
    const float rx = expf(at_rng_range(r, 0.7F, 4)), ry = rx * expf(at_rng_range(r, -1, 1));
    const float light = at_rng_range(r, 0, 255), share = at_rng_range(r, 0.3F, 1);
    const float colour[3] = {light, light * at_rng_range(r, 0.6F, 1),
                             light * at_rng_range(r, 0.5F, 1)};

    for (int y = (int)fmaxf(cy - ry, 0); y < im->h && (float)y < cy + ry; y++) {
        for (int x = (int)fmaxf(cx - rx, 0); x < im->w && (float)x < cx + rx; x++) {
            uint8_t *p = at_image_at(im, x, y);
            if (hypotf(((float)x - cx) / rx, ((float)y - cy) / ry) >= 1)
                continue;
            for (int k = 0; k < 3; k++)
                p[k] = to_byte(share * colour[k] + (1 - share) * (float)p[k]);
        }
    }
}

void at_texture_draw(at_image *dst, int kind, at_rng *rng)
{
    const texture t = draw_texture(dst, rng);
    uint32_t spots = at_rng_float(rng) < 0.5F ? at_rng_below(rng, 30) : 0;

    for (int y = 0; y < dst->h; y++) {
        uint8_t *p = at_image_at(dst, 0, y);
        for (int x = 0; x < dst->w; x++) {
            const float share = kinds[kind](&t, (float)x, (float)y);
            const float speck = t.grain > 0 ? at_rng_range(rng, -t.grain, t.grain) : 0;
            for (int k = 0; k < 3; k++)
                *p++ = to_byte(share * t.from[k] + (1 - share) * t.to[k] + speck);
        }
    }
    while (spots-- > 0)
        paint_spot(dst, rng);
}
