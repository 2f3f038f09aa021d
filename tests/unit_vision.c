/* Pictures, alignment, tracking, quality and degradations, on pictures drawn here. */
#include "base/mem.h"
#include "vision/face_input.h"
#include "degrade/degrade.h"
#include "vision/quality.h"
#include "vision/track.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- pictures to test with --------------------------------------------------------------- */

typedef float (*paint)(float x, float y, int channel);

static void draw(at_image *im, int w, int h, int channels, paint value)
{
    assert_int_equal(at_image_reserve(im, w, h, channels), ATTUNE_OK);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++)
            for (int c = 0; c < channels; c++)
                at_image_at(im, x, y)[c] = (uint8_t)(value((float)x, (float)y, c) + 0.5F);
    }
}

static float ramp(float x, float y, int channel)
{
    return channel == 0 ? x : channel == 1 ? y : 0.5F * (x + y);
}

static float waves(float x, float y, int channel)
{
    return 128 + 60 * sinf(0.13F * x + (float)channel) + 50 * cosf(0.11F * y - 0.05F * x);
}

/* Something with a face's layout in the aligned frame: skin, eyes, brows, nose, mouth, some grain
 * of fixed pattern so that there is something to blur. */
static float cartoon(float x, float y, int channel)
{
    static const float skin[3] = {205, 160, 135}, back[3] = {60, 80, 90};
    const float ex = (x - 56) / 40, ey = (y - 64) / 54;
    float v = ex * ex + ey * ey < 1 ? skin[channel] : back[channel];

    for (int i = 0; i < 2; i++) {
        const float dx = x - at_face_template[i][0], dy = y - at_face_template[i][1];
        if (dx * dx / 64 + dy * dy / 12 < 1)
            v = dx * dx + dy * dy < 9 ? 30 : 225;
        if (fabsf(dx) < 11 && fabsf(dy + 11) < 2)
            v = 50;
    }
    if (fabsf(x - 56) < 30 && fabsf(y - 92) < 3 && fabsf(x - 56) < 16)
        v = channel == 0 ? 160 : 70;
    if (fabsf(y - 76) < 1 && fabsf(x - 56) < 7)
        v *= 0.6F;
    return v + 3 * sinf(1.3F * x) * sinf(1.1F * y);
}

/* The drawing as a camera has it: no edge sharper than the lens. */
static void draw_face(at_image *im)
{
    at_rng rng;

    draw(im, AT_FACE_SIDE, AT_FACE_SIDE, 3, cartoon);
    at_rng_seed(&rng, 0, 0);
    assert_int_equal(at_degrade(im, AT_DEGRADE_BLUR, 1.1F, NULL, &rng, NULL), ATTUNE_OK);
}

static double difference(const at_image *a, const at_image *b, int margin)
{
    double sum = 0;
    int n = 0;

    assert_true(a->w == b->w && a->h == b->h && a->channels == b->channels);
    for (int y = margin; y < a->h - margin; y++) {
        for (int x = margin; x < a->w - margin; x++)
            for (int c = 0; c < a->channels; c++, n++)
                sum += abs(at_image_at(a, x, y)[c] - at_image_at(b, x, y)[c]);
    }
    return sum / n;
}

/* ---- image.h ------------------------------------------------------------------------------- */

static void sizes_checked(void **state)
{
    (void)state;
    at_image im = {0};

    assert_int_equal(at_image_reserve(&im, 0, 5, 3), ATTUNE_E_ARG);
    assert_int_equal(at_image_reserve(&im, 5, AT_IMAGE_MAX_SIDE + 1, 3), ATTUNE_E_ARG);
    assert_int_equal(at_image_reserve(&im, 5, 5, 5), ATTUNE_E_ARG);
    assert_int_equal(at_image_reserve(&im, 20, 10, 3), ATTUNE_OK);
    const uint8_t *at = im.data;
    assert_int_equal(at_image_reserve(&im, 10, 20, 3), ATTUNE_OK);
    assert_ptr_equal(im.data, at); /* kept */
    assert_int_equal(im.stride, 30);
    at_image_free(&im);
    assert_null(im.data);
    at_image_free(&im);
}

