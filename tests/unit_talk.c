/* Mouths of stills that talk: what is opened is the mouth, the rest stays; they open and shut as speech
 * does; a clip's frames belong together, and one that talks differs from the silent one in the mouth. */
#include "data/face_clips.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SIDE = AT_FACE_SIDE, MOUTH_X = 56, MOUTH_Y = 92, HALF = 14 };

/* A light face whose lips, at the reference's mouth, are a dark line; the chin is lighter. */
static void draw(at_image *im)
{
    assert_int_equal(at_image_reserve(im, SIDE, SIDE, 3), ATTUNE_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const int lips = abs(y - MOUTH_Y) < 2 && abs(x - MOUTH_X) < HALF;
            memset(at_image_at(im, x, y), lips ? 90 : 150 + y / 2, 3);
        }
}

static double mean(const at_image *im, int x0, int y0, int x1, int y1)
{
    double sum = 0;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            sum += at_image_at(im, x, y)[1];
    return sum / ((x1 - x0) * (y1 - y0));
}

static int rows_changed(const at_image *a, const at_image *b, int from, int to)
{
    int n = 0;
    for (int y = from; y < to; y++)
        n += memcmp(at_image_at(a, 0, y), at_image_at(b, 0, y), SIDE * 3) != 0;
    return n;
}

static void opens_the_mouth_alone(void **state)
{
    const at_face face = at_align_reference();
    at_image still = {0}, open = {0};
    (void)state;
    draw(&still);
    const float line = at_talk_line(&still, &face);
    assert_true(fabsf(line) < 0.15f);
    at_image_copy(&open, &still);
    assert_int_equal(at_talk_open(&open, &face, line, 0.6f, 0), ATTUNE_OK);
    assert_int_equal(rows_changed(&still, &open, 0, MOUTH_Y - 3), 0);
    assert_true(mean(&open, MOUTH_X - 4, MOUTH_Y + 2, MOUTH_X + 4, MOUTH_Y + 7) < 90);
    /* beside the face nothing moves */
    assert_true(mean(&open, 0, 60, 20, SIDE) == mean(&still, 0, 60, 20, SIDE));

    at_image wider = {0};
    at_image_copy(&wider, &still);
    assert_int_equal(at_talk_open(&wider, &face, line, 0.9f, 1), ATTUNE_OK);
    assert_true(mean(&wider, MOUTH_X - 4, MOUTH_Y + 1, MOUTH_X + 4, MOUTH_Y + 4) >
                mean(&open, MOUTH_X - 4, MOUTH_Y + 1, MOUTH_X + 4, MOUTH_Y + 4) + 20); /* teeth */

    at_image shut = {0};
    at_image_copy(&shut, &open);
    assert_int_equal(at_talk_open(&shut, &face, line, -0.5f, 0), ATTUNE_OK);
    assert_true(mean(&shut, MOUTH_X - 4, MOUTH_Y + 2, MOUTH_X + 4, MOUTH_Y + 7) > 100);
    at_image_free(&still);
    at_image_free(&open);
    at_image_free(&wider);
    at_image_free(&shut);
}

static void stays_where_it_does_not_open(void **state)
{
    const at_face face = at_align_reference();
    at_image still = {0}, same = {0};
    (void)state;
    draw(&still);
    at_image_copy(&same, &still);
    assert_int_equal(at_talk_open(&same, &face, 0, 0, 0), ATTUNE_OK);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            assert_true(abs(at_image_at(&same, x, y)[0] - at_image_at(&still, x, y)[0]) <= 1);
    at_image_free(&still);
    at_image_free(&same);
}

/* Within its bounds, open at least twice and at most eight times a second, shut in between, and no two
 * talk alike. */
