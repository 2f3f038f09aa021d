/* Cuts, looks and the numbers of people, on made-up pictures. */
#include "base/rng.h"
#include "vision/align.h"
#include "vision/cut.h"
#include "vision/identity.h"
#include "vision/picture.h"
#include "vision/track.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- pictures ------------------------------------------------------------------------------ */

/* A texture that is a person's own: waves whose lengths and phases come from the person's number.
 * dx: moved by so many pixels; noise: deviation of what a sensor adds. */
static void draw_person(at_image *im, int w, int h, uint64_t person, float dx, float noise)
{
    enum { WAVES = 12 };
    float fx[WAVES], fy[WAVES], phase[WAVES];
    at_rng rng, grain;

    at_rng_seed(&rng, 17, person);
    at_rng_seed(&grain, 18, person * 1000 + (uint64_t)(100 * fabsf(dx)));
    for (int i = 0; i < WAVES; i++) {
        fx[i] = at_rng_range(&rng, -0.5F, 0.5F);
        fy[i] = at_rng_range(&rng, -0.5F, 0.5F);
        phase[i] = at_rng_range(&rng, 0, 6.28F);
    }
    assert_int_equal(at_image_reserve(im, w, h, 3), ATTUNE_OK);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            float v = 128 + noise * at_rng_normal(&grain);
            for (int i = 0; i < WAVES; i++)
                v += 10 * sinf(fx[i] * ((float)x - dx) + fy[i] * (float)y + phase[i]);
            memset(at_image_at(im, x, y), (int)fminf(fmaxf(v, 0), 255), 3);
        }
    }
}

static at_looks looks_of(uint64_t person, float dx, float noise)
{
    at_image im = {0};
    at_looks looks;

    draw_person(&im, AT_FACE_SIDE, AT_FACE_SIDE, person, dx, noise);
    at_looks_measure(&looks, &im, 50);
    at_image_free(&im);
    return looks;
}

/* ---- cut.h --------------------------------------------------------------------------------- */

static float see(at_cut *cut, const at_image *im)
{
    const attune_picture p = at_picture_of(im);
    return at_cut_see(cut, &p);
}

static void brighten(at_image *im, float gain, float offset)
{
    for (ptrdiff_t i = 0; i < im->stride * im->h; i++)
        im->data[i] = (uint8_t)fminf(fmaxf(gain * im->data[i] + offset, 0), 255);
}

static void a_cut_differs_and_light_does_not(void **state)
{
    at_image im = {0};
    at_cut cut = {0};
    (void)state;

    draw_person(&im, 320, 240, 1, 0, 3);
    assert_true(see(&cut, &im) == 0); /* the first */
    draw_person(&im, 320, 240, 1, 1, 3);
    assert_true(see(&cut, &im) < AT_CUT_MOTION); /* a pixel of motion */
    brighten(&im, 0.7F, 20);
    assert_true(see(&cut, &im) < AT_CUT_MOTION);
    draw_person(&im, 640, 480, 2, 0, 3);
    assert_true(see(&cut, &im) > 2 * AT_CUT_SHOT); /* another, of another size */
    memset(im.data, 0, (size_t)(im.stride * im.h));
    assert_true(see(&cut, &im) > 2 * AT_CUT_SHOT); /* to black */
    assert_true(see(&cut, &im) == 0);
    memset(im.data, 90, (size_t)(im.stride * im.h));
    assert_true(see(&cut, &im) < 1e-6F); /* even both times */
    at_image_free(&im);
}

static void tiny_pictures_have_cuts_too(void **state)
{
    static const uint8_t black[12] = {0},
                         white[12] = {255, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 255};
    const at_image a = at_image_borrow(black, 2, 2, 3, 6), b = at_image_borrow(white, 2, 2, 3, 6);
    at_cut cut = {0};
    (void)state;

    assert_true(see(&cut, &a) == 0);
    assert_true(see(&cut, &a) == 0);
    assert_true(see(&cut, &b) > AT_CUT_SHOT);
}

/* ---- looks.h ------------------------------------------------------------------------------- */