static void views_and_crops(void **state)
{
    (void)state;
    at_image im = {0}, crop = {0};

    draw(&im, 40, 30, 3, ramp);
    const at_image view = at_image_view(&im, 30, -5, 20, 15);
    assert_int_equal(view.w, 10);
    assert_int_equal(view.h, 10);
    assert_ptr_equal(view.data, at_image_at(&im, 30, 0));
    assert_int_equal(at_image_view(&im, 50, 0, 5, 5).w, 0);
    assert_int_equal(at_image_view(&im, INT32_MAX, 0, INT32_MAX, 5).w, 0);

    assert_int_equal(at_image_crop(&crop, &im, 35, -3, 10, 8), ATTUNE_OK);
    assert_int_equal(at_image_at(&crop, 0, 3)[0], 35);
    assert_int_equal(at_image_at(&crop, 4, 7)[1], 4);
    assert_int_equal(at_image_at(&crop, 9, 0)[0], 39);
    assert_int_equal(at_image_at(&crop, 9, 0)[1], 0);
    assert_int_equal(at_image_crop(&crop, &im, INT32_MIN, 900, 3, 3), ATTUNE_OK);
    assert_int_equal(at_image_at(&crop, 2, 2)[0], 0);
    assert_int_equal(at_image_at(&crop, 2, 2)[1], 29);
    at_image_free(&im);
    at_image_free(&crop);
}

static void mirrored_twice(void **state)
{
    (void)state;
    at_image im = {0}, copy = {0};

    for (int w = 7; w <= 8; w++) {
        draw(&im, w, 5, 3, ramp);
        assert_int_equal(at_image_copy(&copy, &im), ATTUNE_OK);
        at_image_mirror(&copy);
        assert_int_equal(at_image_at(&copy, 0, 2)[0], w - 1);
        assert_int_equal(at_image_at(&copy, 2, 3)[1], 3);
        at_image_mirror(&copy);
        assert_memory_equal(copy.data, im.data, (size_t)(im.stride * im.h));
    }
    at_image_free(&im);
    at_image_free(&copy);
}

/* A ramp stays a ramp under both filters, at any ratio; means are kept; a checkerboard becomes
 * grey instead of aliasing. */
static float checkers(float x, float y, int channel)
{
    (void)channel;
    return ((int)x + (int)y) % 2 ? 255 : 0;
}

static void resized(void **state)
{
    (void)state;
    static const int side[] = {31, 50, 64, 100, 150, 201};
    at_image im = {0}, out = {0};

    draw(&im, 100, 100, 3, ramp);
    for (size_t i = 0; i < sizeof side / sizeof side[0]; i++) {
        assert_int_equal(at_image_resize(&out, &im, side[i], 77), ATTUNE_OK);
        const float scale = 100.0F / (float)side[i];
        const int edge = (int)(2 / scale) + 2;
        for (int x = edge; x < side[i] - edge; x++) {
            const float want = ((float)x + 0.5F) * scale - 0.5F;
            assert_true(fabsf(at_image_at(&out, x, 40)[0] - want) <= 0.51F);
        }
    }
    draw(&im, 90, 60, 1, checkers);
    assert_int_equal(at_image_resize(&out, &im, 30, 20), ATTUNE_OK);
    for (int y = 2; y < 18; y++)
        for (int x = 2; x < 28; x++)
            assert_true(abs(at_image_at(&out, x, y)[0] - 127) <= 16);
    assert_int_equal(at_image_resize(&out, &im, 90, 60), ATTUNE_OK);
    assert_memory_equal(out.data, im.data, 90 * 60);
    assert_int_equal(at_image_resize(&out, &im, 1, 1), ATTUNE_OK);
    assert_true(abs(out.data[0] - 127) <= 2);
    assert_int_equal(at_image_halve(&out, &im), ATTUNE_OK);
    assert_int_equal(out.w, 45);
    assert_int_equal(out.data[100], 128);
    at_image_free(&im);
    at_image_free(&out);
}

/* ---- warp, align.h ------------------------------------------------------------------------- */

