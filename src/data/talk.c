#include "data/talk.h"

#include <math.h>

/* ---- the mouth's own coordinates -------------------------------------------------------------- */

/* Origin between its corners; right and down, in half its width. */
typedef struct mouth {
    float x, y, right[2], half;
} mouth;

static mouth mouth_of(const at_face *face)
{
    const float *a = face->landmark[3], *b = face->landmark[4];
    const float dx = b[0] - a[0], dy = b[1] - a[1], width = fmaxf(sqrtf(dx * dx + dy * dy), 1);
    return (mouth){.x = (a[0] + b[0]) / 2,
                   .y = (a[1] + b[1]) / 2,
                   .right = {dx / width, dy / width},
                   .half = width / 2};
}

static void to_mouth(const mouth *m, float x, float y, float *u, float *v)
{
    const float dx = (x - m->x) / m->half, dy = (y - m->y) / m->half;
    *u = dx * m->right[0] + dy * m->right[1];
    *v = dy * m->right[0] - dx * m->right[1];
}

static void from_mouth(const mouth *m, float u, float v, float *x, float *y)
{
    *x = m->x + m->half * (u * m->right[0] - v * m->right[1]);
    *y = m->y + m->half * (u * m->right[1] + v * m->right[0]);
}

/* Bilinear; outside is the edge. */
static void sample(const at_image *im, float x, float y, float rgb[3])
{
    x = fminf(fmaxf(x, 0), (float)(im->w - 1));
    y = fminf(fmaxf(y, 0), (float)(im->h - 1));
    const int x0 = (int)x, y0 = (int)y;
    const int x1 = x0 + 1 < im->w ? x0 + 1 : x0, y1 = y0 + 1 < im->h ? y0 + 1 : y0;
    const float fx = x - (float)x0, fy = y - (float)y0;
    for (int k = 0; k < 3; k++)
        rgb[k] = (1 - fy) *
                     ((1 - fx) * at_image_at(im, x0, y0)[k] + fx * at_image_at(im, x1, y0)[k]) +
                 fy * ((1 - fx) * at_image_at(im, x0, y1)[k] + fx * at_image_at(im, x1, y1)[k]);
}

/* ---- where the lips meet ---------------------------------------------------------------------- */

static float brightness(const at_image *im, const mouth *m, float v)
{
    float sum = 0;
    for (int i = -2; i <= 2; i++) {
        float x, y, rgb[3];
        from_mouth(m, 0.15f * (float)i, v, &x, &y);
        sample(im, x, y, rgb);
        sum += rgb[0] + rgb[1] + rgb[2];
    }
    return sum;
}

float at_talk_line(const at_image *im, const at_face *face)
{
    const float least = -0.3f, most = 0.6f, step = 0.05f;
    const mouth m = mouth_of(face);
    float line = 0, darkest = INFINITY;
    for (int i = 0; least + step * (float)i <= most; i++) {
        const float v = least + step * (float)i, light = brightness(im, &m, v);
        if (light < darkest) {
            darkest = light;
            line = v;
        }
    }
    return line;
}

/* ---- opening it ------------------------------------------------------------------------------- */

typedef struct opening {
    mouth m;
    float line, open, teeth, dark[3], tooth[3];
} opening;

/* 1 in the middle, 0 at the half width. */
static float arch(float u, float half)
{
    return fmaxf(1 - u / half * (u / half), 0);
}

static float lips(const opening *o, float u)
{
    return o->line * arch(u, 1);
}

/* How far what lies below the lips goes down: lips and jaw together, the jaw wider than the mouth, and
 * less from the chin on. */
static float drop(const opening *o, float u, float below)
{
    const float lip = 0.95f, wider = 0.9f, chin = 1.2f, end = 3;
    const float jaw = arch(u, lip + wider * fminf(below, chin));
    return o->open * jaw * (below < chin ? 1 : fmaxf((end - below) / (end - chin), 0));
}

/* Where what is seen `below` the lips was before: s + drop(s) = below. */
static float before(const opening *o, float u, float below)
{
    float s = below;
    for (int i = 0; i < 6; i++)
        s = below - drop(o, u, fmaxf(s, 0));
    return s;
}