static void looks_tell_people_apart(void **state)
{
    float same = 0, other = 2;
    (void)state;

    for (uint64_t a = 1; a <= 6; a++) {
        const at_looks one = looks_of(a, 0, 1), again = looks_of(a, 0.4F, 1);
        assert_true(at_looks_distance(&one, &one) < 1e-3F);
        same = fmaxf(same, at_looks_distance(&one, &again));
        for (uint64_t b = 1; b < a; b++) {
            const at_looks else_ = looks_of(b, 0, 1);
            const float d = at_looks_distance(&one, &else_);
            assert_true(d == at_looks_distance(&else_, &one));
            other = fminf(other, d);
        }
    }
    if (!(same < 0.8F * other))
        fail_msg("one person %g, others %g", same, other);
}

static void looks_do_not_move_with_light(void **state)
{
    at_image im = {0};
    at_looks day, dusk;
    (void)state;

    draw_person(&im, AT_FACE_SIDE, AT_FACE_SIDE, 3, 0, 0);
    at_looks_measure(&day, &im, 50);
    brighten(&im, 0.8F, 10);
    at_looks_measure(&dusk, &im, 50);
    const at_looks other = looks_of(4, 0, 0);
    assert_true(at_looks_distance(&day, &dusk) < 0.3F * at_looks_distance(&day, &other));
    at_image_free(&im);
}

static void a_mean_is_nearer_than_one_picture(void **state)
{
    at_looks mean, one;
    (void)state;

    for (int n = 1; n <= 8; n++) {
        one = looks_of(5, 0.05F * (float)n, 4);
        at_looks_mix(&mean, &one, n);
    }
    const at_looks next = looks_of(5, 0.6F, 4);
    assert_true(at_looks_distance(&mean, &next) < at_looks_distance(&one, &next));
}

/* ---- identity.h ---------------------------------------------------------------------------- */

static at_identity *new_people(void)
{
    at_identity *t = calloc(1, sizeof *t);
    assert_non_null(t);
    return t;
}

/* Somebody new, watched for a second. Returns their id. */
static uint32_t meet(at_identity *t, uint64_t person, int64_t now_us)
{
    const uint32_t id = at_identity_meet(t, now_us);

    for (int i = 0; i < 8; i++) {
        const at_looks looks = looks_of(person, 0.05F * (float)i, 1);
        at_identity_see(t, id, &looks, now_us + 125000 * i);
    }
    return id;
}

static uint32_t find(const at_identity *t, uint64_t person, int64_t now_us)
{
    const at_looks looks = looks_of(person, 0, 1);
    return at_identity_find(t, &looks, 0, now_us);
}

/* Watches whoever it is for a second. Returns their number. */
static uint32_t watch(at_identity *t, uint64_t person, int64_t now_us)
{
    const at_looks looks = looks_of(person, 0, 1);
    uint32_t id = find(t, person, now_us);

    if (id)
        at_identity_see(t, id, &looks, now_us);
    else
        id = meet(t, person, now_us);
    return at_identity_number(t, id);
}

static void who_comes_back_gets_their_number(void **state)
{
    at_identity *t = new_people();
    (void)state;

    assert_int_equal(watch(t, 1, 0), 1);
    assert_int_equal(watch(t, 2, 2000000), 2);
    assert_int_equal(watch(t, 1, 4000000), 1);
    assert_int_equal(watch(t, 3, 6000000), 3);
    assert_int_equal(watch(t, 2, 8000000), 2);
    free(t);
}

/* Two remembered people between whom the looks do not decide: neither. */
static void a_doubtful_face_is_nobody_known(void **state)
{
    at_identity *t = new_people();
    (void)state;

    const uint32_t one = meet(t, 1, 0);
    assert_int_equal(find(t, 1, 4000000), one);
    const uint32_t twin = meet(t, 1, 2000000);
    assert_int_equal(find(t, 1, 4000000), 0);
    const at_looks looks = looks_of(1, 0, 1);
    assert_int_equal(at_identity_find(t, &looks, twin, 4000000), one); /* not itself */
    free(t);
}