static void similarity(float scale, float angle, float tx, float ty, float m[6])
{
    const float a = scale * cosf(angle), b = scale * sinf(angle);
    const float v[6] = {a, -b, tx, b, a, ty};
    memcpy(m, v, sizeof v);
}

static void warp_known(void **state)
{
    (void)state;
    const float identity[6] = {1, 0, 0, 0, 1, 0}, shift[6] = {1, 0, 5, 0, 1, -3};
    at_image im = {0}, out = {0};

    draw(&im, 60, 50, 3, waves);
    assert_int_equal(at_image_warp(&out, &im, identity, 60, 50), ATTUNE_OK);
    assert_memory_equal(out.data, im.data, (size_t)(im.stride * im.h));
    assert_int_equal(at_image_warp(&out, &im, shift, 60, 50), ATTUNE_OK);
    assert_memory_equal(at_image_at(&out, 5, 0), at_image_at(&im, 0, 3), 3 * 55);
    assert_memory_equal(at_image_at(&out, 0, 10), at_image_at(&im, 0, 13), 3);
    assert_memory_equal(at_image_at(&out, 10, 49), at_image_at(&im, 5, 49), 3);

    /* against the formula: a smooth picture warped is the formula at the warped places, shrunk a
     * lot too (averaging first keeps waves of 50 pixels) */
    static const float scale[] = {1.7F, 1, 0.6F, 0.4F, 0.2F};
    draw(&im, 300, 280, 3, waves);
    for (size_t i = 0; i < sizeof scale / sizeof scale[0]; i++) {
        float m[6];
        similarity(scale[i], 0.4F, 60 * scale[i], -30 * scale[i], m);
        const int side = (int)(90 * scale[i]);
        assert_int_equal(at_image_warp(&out, &im, m, side, side), ATTUNE_OK);
        const float det = m[0] * m[4] - m[1] * m[3];
        int seen = 0;
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                const float dx = (float)x - m[2], dy = (float)y - m[5];
                const float sx = (m[4] * dx - m[1] * dy) / det, sy = (m[0] * dy - m[3] * dx) / det;
                if (sx < 8 || sy < 8 || sx > 290 || sy > 270)
                    continue;
                assert_true(fabsf(at_image_at(&out, x, y)[1] - waves(sx, sy, 1)) < 6);
                seen++;
            }
        }
        assert_true(seen > side * side / 3);
    }
    const float flat[6] = {1, 1, 0, 1, 1, 0}, bad[6] = {NAN, 0, 0, 0, 1, 0};
    assert_int_equal(at_image_warp(&out, &im, flat, 9, 9), ATTUNE_E_ARG);
    assert_int_equal(at_image_warp(&out, &im, bad, 9, 9), ATTUNE_E_ARG);
    const float far[6] = {1e-3F, 0, 1e6F, 0, 1e-3F, 1e6F};
    assert_int_equal(at_image_warp(&out, &im, far, 9, 9), ATTUNE_OK);
    assert_memory_equal(out.data, im.data, 3);
    at_image_free(&im);
    at_image_free(&out);
}

