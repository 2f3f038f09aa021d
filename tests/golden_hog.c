/* Histograms of oriented gradients against tests/oracle/hog_oracle.py, which wrote
 * tests/golden/hog.txt; and what they are by themselves. */
#include "golden.h"
#include "vision/hog.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { WIDTH = 45, HEIGHT = 36, VALUES = 4 * 3 * 36, FLAT = 17 };

/* As in the oracle. */
static void make_picture(at_image *im)
{
    assert_int_equal(at_image_reserve(im, WIDTH, HEIGHT, 3), 0);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *p = at_image_at(im, x, y);
            const int ring = (x - 20) * (x - 20) + (y - 15) * (y - 15);
            p[0] = (uint8_t)((x * 7 + y * 3) % 64 * 3);
            p[1] = (uint8_t)(ring / 4 % 200);
            p[2] = (uint8_t)((x > y ? 180 : 40) + x * y % 5);
            if (y >= HEIGHT - FLAT && x < FLAT)
                p[0] = p[1] = p[2] = 90;
        }
}

static void describe(const at_image *im, float out[VALUES])
{
    static float cells[WIDTH * HEIGHT];
    assert_int_equal(at_hog_values(im->w, im->h), VALUES);
    assert_in_range(at_hog_workspace(im->w, im->h), 1, WIDTH * HEIGHT);
    at_hog(im, cells, out);
}

static void test_golden(void **state)
{
    at_image im = {0};
    float got[VALUES];
    (void)state;
    FILE *f = open_golden("hog.txt");
    make_picture(&im);
    describe(&im, got);
    for (int i = 0; i < VALUES; i++) {
        double want;
        assert_int_equal(fscanf(f, "%lf", &want), 1);
        if (fabs(want - got[i]) > 2e-5)
            fail_msg("value %d: %.9g, not %.9g", i, (double)got[i], want);
    }
    fclose(f);
    at_image_free(&im);
}

/* A gradient to the right is of bin 0 and, its middle being at 10 degrees, of the last; halved contrast
 * is the same face. */
static void test_meaning(void **state)
{
    at_image im = {0};
    float whole[VALUES], half[VALUES];
    (void)state;
    for (int step = 2; step >= 1; step--) {
        assert_int_equal(at_image_reserve(&im, WIDTH, HEIGHT, 1), 0);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                *at_image_at(&im, x, y) = (uint8_t)(x * step);
        describe(&im, step == 2 ? whole : half);
    }
    for (int i = 0; i < VALUES; i++) {
        const int bin = i % AT_HOG_BINS;
        assert_float_equal(whole[i], half[i], 0.01);
        assert_true(bin == 0 || bin == AT_HOG_BINS - 1 ? whole[i] > 0.3f : whole[i] == 0);
    }
    for (int y = 0; y < HEIGHT; y++)
        memset(at_image_at(&im, 0, y), 128, WIDTH);
    describe(&im, whole);
    for (int i = 0; i < VALUES; i++)
        assert_true(whole[i] == 0);
    at_image_free(&im);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(at_hog_values(112, 112), 13 * 13 * 36);
    assert_int_equal(at_hog_values(16, 16), 36);
    assert_int_equal(at_hog_values(23, 16), 36);
    assert_int_equal(at_hog_values(15, 200), 0);
    assert_int_equal(at_hog_values(0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
