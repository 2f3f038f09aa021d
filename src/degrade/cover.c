/* degrade_cover.c - things in front of a face: a patch, a hand, a surgical mask.
 *
 * Shapes are drawn in the aligned face's coordinates (align.h), whatever the face's pose in the
 * picture: each pixel is taken there and asks for its distance to the shape. Every shape has one
 * number, grow in [0,1], that makes it cover more; it is found by bisection so that the wanted share
 * of the face's ellipse is covered.
 */
#include "degrade/parts.h"

#include "vision/align.h"

#include <math.h>

enum { FINGERS = 4 };

/* The face on the aligned canvas: forehead to chin. */
static const float face_centre[2] = {56, 66}, face_radius[2] = {38, 50};

typedef struct shape {
    at_degrade_kind kind;
    float x, y;         /* patch: its centre. hand: where it points at */
    float cosine, sine; /* patch: its turn. hand: whither it points */
    float aspect;       /* patch */
    float scale;        /* hand */
    float grow;
    float colour[3];
    float texture; /* patch: contrast of its stripes */
    float wave;    /* and how many radians a canvas pixel */
} shape;

static float length(float x, float y)
{
    return sqrtf(x * x + y * y);
}

/* ---- distances: negative inside, canvas pixels ------------------------------------------- */

static float box_distance(float x, float y, float half_w, float half_h)
{
    const float dx = fabsf(x) - half_w, dy = fabsf(y) - half_h;
    return length(fmaxf(dx, 0), fmaxf(dy, 0)) + fminf(fmaxf(dx, dy), 0);
}

static float capsule_distance(float x, float y, float x0, float y0, float x1, float y1, float r)
{
    const float dx = x1 - x0, dy = y1 - y0;
    float t = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy);
    t = fminf(fmaxf(t, 0), 1);
    return length(x - x0 - t * dx, y - y0 - t * dy) - r;
}

/* A hand that points along +x, its longest finger's tip at 0. Sizes follow an adult hand beside a
 * face: 18 cm long where the face is 15 cm wide. */
static float hand_distance(float x, float y)
{
    static const float tip[FINGERS] = {-7, 0, -3, -14};
    float d = box_distance(x + 75, y, 27, 15) - 7; /* palm and the wrist behind it */

    d = fminf(d, capsule_distance(x, y, -180, 0, -90, 0, 17));
    for (int i = 0; i < FINGERS; i++) {
        const float at = 11 * ((float)i - 1.5F);
        d = fminf(d, capsule_distance(x, y, -50, at, tip[i] - 5, at * 1.1F, 5));
    }
    return fminf(d, capsule_distance(x, y, -80, -16, -46, -36, 6)); /* thumb */
}

/* A mask from the upper edge at y down past the chin, wide at the cheeks and narrow below. */
static float mask_distance(float x, float y, float top)
{
    const float side = fabsf(x - 56), edge = top - 5 + 0.16F * side;
    const float half = y < 92 ? 42 : 42 - 0.75F * (y - 92);
    return fmaxf(fmaxf(edge - y, y - 121), side - half);
}

static float distance(const shape *s, float u, float v)
{
    const float x = u - s->x, y = v - s->y;
    const float along = s->cosine * x + s->sine * y, across = s->cosine * y - s->sine * x;

    switch (s->kind) {
    case AT_DEGRADE_PATCH: {
        const float size = 90 * s->grow;
        return box_distance(along, across, size * s->aspect, size / s->aspect);
    }
    case AT_DEGRADE_HAND: {
        const float advance = 240 * s->grow - 80;
        return s->scale * hand_distance((along - advance) / s->scale, across / s->scale);
    }
    default: return mask_distance(u, v, 121 - 120 * s->grow);
    }
}

/* ---- size -------------------------------------------------------------------------------- */

static int in_face(float u, float v)
{
    const float x = (u - face_centre[0]) / face_radius[0],
                y = (v - face_centre[1]) / face_radius[1];
    return x * x + y * y <= 1;
}

static float covered_share(const shape *s)
{
    int inside = 0, hit = 0;

    for (int v = 16; v <= 116; v += 3) {
        for (int u = 18; u <= 94; u += 3) {
            if (!in_face((float)u, (float)v))
                continue;
            inside++;
            hit += distance(s, (float)u, (float)v) <= 0;
        }
    }
    return (float)hit / (float)inside;
}

static void grow_to(shape *s, float share)
{
    float lo = 0, hi = 1;

    share = fminf(share, 1);
    s->grow = 1;
    for (int k = 0; k < 8 && covered_share(s) < share; k++)
        s->scale *= 1.25F; /* this hand is too small */
    for (int k = 0; k < 14; k++) {
        s->grow = 0.5F * (lo + hi);
        if (covered_share(s) < share)
            lo = s->grow;
        else
            hi = s->grow;
    }
    s->grow = hi;
}

/* ---- looks ------------------------------------------------------------------------------- */

/* Mean colour where skin shows most often: nose and cheeks. m: canvas to picture. */
static void skin_colour(const at_image *im, const float m[6], float out[3])
{
    static const float at[4][2] = {{56, 64}, {42, 74}, {70, 74}, {56, 40}};
    int n = 0;

    out[0] = out[1] = out[2] = 0;
    for (int k = 0; k < 4; k++) {
        const float x = m[0] * at[k][0] + m[1] * at[k][1] + m[2];
        const float y = m[3] * at[k][0] + m[4] * at[k][1] + m[5];
        if (!(x >= 0 && y >= 0 && x < (float)im->w && y < (float)im->h))
            continue;
        const uint8_t *p = at_image_at(im, (int)x, (int)y);
        for (int c = 0; c < 3; c++)
            out[c] += p[c];
        n++;
    }
    for (int c = 0; c < 3; c++)
        out[c] = n > 0 ? out[c] / (float)n : 128;
}