static void similarity_recovered(void **state)
{
    (void)state;
    const float from[5][2] = {{10, 20}, {50, 22}, {31, 44}, {14, 63}, {47, 65}};
    float to[5][2], m[6], got[6];

    similarity(1.3F, -0.7F, 12, -40, m);
    for (int i = 0; i < 5; i++) {
        to[i][0] = m[0] * from[i][0] + m[1] * from[i][1] + m[2];
        to[i][1] = m[3] * from[i][0] + m[4] * from[i][1] + m[5];
    }
    assert_int_equal(at_similarity_fit(from, (const float(*)[2])to, 5, got), ATTUNE_OK);
    for (int i = 0; i < 6; i++)
        assert_true(fabsf(got[i] - m[i]) < 1e-3F);

    /* least squares: no nearby similarity is better for disturbed points */
    to[2][0] += 9;
    to[4][1] -= 7;
    assert_int_equal(at_similarity_fit(from, (const float(*)[2])to, 5, got), ATTUNE_OK);
    double best = 0;
    for (int trial = 0; trial < 9; trial++) {
        float t[6];
        memcpy(t, got, sizeof t);
        if (trial > 0) {
            const float d = trial % 2 ? 0.01F : -0.01F;
            const int k = (trial - 1) / 2; /* scale, angle, tx, ty */
            t[0] += k == 0 ? d : 0;
            t[4] += k == 0 ? d : 0;
            t[1] -= k == 1 ? d : 0;
            t[3] += k == 1 ? d : 0;
            t[2] += k == 2 ? 10 * d : 0;
            t[5] += k == 3 ? 10 * d : 0;
        }
        double sum = 0;
        for (int i = 0; i < 5; i++) {
            const double x = t[0] * from[i][0] + t[1] * from[i][1] + t[2] - to[i][0];
            const double y = t[3] * from[i][0] + t[4] * from[i][1] + t[5] - to[i][1];
            sum += x * x + y * y;
        }
        if (trial == 0)
            best = sum;
        else
            assert_true(sum > best);
    }
    const float same[5][2] = {{3, 3}, {3, 3}, {3, 3}, {3, 3}, {3, 3}};
    assert_int_equal(at_similarity_fit(same, (const float(*)[2])to, 5, got), ATTUNE_E_ARG);
    assert_int_equal(at_similarity_fit(from, same, 5, got), ATTUNE_E_ARG);
    to[0][0] = NAN;
    assert_int_equal(at_similarity_fit(from, (const float(*)[2])to, 5, got), ATTUNE_E_ARG);
}

/* A face drawn in a turned, larger frame comes back as it was. */
static void align_round_trip(void **state)
{
    (void)state;
    at_image face = {0}, scene = {0}, back = {0};
    at_picture_work work = {0};
    at_face f = at_align_reference();
    float m[6];

    draw_face(&face);
    attune_picture p = at_picture_of(&face);
    assert_int_equal(at_face_input(&back, &work, &p, &f), ATTUNE_OK);
    assert_true(difference(&face, &back, 1) < 0.1);

    similarity(2.2F, 0.3F, 90, 20, m);
    assert_int_equal(at_image_warp(&scene, &face, m, 400, 380), ATTUNE_OK);
    p = at_picture_of(&scene);
    for (int i = 0; i < AT_LANDMARKS; i++) {
        f.landmark[i][0] = m[0] * at_face_template[i][0] + m[1] * at_face_template[i][1] + m[2];
        f.landmark[i][1] = m[3] * at_face_template[i][0] + m[4] * at_face_template[i][1] + m[5];
    }
    assert_int_equal(at_face_input(&back, &work, &p, &f), ATTUNE_OK);
    assert_int_equal(back.w, AT_FACE_SIDE);
    assert_true(difference(&face, &back, 2) < 4);
    assert_true(fabsf(at_face_size(&f) - 2.2F * 40.68F) < 0.5F);

    for (int i = 0; i < AT_LANDMARKS; i++)
        f.landmark[i][0] = f.landmark[i][1] = 7;
    assert_int_equal(at_face_input(&back, &work, &p, &f), ATTUNE_E_ARG);
    at_image_free(&face);
    at_image_free(&scene);
    at_image_free(&back);
    at_picture_work_free(&work);
}

static void whole_pictures(void **state)
{
    (void)state;
    at_image grey = {0}, out = {0};
    at_picture_work work = {0};
    float m[6];

    draw(&grey, 48, 48, 1, ramp);
    const attune_picture p = at_picture_of(&grey);
    at_align_whole_matrix(grey.w, grey.h, m);
    assert_int_equal(at_face_input_by(&out, &work, &p, m, AT_FACE_SIDE), ATTUNE_OK);
    assert_true(out.w == AT_FACE_SIDE && out.h == AT_FACE_SIDE && out.channels == 3);
    const uint8_t *middle = at_image_at(&out, 56, 60);
    assert_true(middle[0] == middle[1] && middle[1] == middle[2]);
    assert_true(abs(middle[0] - 24) <= 1); /* the middle stays in the middle */
    at_image_free(&grey);
    at_picture_work_free(&work);
    at_image_free(&out);
}

/* ---- detect.h's geometry, track.h ---------------------------------------------------------- */