static void see_inside(const opening *o, float depth, float rgb[3])
{
    const float upper = 0.35f; /* of the gap, where teeth are */
    const float white = depth < upper ? o->teeth : 0;
    for (int k = 0; k < 3; k++)
        rgb[k] = o->dark[k] + white * (o->tooth[k] - o->dark[k]);
}

static void mix(float a[3], const float b[3], float share)
{
    for (int k = 0; k < 3; k++)
        a[k] += share * (b[k] - a[k]);
}

/* The pixel of the opened mouth at (u, v), which was rgb. 0: it stays. */
static int opened_pixel(const opening *o, const at_image *was, float u, float v, float rgb[3])
{
    const float below = v - lips(o, u), gap = drop(o, u, 0);
    float x, y, inside[3];
    if (below <= 0 || fabsf(u) > 2.1f || below > 3.5f)
        return 0;
    const float s = before(o, u, below);
    from_mouth(&o->m, u, lips(o, u) + fmaxf(s, 0), &x, &y);
    sample(was, x, y, rgb);
    if (gap > 0 && below < gap) {
        const float edge = 2.5f / o->m.half; /* pixels that are half lip */
        see_inside(o, below / gap, inside);
        mix(rgb, inside, fminf(fminf(below, gap - below) / edge + 0.1f, 1));
    }
    return 1;
}

/* A mouth's dark and its teeth, in the light of the chin. */
static void choose_colours(opening *o, const at_image *im)
{
    const float dark = 0.25f, tooth = 1.1f;
    float x, y, skin[3];
    from_mouth(&o->m, 0, 1.1f, &x, &y);
    sample(im, x, y, skin);
    for (int k = 0; k < 3; k++) {
        o->dark[k] = dark * skin[k];
        o->tooth[k] = fminf(tooth * (skin[0] + skin[1] + skin[2]) / 3, 240);
    }
}

int at_talk_open(at_image *im, const at_face *face, float line, float open, float teeth)
{
    at_image was = {0};
    opening o = {.m = mouth_of(face), .line = line, .open = open, .teeth = teeth};
    const int status = at_image_copy(&was, im);
    if (status < 0)
        return status;
    choose_colours(&o, &was);
    for (int y = 0; y < im->h; y++)
        for (int x = 0; x < im->w; x++) {
            float u, v, rgb[3];
            to_mouth(&o.m, (float)x, (float)y, &u, &v);
            if (!opened_pixel(&o, &was, u, v, rgb))
                continue;
            for (int k = 0; k < 3; k++)
                at_image_at(im, x, y)[k] = (uint8_t)(rgb[k] + 0.5f);
        }
    at_image_free(&was);
    return ATTUNE_OK;
}

/* ---- talking ---------------------------------------------------------------------------------- */

at_talk at_talk_draw(at_rng *rng)
{
    at_talk t = {.seed = at_rng_u32(rng)};
    t.rate = at_rng_range(rng, 2.5f, 6);
    t.most = at_rng_range(rng, 0.4f, 1);
    t.least = -at_rng_range(rng, 0, 0.2f);
    t.phrase = at_rng_range(rng, 1.5f, 4);
    t.silent = at_rng_range(rng, 0, 0.4f);
    t.teeth = fmaxf(at_rng_range(rng, -0.5f, 1), 0);
    return t;
}

/* A number in [0,1) of the i-th syllable or phrase. */
static float of_its_own(const at_talk *t, int i, int phrase)
{
    at_rng rng;
    at_rng_seed(&rng, t->seed + (uint64_t)phrase, (uint64_t)i);
    return at_rng_float(&rng);
}

float at_talk_at(const at_talk *t, int64_t t_us)
{
    const float s = (float)t_us / 1e6f, pi = 3.14159265f;
    const float phrase = s / t->phrase + of_its_own(t, 0, 1);
    const float at = s * t->rate + of_its_own(t, 0, 2);
    const int syllable = (int)at;
    const float risen = sinf(pi * (at - (float)syllable)); /* open for longer than shut */
    if (phrase - floorf(phrase) < t->silent)
        return 0;
    const float own = 0.4f + 0.6f * of_its_own(t, syllable, 0);
    return t->least + risen * own * (t->most - t->least);
}