static void what_shows_nothing_is_not_remembered(void **state)
{
    at_identity *t = new_people();
    const at_looks looks = looks_of(1, 0.5F, 1);
    (void)state;

    const uint32_t id = at_identity_meet(t, 0);
    at_identity_see(t, id, NULL, 0);
    assert_true(at_identity_distance(t, id, &looks) == 0);
    assert_true(at_identity_hidden_us(t, id, 5000000) == 0);
    assert_int_equal(find(t, 1, 0), 0);
    meet(t, 1, 1000000);
    const float before = at_identity_distance(t, id + 1, &looks);
    for (int i = 0; i < 20; i++)
        at_identity_see(t, id + 1, NULL, 3000000);
    assert_true(before > 0 && at_identity_distance(t, id + 1, &looks) == before);
    assert_true(at_identity_hidden_us(t, id + 1, 3000000) == 3000000 - 1875000);
    assert_true(at_identity_distance(t, 99, &looks) == 0);
    free(t);
}

/* A far face has lost what a near one shows. */
static void near_and_far_are_not_compared(void **state)
{
    at_identity *t = new_people();
    at_looks looks = looks_of(2, 0, 1);
    (void)state;

    const uint32_t id = meet(t, 1, 0);
    assert_true(at_identity_can_tell(t, id, &looks));
    const float before = at_identity_distance(t, id, &looks);
    looks.size = 22;
    assert_false(at_identity_can_tell(t, id, &looks));
    assert_true(at_identity_distance(t, id, &looks) == 0);
    at_identity_see(t, id, &looks, 2000000); /* nor learned */
    looks.size = 90;
    assert_true(at_identity_distance(t, id, &looks) == before);
    looks = looks_of(1, 0, 1);
    assert_int_equal(at_identity_find(t, &looks, 0, 2000000), id);
    looks.size = 22;
    assert_int_equal(at_identity_find(t, &looks, 0, 2000000), 0);
    free(t);
}

/* Between what is sure at any time and what is sure of somebody who was there just now. */
static void who_was_there_just_now_is_known_more_easily(void **state)
{
    at_identity *t = new_people();
    at_looks looks = looks_of(1, 0, 1);
    const at_looks other = looks_of(2, 0, 1);
    float d = 0;
    (void)state;

    const uint32_t id = meet(t, 1, 0);
    while (d < 0.415F) {
        at_looks_mix(&looks, &other, 10);
        d = at_identity_distance(t, id, &looks);
    }
    assert_true(d < 0.44F);
    assert_int_equal(at_identity_find(t, &looks, 0, 1500000), id);
    assert_int_equal(at_identity_find(t, &looks, 0, 5000000), 0);
    free(t);
}

static void numbers_are_for_those_who_are_reported(void **state)
{
    at_identity *t = new_people();
    (void)state;

    const uint32_t first = meet(t, 1, 0), passing = meet(t, 2, 0), last = meet(t, 3, 0);
    assert_true(at_identity_open(t, first) && at_identity_open(t, last));
    assert_int_equal(at_identity_number(t, first), 1);
    assert_false(at_identity_open(t, first));
    at_identity_forget(t, passing);
    assert_int_equal(at_identity_number(t, passing), 0);
    assert_int_equal(at_identity_number(t, last), 2);
    assert_int_equal(at_identity_number(t, first), 1);
    const uint32_t unseen = at_identity_meet(t, 0);
    assert_int_equal(at_identity_number(t, unseen), 3);
    assert_true(at_identity_open(t, unseen)); /* nobody knows yet what they look like */
    free(t);
}

/* ---- what a picture must be to show somebody ------------------------------------------------- */

static void looks_count_only_where_they_show(void **state)
{
    static const at_face_quality good = {.sharpness = 0.75F,
                                         .brightness = 0.3F,
                                         .contrast = 0.15F,
                                         .face_size = 42,
                                         .detector_score = 0.9F};
    static const at_pose ahead = {5, -10, 170}, aside = {45, 0, 0}, above = {0, 40, 0};
    at_face_quality poor[6];
    (void)state;

    assert_true(at_identity_shown(&good, 0.05F, &ahead));
    assert_false(at_identity_shown(&good, 0.3F, &ahead)); /* a hand */
    assert_false(at_identity_shown(&good, 0.05F, &aside));
    assert_false(at_identity_shown(&good, 0.05F, &above));
    for (int i = 0; i < 6; i++)
        poor[i] = good;
    poor[0].sharpness = 0.55F;
    poor[1].brightness = 0.07F;
    poor[2].brightness = 0.98F;
    poor[3].contrast = 0.04F;
    poor[4].face_size = 22;
    poor[5].detector_score = 0.5F;
    for (int i = 0; i < 6; i++)
        assert_false(at_identity_shown(&poor[i], 0.05F, &ahead));
}