static at_face face_at(float x, float y, float side)
{
    at_face f = {.x = x, .y = y, .w = side, .h = side, .score = 0.9F};

    for (int i = 0; i < AT_LANDMARKS; i++) {
        f.landmark[i][0] = x + side * at_face_template[i][0] / AT_FACE_SIDE;
        f.landmark[i][1] = y + side * at_face_template[i][1] / AT_FACE_SIDE;
    }
    return f;
}

static void overlap(void **state)
{
    (void)state;
    const at_face a = face_at(0, 0, 10), b = face_at(5, 0, 10), c = face_at(20, 20, 4);

    assert_true(fabsf(at_face_iou(&a, &a) - 1) < 1e-6F);
    assert_true(fabsf(at_face_iou(&a, &b) - 1.0F / 3) < 1e-6F);
    assert_true(at_face_iou(&a, &c) == 0);
    const at_face none = {0};
    assert_true(at_face_iou(&none, &none) == 0);
}

static at_tracker new_tracker(int max)
{
    const at_track_options o = {.max_tracks = max};
    at_tracker t;

    at_tracker_init(&t, &o);
    return t;
}

enum { FRAME_US = 125000 };

static void follows_motion(void **state)
{
    (void)state;
    at_tracker t = new_tracker(1);

    for (int i = 0; i < 40; i++) { /* 30 pixels a frame, a face of 60 */
        const at_face f = face_at((float)(30 * i), 50, 60);
        int match = -2;
        at_tracker_update(&t, (int64_t)i * FRAME_US, &f, 1, &match);
        assert_int_equal(match, 0);
        assert_int_equal(t.count, 1);
        assert_int_equal(t.track[0].id, 1);
        assert_int_equal(t.track[0].hits, i + 1);
        if (i > 10) {
            assert_true(fabsf(t.track[0].face.x - f.x) < 3); /* no lag */
            assert_true(fabsf(t.track[0].vx - 240) < 24);
        }
    }
}

static void bridges_losses(void **state)
{
    (void)state;
    at_tracker t = new_tracker(1);
    at_face f = face_at(100, 80, 60);
    int64_t now = 0;

    at_tracker_update(&t, now, &f, 1, NULL);
    assert_int_equal(t.track[0].id, 1);
    for (int i = 0; i < 7; i++) { /* 0.875 s without */
        at_tracker_update(&t, now += FRAME_US, NULL, 0, NULL);
        assert_int_equal(t.count, 1);
        assert_int_equal(t.track[0].seen, 0);
        assert_int_equal(t.track[0].last_us, 0);
    }
    f = face_at(110, 84, 62);
    at_tracker_update(&t, now += FRAME_US, &f, 1, NULL);
    assert_int_equal(t.track[0].id, 1);
    assert_true(t.track[0].face.x == f.x); /* after a loss the detection is taken as it is */
    for (int i = 0; i < 9; i++)
        at_tracker_update(&t, now += FRAME_US, NULL, 0, NULL);
    assert_int_equal(t.count, 0);
    at_tracker_update(&t, now += FRAME_US, &f, 1, NULL);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.track[0].id, 2);
}

static void keeps_two_apart(void **state)
{
    (void)state;
    at_tracker t = new_tracker(4);
    uint32_t left = 0, right = 0;

    for (int i = 0; i < 30; i++) { /* they pass each other at some distance; order alternates */
        const at_face a = face_at((float)(10 * i), 40, 50),
                      b = face_at((float)(300 - 10 * i), 110, 50);
        const at_face faces[2] = {i % 2 ? a : b, i % 2 ? b : a};
        int match[2];
        at_tracker_update(&t, (int64_t)i * FRAME_US, faces, 2, match);
        assert_int_equal(t.count, 2);
        const uint32_t id_a = t.track[match[i % 2 ? 0 : 1]].id,
                       id_b = t.track[match[i % 2 ? 1 : 0]].id;
        if (i == 0) {
            left = id_a;
            right = id_b;
            assert_true(left + right == 3 && left != right);
        }
        assert_int_equal(id_a, left);
        assert_int_equal(id_b, right);
    }
}