static void choose_looks(shape *s, const float skin[3], at_rng *rng)
{
    static const float cloth[4][3] = {
        {165, 200, 220}, {235, 235, 235}, {45, 45, 50}, {120, 150, 130}};
    const float light = (skin[0] + skin[1] + skin[2]) / (3 * 140);

    if (s->kind == AT_DEGRADE_HAND) {
        const float shade = at_rng_range(rng, 0.75F, 1.2F);
        for (int c = 0; c < 3; c++)
            s->colour[c] = skin[c] * shade * at_rng_range(rng, 0.95F, 1.05F);
    } else if (s->kind == AT_DEGRADE_MASK) {
        const float *base = cloth[at_rng_below(rng, 4)];
        for (int c = 0; c < 3; c++)
            s->colour[c] = base[c] * fminf(light, 1.2F) * at_rng_range(rng, 0.9F, 1.1F);
    } else {
        const float grey = at_rng_range(rng, 0, 255), tint = at_rng_range(rng, 0, 60);
        for (int c = 0; c < 3; c++)
            s->colour[c] = grey + tint * at_rng_range(rng, -1, 1);
        s->texture = at_rng_u32(rng) & 1 ? at_rng_range(rng, 5, 60) : 0;
        s->wave = at_rng_range(rng, 0.2F, 2);
    }
}

static void place(shape *s, at_rng *rng)
{
    const float turn = at_rng_range(rng, 0, 6.2831853F), far = sqrtf(at_rng_float(rng));
    float angle = 0;

    s->scale = 1;
    if (s->kind == AT_DEGRADE_PATCH) {
        s->x = face_centre[0] + 0.8F * far * face_radius[0] * cosf(turn);
        s->y = face_centre[1] + 0.8F * far * face_radius[1] * sinf(turn);
        angle = at_rng_range(rng, -0.4F, 0.4F);
        s->aspect = exp2f(at_rng_range(rng, -0.5F, 0.5F));
    } else if (s->kind == AT_DEGRADE_HAND) {
        /* points left, right or up, give or take 40 degrees */
        static const float from[3] = {0, 3.14159265F, -1.57079633F};
        s->x = face_centre[0] + 0.4F * far * face_radius[0] * cosf(turn);
        s->y = face_centre[1] + 0.5F * far * face_radius[1] * sinf(turn);
        angle = from[at_rng_below(rng, 3)];
        angle += at_rng_range(rng, -0.7F, 0.7F);
        s->scale = at_rng_range(rng, 0.9F, 1.15F);
    }
    s->cosine = cosf(angle);
    s->sine = sinf(angle);
}

/* The shape's colour at a canvas point d inside of its edge. */
static float shading(const shape *s, float u, float v, float d)
{
    switch (s->kind) {
    case AT_DEGRADE_HAND: return 0.78F + 0.22F * fminf(-d / (4 * s->scale), 1); /* rounded */
    case AT_DEGRADE_MASK: return 1 - 0.12F * fabsf(sinf(0.3F * v)) - 0.002F * fabsf(u - 56);
    default: return 1;
    }
}

static void draw(at_image *im, const shape *s, const float m[6], at_rng *rng, uint8_t *covered)
{
    const float pixel = sqrtf(fabsf(m[0] * m[4] - m[1] * m[3])); /* canvas pixels a picture pixel */

    for (int y = 0; y < im->h; y++) {
        uint8_t *out = at_image_at(im, 0, y);
        for (int x = 0; x < im->w; x++, out += 3) {
            const float u = m[0] * (float)x + m[1] * (float)y + m[2];
            const float v = m[3] * (float)x + m[4] * (float)y + m[5];
            if (fabsf(u - 56) > 160 || fabsf(v - 56) > 160)
                continue;
            const float d = distance(s, u, v), opaque = fminf(fmaxf(0.5F - d / pixel, 0), 1);
            if (opaque <= 0)
                continue;
            const float shade = shading(s, u, v, fminf(d, 0));
            const float add = s->texture * sinf(s->wave * (u + 0.5F * v)) + 2 * at_rng_normal(rng);
            for (int c = 0; c < 3; c++) {
                const float front = fminf(fmaxf(s->colour[c] * shade + add, 0), 255);
                out[c] = (uint8_t)(out[c] + opaque * (front - out[c]) + 0.5F);
            }
            if (covered && opaque > 0.5F)
                covered[(size_t)y * (size_t)im->w + (size_t)x] = 1;
        }
    }
}

int at_degrade_cover(at_image *im, at_degrade_kind kind, float percent, const at_face *face,
                     at_rng *rng, uint8_t *covered)
{
    const float sx = (float)AT_FACE_SIDE / (float)im->w, sy = (float)AT_FACE_SIDE / (float)im->h;
    float m[6] = {sx, 0, 0.5F * sx - 0.5F, 0, sy, 0.5F * sy - 0.5F}, back[6], skin[3];
    shape s = {.kind = kind};

    if (face && at_align_matrix(face, m) != ATTUNE_OK)
        return ATTUNE_OK; /* no face to speak of */
    const float det = m[0] * m[4] - m[1] * m[3];
    back[0] = m[4] / det;
    back[1] = -m[1] / det;
    back[2] = (m[1] * m[5] - m[4] * m[2]) / det;
    back[3] = -m[3] / det;
    back[4] = m[0] / det;
    back[5] = (m[3] * m[2] - m[0] * m[5]) / det;
    skin_colour(im, back, skin);
    place(&s, rng);
    choose_looks(&s, skin, rng);
    grow_to(&s, percent / 100);
    draw(im, &s, m, rng, covered);
    return ATTUNE_OK;
}