static void memory_is_bounded_and_the_longest_gone_is_forgotten(void **state)
{
    at_identity *t = new_people();
    (void)state;

    for (int i = 0; i < AT_PEOPLE; i++)
        assert_int_equal(watch(t, (uint64_t)i + 1, (int64_t)i * 2000000), i + 1);
    assert_int_equal(watch(t, 1, 100000000), 1); /* the first, lately seen again */
    assert_int_equal(watch(t, 999, 102000000), AT_PEOPLE + 1);
    assert_int_equal(t->count, AT_PEOPLE);
    assert_int_equal(watch(t, 1, 104000000), 1);
    assert_int_equal(watch(t, 2, 106000000), AT_PEOPLE + 2); /* forgotten: a new number */
    free(t);
}

/* ---- track.h: after a cut ------------------------------------------------------------------ */

static at_face face_at(float x, float y, float side)
{
    return (at_face){.x = x, .y = y, .w = side, .h = side, .score = 0.9F};
}

static void after_a_change_a_face_is_taken_as_it_is(void **state)
{
    at_tracker t;
    at_face f = face_at(100, 100, 80);
    (void)state;

    at_tracker_init(&t, NULL);
    for (int i = 0; i < 10; i++)
        at_tracker_update(&t, i * 125000, &f, 1, NULL);
    f = face_at(106, 100, 80);
    at_tracker_changed(&t, 0.3F);
    at_tracker_changed(&t, 0.1F);
    at_tracker_update(&t, 10 * 125000, &f, 1, NULL);
    assert_true(t.track[0].face.x == 106);
    assert_true(t.track[0].changed == 0.3F); /* the larger one stays */
    assert_int_equal(t.track[0].id, 1);
    t.track[0].person = 7;
    at_tracker_renew(&t, 0);
    assert_int_equal(t.track[0].id, 2);
    assert_int_equal(t.track[0].person, 0);
    assert_true(t.track[0].changed == 0 && t.track[0].hits == 1 && t.track[0].seen);
    assert_true(t.track[0].first_us == 10 * 125000 && t.track[0].face.x == 106);
}

static void after_a_change_a_face_elsewhere_gets_the_room(void **state)
{
    at_tracker t;
    at_face f = face_at(100, 100, 80);
    (void)state;

    at_tracker_init(&t, NULL);
    at_tracker_update(&t, 0, &f, 1, NULL);
    f = face_at(400, 100, 60);
    at_tracker_update(&t, 125000, &f, 1, NULL); /* smaller: the one that is gone keeps its room */
    assert_true(t.track[0].id == 1 && !t.track[0].seen);
    at_tracker_changed(&t, 0.3F);
    at_tracker_update(&t, 250000, &f, 1, NULL);
    assert_true(t.count == 1 && t.track[0].id == 2 && t.track[0].seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_differs_and_light_does_not),
        cmocka_unit_test(tiny_pictures_have_cuts_too),
        cmocka_unit_test(looks_tell_people_apart),
        cmocka_unit_test(looks_do_not_move_with_light),
        cmocka_unit_test(a_mean_is_nearer_than_one_picture),
        cmocka_unit_test(who_comes_back_gets_their_number),
        cmocka_unit_test(a_doubtful_face_is_nobody_known),
        cmocka_unit_test(what_shows_nothing_is_not_remembered),
        cmocka_unit_test(near_and_far_are_not_compared),
        cmocka_unit_test(who_was_there_just_now_is_known_more_easily),
        cmocka_unit_test(numbers_are_for_those_who_are_reported),
        cmocka_unit_test(looks_count_only_where_they_show),
        cmocka_unit_test(memory_is_bounded_and_the_longest_gone_is_forgotten),
        cmocka_unit_test(after_a_change_a_face_is_taken_as_it_is),
        cmocka_unit_test(after_a_change_a_face_elsewhere_gets_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