static void one_wanted(void **state)
{
    (void)state;
    at_tracker t = new_tracker(1);
    at_face faces[3] = {face_at(300, 0, 40), face_at(100, 100, 90), face_at(0, 0, 30)};
    int match[3];

    at_tracker_update(&t, 0, faces, 3, match);
    assert_int_equal(t.count, 1);
    assert_true(match[0] == -1 && match[1] == 0 && match[2] == -1);
    assert_int_equal(t.track[0].id, 1);
    faces[0] = face_at(300, 0, 100); /* somewhat larger: no reason to change */
    at_tracker_update(&t, FRAME_US, faces, 3, match);
    assert_int_equal(t.track[0].id, 1);
    faces[0] = face_at(300, 0, 300); /* somebody sat down in front */
    at_tracker_update(&t, 2 * FRAME_US, faces, 3, match);
    assert_int_equal(t.count, 1);
    assert_true(match[0] == 0 && match[1] == -1);
    assert_int_equal(t.track[0].id, 2);
}

static void smooths_jitter(void **state)
{
    (void)state;
    at_tracker t = new_tracker(1);
    at_rng rng;
    double raw = 0, smooth = 0;

    at_rng_seed(&rng, 3, 3);
    for (int i = 0; i < 200; i++) {
        const float dx = at_rng_normal(&rng), dy = at_rng_normal(&rng);
        const at_face f = face_at(100 + dx, 100 + dy, 80);
        at_tracker_update(&t, (int64_t)i * FRAME_US, &f, 1, NULL);
        if (i < 20)
            continue;
        raw += dx * dx;
        smooth += (t.track[0].face.x - 100) * (t.track[0].face.x - 100);
    }
    assert_true(smooth < 0.8 * raw);
}

/* ---- quality.h, degrade.h ------------------------------------------------------------------ */

static at_face_quality quality_of(const at_image *aligned, const at_image *im, const at_face *f)
{
    const attune_picture p = at_picture_of(im);
    at_picture_work work = {0};
    at_image scratch = {0};
    at_face_quality q;

    assert_int_equal(at_quality_measure(&q, &scratch, &work, aligned, &p, f), ATTUNE_OK);
    at_picture_work_free(&work);
    at_image_free(&scratch);
    return q;
}

static at_face_quality quality_after(const at_image *clean, at_degrade_kind kind, float level)
{
    const at_face f = at_align_reference();
    at_face_quality q;
    at_image im = {0};
    at_rng rng;

    at_rng_seed(&rng, 11, (uint64_t)kind);
    assert_int_equal(at_image_copy(&im, clean), ATTUNE_OK);
    assert_int_equal(at_degrade(&im, kind, level, NULL, &rng, NULL), ATTUNE_OK);
    q = quality_of(&im, &im, &f);
    at_image_free(&im);
    return q;
}

static void quality_monotone(void **state)
{
    (void)state;
    at_image clean = {0};

    at_rng rng;

    draw_face(&clean);
    assert_true(quality_after(&clean, AT_DEGRADE_BLUR, 0).sharpness > 0.9F);
    at_rng_seed(&rng, 1, 1); /* the drawing is sharper than faces are, over the measure's end */
    assert_int_equal(at_degrade(&clean, AT_DEGRADE_BLUR, 1.2F, NULL, &rng, NULL), ATTUNE_OK);
    const at_face_quality q0 = quality_after(&clean, AT_DEGRADE_BLUR, 0);
    assert_true(q0.brightness > 0.3F && q0.brightness < 0.9F);
    assert_true(fabsf(q0.face_size - 40.68F) < 0.1F);

    static const at_degrade_kind blurring[] = {AT_DEGRADE_BLUR, AT_DEGRADE_MOTION,
                                               AT_DEGRADE_RESOLUTION};
    static const float most[] = {8, 16, 8}; /* motion leaves what lies along it */
    for (int k = 0; k < 3; k++) {
        float last = q0.sharpness + 1e-6F;
        for (float level = 1.5F; level <= most[k]; level *= 1.6F) {
            const at_face_quality q = quality_after(&clean, blurring[k], level);
            if (!(q.sharpness < last || (last >= 1 && q.sharpness == 1)))
                fail_msg("%s at %g: %g after %g", at_degradations[blurring[k]].name, level,
                         q.sharpness, last);
            last = q.sharpness;
        }
        if (!(last < q0.sharpness - 0.15F))
            fail_msg("%s: %g after %g", at_degradations[blurring[k]].name, last, q0.sharpness);
    }
    float bright = q0.brightness, contrast = q0.contrast;
    for (float level = 1; level <= 5; level++) {
        const float now = quality_after(&clean, AT_DEGRADE_DARK, level).brightness;
        assert_true(now < bright);
        bright = now;
    }
    for (float level = 0.2F; level <= 0.9F; level += 0.2F) {
        const float now = quality_after(&clean, AT_DEGRADE_CONTRAST, level).contrast;
        assert_true(now < contrast);
        contrast = now;
    }
    /* noise is seen as noise, not as sharpness */
    float noise = q0.noise;
    for (float level = 4; level <= 16; level *= 2) {
        const at_face_quality q = quality_after(&clean, AT_DEGRADE_NOISE, level);
        assert_true(q.noise > noise);
        assert_true(q.noise < 1.5F * level + q0.noise);
        assert_true(fabsf(q.sharpness - q0.sharpness) < 0.1F);
        noise = q.noise;
    }
    at_image_free(&clean);
}

