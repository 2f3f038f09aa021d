/* Scenes for the detector's training: made of their randomness alone, with the picture in them. */
#include "data/scenes.h"
#include "drawn_faces.h"
#include "one_thread_case.h"
#include "temp_folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 160, DRAWS = 40 };

static at_faces faces;

static int load(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    faces = drawn_faces_load(2);
    return 0;
}

static int unload(void **state)
{
    at_faces_free(&faces);
    return remove_folder(state);
}

static at_image scene(int index, uint64_t seed, uint64_t stream)
{
    at_image im = {0};
    assert_int_equal(at_scene_draw(&faces, index, SIDE, seed, stream, &im, NULL), ATTUNE_OK);
    assert_int_equal(im.w, SIDE);
    assert_int_equal(im.h, SIDE);
    assert_int_equal(im.channels, 3);
    return im;
}

static int same(const at_image *a, const at_image *b)
{
    for (int y = 0; y < SIDE; y++)
        if (memcmp(at_image_at(a, 0, y), at_image_at(b, 0, y), (size_t)SIDE * 3) != 0)
            return 0;
    return 1;
}

/* Whatever the destination held before. */
static void same_randomness_same_scene(void **state)
{
    (void)state;
    at_image used = {0};
    assert_int_equal(at_image_reserve(&used, 2 * SIDE, 2 * SIDE, 3), ATTUNE_OK);
    for (uint64_t stream = 0; stream < DRAWS; stream++) {
        int index = (int)stream % faces.count;
        at_image a = scene(index, 3, stream), next = scene(index, 3, stream + 1);
        memset(used.data, (int)(17 * stream % 256), used.capacity);
        assert_int_equal(at_scene_draw(&faces, index, SIDE, 3, stream, &used, NULL), ATTUNE_OK);
        assert_true(same(&a, &used));
        assert_false(same(&a, &next));
        at_image_free(&a);
        at_image_free(&next);
    }
    at_image_free(&used);
}

/* With the same randomness only the picture set in differs: in one box of the sizes that faces
 * come in. */
static void the_picture_is_in_the_scene(void **state)
{
    int smallest = SIDE, largest = 0;
    (void)state;
    for (uint64_t stream = 0; stream < DRAWS; stream++) {
        at_image a = scene(0, 5, stream), b = scene(1, 5, stream); /* both are square */
        int left = SIDE, right = -1, top = SIDE, bottom = -1;
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                if (memcmp(at_image_at(&a, x, y), at_image_at(&b, x, y), 3) != 0) {
                    left = x < left ? x : left;
                    right = x > right ? x : right;
                    top = y < top ? y : top;
                    bottom = y > bottom ? y : bottom;
                }
        int w = right - left + 1, h = bottom - top + 1, size = w > h ? w : h;
        assert_true(w > 0 && h > 0);
        smallest = size < smallest ? size : smallest;
        largest = size > largest ? size : largest;
        at_image_free(&a);
        at_image_free(&b);
    }
    assert_in_range(smallest, SIDE / 16, SIDE / 4);
    assert_in_range(largest, SIDE / 2, SIDE);
}

static at_face face_at(float x, float y, float side)
{
    at_face f = at_align_reference();
    for (int k = 0; k < AT_LANDMARKS; k++) {
        f.landmark[k][0] = x + f.landmark[k][0] * side / AT_FACE_SIDE;
        f.landmark[k][1] = y + f.landmark[k][1] * side / AT_FACE_SIDE;
    }
    f.x = x + f.x * side / AT_FACE_SIDE;
    f.y = y + f.y * side / AT_FACE_SIDE;
    f.w *= side / AT_FACE_SIDE;
    f.h *= side / AT_FACE_SIDE;
    return f;
}

static int changed_within(const at_image *a, const at_image *b, int x0, int y0, int x1, int y1)
{
    int n = 0;
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            n += memcmp(at_image_at(a, x, y), at_image_at(b, x, y), 3) != 0;
    return n;
}

/* No harm is no change, a patch lies on each of the faces, a blur is everywhere. */
static void harm_is_where_it_belongs(void **state)
{
    const at_face two[2] = {face_at(5, 5, 60), face_at(90, 90, 60)};
    const at_scene_harm none = {AT_DEGRADE_KINDS, 1}, patch = {AT_DEGRADE_PATCH, 40},
                        blur = {AT_DEGRADE_BLUR, 3};
    at_image clean = scene(0, 1, 1), im = {0};
    at_rng rng;
    (void)state;
    at_rng_seed(&rng, 1, 1);
    assert_int_equal(at_image_copy(&im, &clean), ATTUNE_OK);
    assert_int_equal(at_scene_harm_by(&im, none, two, 2, &rng), ATTUNE_OK);
    assert_true(same(&im, &clean));

    assert_int_equal(at_scene_harm_by(&im, patch, two, 2, &rng), ATTUNE_OK);
    assert_true(changed_within(&im, &clean, 0, 0, 80, 80) > 300);
    assert_true(changed_within(&im, &clean, 80, 80, SIDE, SIDE) > 300);
    assert_int_equal(changed_within(&im, &clean, 80, 0, SIDE, 60), 0);

    assert_int_equal(at_image_copy(&im, &clean), ATTUNE_OK);
    assert_int_equal(at_scene_harm_by(&im, patch, two, 0, &rng), ATTUNE_OK);
    assert_true(same(&im, &clean)); /* no face to cover */

    assert_int_equal(at_scene_harm_by(&im, blur, two, 0, &rng), ATTUNE_OK);
    assert_true(changed_within(&im, &clean, 0, 0, 80, 80) > 300);
    at_image_free(&im);
    at_image_free(&clean);
}

/* About a fifth of the scenes stays clean; the rest suffers, the same for the same randomness. */
static void random_harm_repeats(void **state)
{
    const at_face one = face_at(40, 40, 80);
    enum { TIMES = 100 };
    int untouched = 0;
    at_image clean = scene(0, 1, 1), a = {0}, b = {0};
    (void)state;
    for (uint64_t stream = 0; stream < TIMES; stream++) {
        at_rng r, again;
        at_rng_seed(&r, 9, stream);
        again = r;
        assert_int_equal(at_image_copy(&a, &clean), ATTUNE_OK);
        assert_int_equal(at_image_copy(&b, &clean), ATTUNE_OK);
        assert_int_equal(at_scene_harm_randomly(&a, &one, 1, &r), ATTUNE_OK);
        assert_int_equal(at_scene_harm_randomly(&b, &one, 1, &again), ATTUNE_OK);
        assert_true(same(&a, &b));
        untouched += same(&a, &clean);
    }
    assert_in_range(untouched, 8, 36);
    at_image_free(&a);
    at_image_free(&b);
    at_image_free(&clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(same_randomness_same_scene),
        cmocka_unit_test(the_picture_is_in_the_scene),
        cmocka_unit_test(harm_is_where_it_belongs),
        one_thread_case(random_harm_repeats),
    };
    return cmocka_run_group_tests_name("scenes", tests, load, unload);
}