static void talks_as_speech_does(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        at_rng rng;
        int opened = 0;
        float before = 0;
        at_rng_seed(&rng, seed, 0);
        const at_talk t = at_talk_draw(&rng);
        assert_true(t.least <= 0 && t.most > 0.2f && t.most <= 1);
        for (int64_t us = 0; us < 10000000; us += 10000) {
            const float open = at_talk_at(&t, us), middle = t.least + 0.1f * (t.most - t.least);
            assert_true(open >= t.least && open <= t.most);
            assert_true(open == at_talk_at(&t, us));
            opened += before <= middle && open > middle;
            before = open;
        }
        assert_true(opened >= 8 && opened <= 80);
    }
}

static at_face_sample sample_of(at_image *im)
{
    at_face_sample s = {.found = 1, .face = at_align_reference(), .m = {1, 0, 0, 0, 1, 0}};
    draw(im);
    s.image = *im;
    return s;
}

static void frames_belong_together(void **state)
{
    static const at_clip_motion most = {
        .flip = 0.5f, .shift = 0.04f, .turn = 6, .zoom = 0.05f, .light = 0.1f};
    at_image im = {0}, frame = {0}, again = {0}, next = {0}, late = {0};
    at_face_sample s = sample_of(&im);
    at_face where;
    int moved = 0, mirrored = 0;
    (void)state;
    for (uint64_t stream = 0; stream < 12; stream++) {
        at_face_clip clip;
        assert_int_equal(at_face_clip_draw(&clip, &s, &most, 0, 5, stream), ATTUNE_OK);
        assert_int_equal(at_face_clip_frame(&clip, 400000, &frame, &where), ATTUNE_OK);
        assert_int_equal(at_face_clip_frame(&clip, 400000, &again, &where), ATTUNE_OK);
        assert_memory_equal(frame.data, again.data, (size_t)SIDE * SIDE * 3);
        assert_true(where.landmark[3][0] < where.landmark[4][0]); /* in the mirror too */
        assert_true(where.landmark[0][1] < where.landmark[3][1]);
        at_face_clip_frame(&clip, 410000, &next, &where);
        at_face_clip_frame(&clip, 1600000, &late, &where);
        moved += fabs(mean(&frame, 0, 0, SIDE, SIDE) - mean(&late, 0, 0, SIDE, SIDE)) >
                 fabs(mean(&frame, 0, 0, SIDE, SIDE) - mean(&next, 0, 0, SIDE, SIDE));
        mirrored += clip.mirrored;
    }
    assert_true(moved > 8);
    assert_true(mirrored > 1 && mirrored < 11);
    at_image_free(&im);
    at_image_free(&frame);
    at_image_free(&again);
    at_image_free(&next);
    at_image_free(&late);
}

static void a_talking_clip_differs_in_the_mouth(void **state)
{
    static const at_clip_motion still = {0};
    at_image im = {0}, silent = {0}, talking = {0};
    at_face_sample s = sample_of(&im);
    at_face_clip a, b;
    at_face where;
    int differ = 0;
    (void)state;
    assert_int_equal(at_face_clip_draw(&a, &s, &still, 0, 5, 1), ATTUNE_OK);
    assert_int_equal(at_face_clip_draw(&b, &s, &still, 1, 5, 1), ATTUNE_OK);
    for (int64_t us = 0; us < 3000000; us += 125000) {
        at_face_clip_frame(&a, us, &silent, &where);
        at_face_clip_frame(&b, us, &talking, &where);
        assert_int_equal(rows_changed(&silent, &talking, 0, MOUTH_Y - 5), 0);
        differ += rows_changed(&silent, &talking, MOUTH_Y - 5, SIDE) > 0;
    }
    assert_true(differ > 8 && differ < 24); /* pauses aside */
    at_image_free(&im);
    at_image_free(&silent);
    at_image_free(&talking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_the_mouth_alone),
        cmocka_unit_test(stays_where_it_does_not_open),
        cmocka_unit_test(talks_as_speech_does),
        cmocka_unit_test(frames_belong_together),
        cmocka_unit_test(a_talking_clip_differs_in_the_mouth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