/* Levels that each kind can take, rising. */
static const float levels[AT_DEGRADE_JPEG][3] = {
    [AT_DEGRADE_BLUR] = {0.7F, 1.5F, 4},     [AT_DEGRADE_MOTION] = {3, 7, 15},
    [AT_DEGRADE_RESOLUTION] = {1.5F, 3, 6},  [AT_DEGRADE_BLOCKS] = {50, 85, 97},
    [AT_DEGRADE_DARK] = {1, 3, 5},           [AT_DEGRADE_NOISE] = {3, 10, 30},
    [AT_DEGRADE_GAMMA] = {0.3F, 0.7F, 1.5F}, [AT_DEGRADE_CONTRAST] = {0.2F, 0.5F, 0.9F},
    [AT_DEGRADE_PATCH] = {10, 30, 60},       [AT_DEGRADE_HAND] = {10, 30, 50},
    [AT_DEGRADE_MASK] = {20, 40, 60},
};

static void degrade_deterministic_and_monotone(void **state)
{
    (void)state;
    at_image clean = {0}, a = {0}, b = {0};

    draw_face(&clean);
    for (int kind = 0; kind < AT_DEGRADE_JPEG; kind++) {
        double last = 0;
        assert_int_equal(at_degrade_find(at_degradations[kind].name), kind);
        for (int k = 0; k < 3; k++) {
            at_rng r1, r2;
            at_rng_seed(&r1, 9, 1);
            at_rng_seed(&r2, 9, 1);
            assert_int_equal(at_image_copy(&a, &clean), ATTUNE_OK);
            assert_int_equal(at_image_copy(&b, &clean), ATTUNE_OK);
            const at_degrade_kind q = (at_degrade_kind)kind;
            assert_int_equal(at_degrade(&a, q, levels[kind][k], NULL, &r1, NULL), ATTUNE_OK);
            assert_int_equal(at_degrade(&b, q, levels[kind][k], NULL, &r2, NULL), ATTUNE_OK);
            assert_memory_equal(a.data, b.data, (size_t)(a.stride * a.h));
            const double now = difference(&a, &clean, 0);
            if (!(now > last))
                fail_msg("%s at %g changes %g, the level below %g", at_degradations[kind].name,
                         levels[kind][k], now, last);
            last = now;
        }
        at_rng rng;
        at_rng_seed(&rng, 1, 1);
        assert_int_equal(at_image_copy(&a, &clean), ATTUNE_OK);
        assert_int_equal(at_degrade(&a, (at_degrade_kind)kind, 0, NULL, &rng, NULL), ATTUNE_OK);
        assert_memory_equal(a.data, clean.data, (size_t)(a.stride * a.h));
        assert_int_equal(at_degrade(&a, (at_degrade_kind)kind, -1, NULL, &rng, NULL), ATTUNE_E_ARG);
        assert_int_equal(at_degrade(&a, (at_degrade_kind)kind, NAN, NULL, &rng, NULL),
                         ATTUNE_E_ARG);
    }
    assert_int_equal(at_degrade_find("no such thing"), AT_DEGRADE_KINDS);
    at_image_free(&clean);
    at_image_free(&a);
    at_image_free(&b);
}

