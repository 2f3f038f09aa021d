#include "data/scenes.h"

#include "data/textures.h"

#include <math.h>
#include <string.h>

/* ---- backgrounds ---------------------------------------------------------------------------- */

static uint8_t to_byte(float v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5f);
}

/* A shade from one colour to another across the scene. */
static void paint_shade(at_image *im, at_rng *r)
{
    float from[3], step[3], angle = at_rng_range(r, 0, 6.2831853f);
    for (int k = 0; k < 3; k++) {
        from[k] = at_rng_range(r, 0, 255);
        step[k] = at_rng_range(r, -160, 160) / (float)im->w;
    }
    for (int y = 0; y < im->h; y++) {
        uint8_t *p = at_image_at(im, 0, y);
        for (int x = 0; x < im->w; x++) {
            float along = (float)x * cosf(angle) + (float)y * sinf(angle);
            for (int k = 0; k < 3; k++)
                *p++ = to_byte(from[k] + along * step[k]);
        }
    }
}

/* Furniture: flat boxes, some of them with a grain. */
static void paint_boxes(at_image *im, at_rng *r)
{
    int boxes = (int)at_rng_below(r, 12);
    while (boxes-- > 0) {
        int w = 4 + (int)at_rng_below(r, (uint32_t)im->w / 2);
        int h = 4 + (int)at_rng_below(r, (uint32_t)im->h / 2);
        int x0 = (int)at_rng_below(r, (uint32_t)im->w), y0 = (int)at_rng_below(r, (uint32_t)im->h);
        float colour[3], grain = at_rng_float(r) < 0.3f ? at_rng_range(r, 5, 50) : 0;
        for (int k = 0; k < 3; k++)
            colour[k] = at_rng_range(r, 0, 255);
        for (int y = y0; y < y0 + h && y < im->h; y++)
            for (int x = x0; x < x0 + w && x < im->w; x++) {
                float g = grain > 0 ? at_rng_range(r, -grain, grain) : 0;
                for (int k = 0; k < 3; k++)
                    at_image_at(im, x, y)[k] = to_byte(colour[k] + g);
            }
    }
}

/* A picture shrunk to a few pixels and enlarged again: real colours, no face. */
static int paint_smear(at_image *im, const at_image *from, at_rng *r)
{
    at_image tiny = {0}, big = {0};
    int n = 2 + (int)at_rng_below(r, 4);
    int status = at_image_resize(&tiny, from, n, n);
    if (status == ATTUNE_OK)
        status = at_image_resize(&big, &tiny, im->w, im->h);
    for (int y = 0; status == ATTUNE_OK && y < im->h; y++)
        memcpy(at_image_at(im, 0, y), at_image_at(&big, 0, y), (size_t)im->w * 3);
    at_image_free(&tiny);
    at_image_free(&big);
    return status;
}

int at_scene_surroundings(const at_image *smeared, at_image *dst, at_rng *rng)
{
    int status = ATTUNE_OK;

    if (at_rng_float(rng) < 0.5f)
        status = paint_smear(dst, smeared, rng);
    else
        paint_shade(dst, rng);
    if (status == ATTUNE_OK && at_rng_float(rng) < 0.7f)
        paint_boxes(dst, rng);
    return status;
}

/* ---- faces ------------------------------------------------------------------------------------ */

static void relight(at_image *im, at_rng *r)
{
    float gain[3], lift = at_rng_range(r, -30, 30), all = expf(at_rng_range(r, -0.4f, 0.4f));
    for (int k = 0; k < 3; k++)
        gain[k] = all * expf(at_rng_range(r, -0.12f, 0.12f));
    for (int y = 0; y < im->h; y++) {
        uint8_t *p = at_image_at(im, 0, y);
        for (int x = 0; x < im->w; x++)
            for (int k = 0; k < 3; k++, p++)
                *p = to_byte((float)*p * gain[k] + lift);
    }
}

/* Share of the inserted picture at a pixel: 1 inside, falling off over a soft rim. */
static float rim(int x, int y, int w, int h, float soft)
{
    int edge = x < w - 1 - x ? x : w - 1 - x;
    int vertical = y < h - 1 - y ? y : h - 1 - y;
    edge = vertical < edge ? vertical : edge;
    return soft <= 0 || (float)edge >= soft ? 1.f : ((float)edge + 0.5f) / soft;
}

static void blend(at_image *dst, const at_image *src, int x0, int y0, float soft)
{
    for (int y = 0; y < src->h; y++)
        for (int x = 0; x < src->w; x++) {
            int dx = x0 + x, dy = y0 + y;
            if (dx < 0 || dy < 0 || dx >= dst->w || dy >= dst->h)
                continue;
            float a = rim(x, y, src->w, src->h, soft);
            uint8_t *d = at_image_at(dst, dx, dy);
            const uint8_t *s = at_image_at(src, x, y);
            for (int k = 0; k < 3; k++)
                d[k] = to_byte(a * (float)s[k] + (1 - a) * (float)d[k]);
        }
}

/* Puts a picture into the box (left, top, size), size its longer side. */
static int insert(at_image *dst, const at_image *face, int left, int top, int size, at_rng *r,
                  at_scene_places *places)
{
    at_image scaled = {0};

    int longer = face->w > face->h ? face->w : face->h;
    int w = face->w * size / longer, h = face->h * size / longer;
    int status = at_image_resize(&scaled, face, w > 1 ? w : 1, h > 1 ? h : 1);
    if (status == ATTUNE_OK) {
        places->box[places->count].x = left;
        places->box[places->count].y = top;
        places->box[places->count].w = scaled.w;
        places->box[places->count++].h = scaled.h;
        if (at_rng_float(r) < 0.5f)
            at_image_mirror(&scaled);
        relight(&scaled, r);
        blend(dst, &scaled, left, top, at_rng_float(r) * 0.12f * (float)size);
    }
    at_image_free(&scaled);
    return status;
}

