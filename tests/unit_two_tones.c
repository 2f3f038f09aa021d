/* Symbols in two tones are no faces; what has shades may be one, though part of it is flat. */
#include "vision/two_tones.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

enum { SIDE = 112 };

static uint8_t pixels[SIDE * SIDE * 3];

/* Of a picture of luma(x, y), with noise of that deviation. */
static int two_toned(float (*luma)(int x, int y), float noise)
{
    const at_image square = at_image_borrow(pixels, SIDE, SIDE, 3, SIDE * 3);
    at_rng rng;
    at_rng_seed(&rng, 1, 0);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const float v = luma(x, y) + noise * at_rng_normal(&rng);
            for (int c = 0; c < 3; c++)
                pixels[(y * SIDE + x) * 3 + c] = (uint8_t)fminf(fmaxf(v + 0.5F, 0), 255);
        }
    return at_is_two_toned(&square);
}

/* Two letters in a circle, with soft edges. */
static float initials(int x, int y)
{
    const int stroke = (x / 8 % 3 == 0 && y > 40 && y < 72) || (y / 6 % 4 == 1 && x > 40 && x < 72);
    const int edge = (x % 8 == 0 || y % 12 == 0) && y > 40 && y < 72;
    return edge ? 200 : stroke ? 255 : 150;
}

static float socket(int x, int y)
{
    const int dx = x - SIDE / 2, dy = y - SIDE / 2;
    return dx * dx + dy * dy < 45 * 45 ? 205 : 238;
}

static float shades(int x, int y)
{
    return 128 + 60 * sinf(0.05F * (float)x) * cosf(0.04F * (float)y) + 0.3F * (float)y;
}

static float half_covered(int x, int y)
{
    return y > SIDE / 2 ? 190 : shades(x, y);
}

static float nearly_dark(int x, int y)
{
    return x > y ? 9 : 5;
}

static void symbols_are_of_two_tones(void **state)
{
    (void)state;
    assert_true(two_toned(initials, 0));
    assert_true(two_toned(socket, 0.8F));
    assert_true(two_toned(initials, 0.8F)); /* as a codec leaves them */
}

static void what_has_shades_is_not(void **state)
{
    (void)state;
    assert_false(two_toned(shades, 0));
    assert_false(two_toned(half_covered, 0));
}

/* A dim picture has few lumas whatever it shows. */
static void a_dim_picture_is_not_judged(void **state)
{
    (void)state;
    assert_false(two_toned(nearly_dark, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_are_of_two_tones),
        cmocka_unit_test(what_has_shades_is_not),
        cmocka_unit_test(a_dim_picture_is_not_judged),
    };
    return cmocka_run_group_tests_name("two_tones", tests, NULL, NULL);
}