/* Odd sizes, a single pixel, levels beyond sense: no more than the sanitizers can say. */
static void degrade_extremes(void **state)
{
    (void)state;
    static const int size[][2] = {{1, 1}, {1, 9}, {37, 2}, {17, 23}};
    at_image im = {0};
    uint8_t covered[37 * 23];
    at_rng rng;

    at_rng_seed(&rng, 4, 4);
    for (size_t s = 0; s < sizeof size / sizeof size[0]; s++) {
        for (int kind = 0; kind < AT_DEGRADE_JPEG; kind++) {
            for (int k = 0; k < 2; k++) {
                draw(&im, size[s][0], size[s][1], 3, waves);
                assert_int_equal(at_degrade(&im, (at_degrade_kind)kind, k ? 1e6F : levels[kind][1],
                                            NULL, &rng, covered),
                                 ATTUNE_OK);
            }
        }
    }
    at_image_free(&im);
}

/* The share covered is the one asked for, on the face's ellipse; nothing else is touched. */
static void covered_share(void **state)
{
    (void)state;
    static const at_degrade_kind kinds[] = {AT_DEGRADE_PATCH, AT_DEGRADE_HAND, AT_DEGRADE_MASK};
    static uint8_t covered[AT_FACE_SIDE * AT_FACE_SIDE];
    at_image clean = {0}, im = {0};

    draw_face(&clean);
    for (int trial = 0; trial < 60; trial++) {
        const float percent = 10 + (float)(trial / 3 % 6) * 10;
        int inside = 0, hit = 0;
        at_rng rng;
        at_rng_seed(&rng, 77, (uint64_t)trial);
        assert_int_equal(at_image_copy(&im, &clean), ATTUNE_OK);
        assert_int_equal(at_degrade(&im, kinds[trial % 3], percent, NULL, &rng, covered),
                         ATTUNE_OK);
        for (int y = 0; y < AT_FACE_SIDE; y++) {
            for (int x = 0; x < AT_FACE_SIDE; x++) {
                const float ex = ((float)x - 56) / 38, ey = ((float)y - 66) / 50;
                const int c = covered[y * AT_FACE_SIDE + x];
                const int changed = memcmp(at_image_at(&im, x, y), at_image_at(&clean, x, y), 3) !=
                                    0;
                inside += ex * ex + ey * ey <= 1;
                hit += ex * ex + ey * ey <= 1 && c;
                /* a changed pixel is covered, or touches one (soft edges) */
                if (changed && !c && x > 0 && y > 0 && x < AT_FACE_SIDE - 1 &&
                    y < AT_FACE_SIDE - 1) {
                    int near = 0;
                    for (int k = 0; k < 9; k++)
                        near |= covered[(y + k / 3 - 1) * AT_FACE_SIDE + x + k % 3 - 1];
                    assert_true(near);
                }
            }
        }
        const float share = 100 * (float)hit / (float)inside;
        if (fabsf(share - percent) > 4)
            fail_msg("%s: %g %% wanted, %g %% covered", at_degradations[kinds[trial % 3]].name,
                     percent, share);
    }
    at_image_free(&clean);
    at_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_checked),    cmocka_unit_test(views_and_crops),
        cmocka_unit_test(mirrored_twice),   cmocka_unit_test(resized),
        cmocka_unit_test(warp_known),       cmocka_unit_test(similarity_recovered),
        cmocka_unit_test(align_round_trip), cmocka_unit_test(whole_pictures),
        cmocka_unit_test(overlap),          cmocka_unit_test(follows_motion),
        cmocka_unit_test(bridges_losses),   cmocka_unit_test(keeps_two_apart),
        cmocka_unit_test(one_wanted),       cmocka_unit_test(smooths_jitter),
        cmocka_unit_test(quality_monotone), cmocka_unit_test(degrade_deterministic_and_monotone),
        cmocka_unit_test(degrade_extremes), cmocka_unit_test(covered_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