int at_scene_draw(const at_faces *f, int index, int side, uint64_t seed, uint64_t stream,
                  at_image *dst, at_scene_places *places)
{
    at_rng r;
    at_scene_places unasked;
    places = places ? places : &unasked;
    places->count = 0;
    at_rng_seed(&r, seed, stream);
    int status = at_image_reserve(dst, side, side, 3);
    if (status < 0)
        return status;
    int other = (int)at_rng_below(&r, (uint32_t)f->count);
    status = at_scene_surroundings(&f->list[other].image, dst, &r);

    /* Sizes from a far to a near face, even on a log scale. */
    int size = (int)((float)side * 0.12f * expf(at_rng_float(&r) * logf(1.05f / 0.12f)));
    int reach = side - size > 0 ? side - size : 0;
    int left = (int)at_rng_below(&r, (uint32_t)reach + 1);
    int top = (int)at_rng_below(&r, (uint32_t)reach + 1);
    int second = status == ATTUNE_OK && size < side / 2 && at_rng_float(&r) < 0.5f;
    if (status == ATTUNE_OK)
        status = insert(dst, &f->list[index].image, left, top, size, &r, places);
    if (second && status == ATTUNE_OK) /* in the half where the first is not */
        status = insert(dst, &f->list[other].image, left < side / 2 - size / 2 ? side / 2 : 0,
                        (int)at_rng_below(&r, (uint32_t)side / 2), size, &r, places);
    return status;
}

/* A square picture turned by quarters, in place, by turning each ring of four pixels. */
static void turn_square(at_image *im, int quarters)
{
    const int n = im->w - 1;

    for (; quarters > 0; quarters--)
        for (int y = 0; y <= n / 2; y++)
            for (int x = 0; x < (n + 1) / 2; x++) {
                uint8_t *p[4] = {at_image_at(im, x, y), at_image_at(im, y, n - x),
                                 at_image_at(im, n - x, n - y), at_image_at(im, n - y, x)};
                for (int k = 0; k < 3; k++) {
                    const uint8_t first = p[0][k];
                    p[0][k] = p[1][k];
                    p[1][k] = p[2][k];
                    p[2][k] = p[3][k];
                    p[3][k] = first;
                }
            }
}

int at_scene_draw_silent(const at_faces *f, int index, int side, uint64_t seed, uint64_t stream,
                         at_image *dst)
{
    at_rng r;
    int status;

    at_rng_seed(&r, seed ^ UINT64_C(0x51e7), stream);
    if (at_rng_float(&r) < 0.6f) {
        status = at_image_reserve(dst, side, side, 3);
        if (status == ATTUNE_OK)
            at_texture_draw(dst, (int)at_rng_below(&r, AT_TEXTURES), &r);
        return status;
    }
    status = at_scene_draw(f, index, side, seed, stream, dst, NULL);
    if (status == ATTUNE_OK)
        turn_square(dst, 1 + (int)at_rng_below(&r, 3));
    return status;
}

int at_scene_has(const at_scene_places *places, const at_face *face)
{
    const float x = face->x + 0.5F * face->w, y = face->y + 0.5F * face->h;

    for (int i = 0; i < places->count; i++) {
        const float dx = x - (float)places->box[i].x, dy = y - (float)places->box[i].y;
        if (dx >= 0 && dx <= (float)places->box[i].w && dy >= 0 && dy <= (float)places->box[i].h)
            return 1;
    }
    return 0;
}

/* ---- harm ------------------------------------------------------------------------------------- */

static int occlusion(at_degrade_kind kind)
{
    return kind == AT_DEGRADE_PATCH || kind == AT_DEGRADE_HAND || kind == AT_DEGRADE_MASK;
}

int at_scene_harm_by(at_image *scene, at_scene_harm harm, const at_face *faces, int n, at_rng *rng)
{
    if (harm.kind == AT_DEGRADE_KINDS)
        return ATTUNE_OK;
    if (!occlusion(harm.kind))
        return at_degrade(scene, harm.kind, harm.level, NULL, rng, NULL);
    int status = ATTUNE_OK;
    for (int i = 0; i < n && status == ATTUNE_OK; i++)
        status = at_degrade(scene, harm.kind, harm.level, &faces[i], rng, NULL);
    return status;
}

int at_scene_harm_randomly(at_image *scene, const at_face *faces, int n, at_rng *rng)
{
    /* Levels up to about what a person still recognises as a face at 320 pixels. */
    static const at_scene_harm hardest[] = {
        {AT_DEGRADE_BLUR, 5},       {AT_DEGRADE_MOTION, 20}, {AT_DEGRADE_RESOLUTION, 6},
        {AT_DEGRADE_BLOCKS, 97},    {AT_DEGRADE_DARK, 5},    {AT_DEGRADE_NOISE, 40},
        {AT_DEGRADE_CONTRAST, .8f}, {AT_DEGRADE_PATCH, 50},  {AT_DEGRADE_HAND, 55},
        {AT_DEGRADE_MASK, 50},
    };
    enum { KINDS = sizeof hardest / sizeof *hardest };
    float draw = at_rng_float(rng);
    int times = draw < 0.2f ? 0 : draw < 0.75f ? 1 : 2, status = ATTUNE_OK;
    while (times-- > 0 && status == ATTUNE_OK) {
        at_scene_harm harm = hardest[at_rng_below(rng, KINDS)];
        harm.level *= at_rng_range(rng, 0.25f, 1);
        status = at_scene_harm_by(scene, harm, faces, n, rng);
    }
    return status;
}
