/* The measures of a face against made truth: how far it was blurred, how much noise was added, how
 * much of it lies outside the picture, how bright it is. Over several drawn faces and sizes. */
#include "degrade/degrade.h"
#include "sanitized.h"
#include "vision/face_input.h"
#include "vision/quality.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PEOPLE = SANITIZED ? 1 : 5, SCENE = 480 };

/* What a face of the aligned frame shows at (x, y): skin with some shading, features, and grain. */
static float face_value(float x, float y, int person)
{
    const float tone = 110 + 18 * (float)person, s = (float)person;
    float v = tone + 14 * sinf(0.05F * x + s) + 8 * sinf(0.9F * x + s) * sinf(0.8F * y - s);

    for (int i = 0; i < AT_LANDMARKS; i++) {
        const float dx = (x - at_face_template[i][0]) / (i < 2 ? 9 : 6),
                    dy = (y - at_face_template[i][1]) / 4;
        v -= (95 - 4 * s) * expf(-(dx * dx + dy * dy) * 2);
        if (i < 2 && fabsf(dx) < 1.2F && fabsf(dy + 2.6F - 0.1F * s) < 0.6F)
            v -= 60;
    }
    return v;
}

/* A face with `scale` source pixels an aligned one, its top left at (left, top) of a grey room of side^2 pixels. */
static void draw_scene(at_image *im, int side, at_face *f, int person, float scale, float left,
                       float top)
{
    *f = at_align_reference();
    f->x = left + scale * f->x;
    f->y = top + scale * f->y;
    f->w *= scale;
    f->h *= scale;
    for (int i = 0; i < AT_LANDMARKS; i++) {
        f->landmark[i][0] = left + scale * at_face_template[i][0];
        f->landmark[i][1] = top + scale * at_face_template[i][1];
    }
    assert_int_equal(at_image_reserve(im, side, side, 3), ATTUNE_OK);
    for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
            const float u = ((float)x - left) / scale, v = ((float)y - top) / scale;
            const float ex = (u - 56) / 44, ey = (v - 64) / 58;
            const float value = ex * ex + ey * ey < 1 ? face_value(u, v, person) : 90;
            memset(at_image_at(im, x, y), (int)fminf(fmaxf(value + 0.5F, 0), 255), 3);
        }
    }
}

/* The side of a room in which a face at (100, 90) is whole, and not much else: noise is made for each pixel. */
static int room_for(float scale)
{
    return 110 + (int)(160 * scale);
}

static at_face_quality measure(const at_image *im, const at_face *f)
{
    const attune_picture p = at_picture_of(im);
    at_image aligned = {0}, scratch = {0};
    at_picture_work work = {0};
    at_face_quality q;

    assert_int_equal(at_face_input(&aligned, &work, &p, f), ATTUNE_OK);
    assert_int_equal(at_quality_measure(&q, &scratch, &work, &aligned, &p, f), ATTUNE_OK);
    at_image_free(&aligned);
    at_image_free(&scratch);
    at_picture_work_free(&work);
    return q;
}

/* blur: deviation in aligned pixels, whatever the face's size; noise: in grey levels. */
static at_face_quality after(int person, float scale, float blur, float noise)
{
    at_image im = {0};
    at_face f;
    at_rng rng;

    at_rng_seed(&rng, 31, (uint64_t)person);
    draw_scene(&im, room_for(scale), &f, person, scale, 100.3F, 90.7F);
    assert_int_equal(at_degrade(&im, AT_DEGRADE_BLUR, scale * blur, &f, &rng, NULL), ATTUNE_OK);
    assert_int_equal(at_degrade(&im, AT_DEGRADE_NOISE, noise, &f, &rng, NULL), ATTUNE_OK);
    const at_face_quality q = measure(&im, &f);
    at_image_free(&im);
    return q;
}

static const float scales[] = {0.47F, 0.83F, 1.37F, 2.3F};
enum { SCALES = sizeof scales / sizeof *scales };

static void sharpness_is_that_of_the_blur_whatever_the_noise(void **state)
{
    static const float blurs[] = {1.2F, 1.7F, 2.4F, 3.4F}, noises[] = {3, 6, 12};
    (void)state;

    for (int person = 0; person < PEOPLE; person++) {
        for (int s = 0; s < SCALES; s++) {
            float last = 2;
            for (int b = 0; b < 4; b++) {
                const float clean = after(person, scales[s], blurs[b], 0).sharpness;
                assert_true(clean < last - 0.05F);
                last = clean;
                for (int n = 0; n < 3; n++) {
                    const float noisy = after(person, scales[s], blurs[b], noises[n]).sharpness;
                    const float slack = 0.03F + 0.018F * noises[n] * (b > 2 ? 1 : 0.5F);
                    if (noisy > clean + slack)
                        fail_msg("person %d, %g px a px, blur %g, noise %g: %g, clean %g", person,
                                 scales[s], blurs[b], noises[n], noisy, clean);
                    assert_true(b > 1 || noisy > clean - 0.1F);
                }
            }
        }
    }
}

static void faces_of_all_sizes_have_the_sharpness_of_their_blur(void **state)
{
    (void)state;
    for (int person = 0; person < PEOPLE; person++) {
        const float at_once = after(person, 1, 2, 0).sharpness;
        for (int s = 0; s < SCALES; s++)
            assert_true(fabsf(after(person, scales[s], 2, 0).sharpness - at_once) < 0.12F);
    }
}

/* The noise is the same on all three channels of luma's weights squared: 0.67 of a channel's, less
 * where the face is dark. */
static void noise_is_what_was_added(void **state)
{
    (void)state;
    for (int person = 0; person < PEOPLE; person++) {
        for (int s = 0; s < SCALES; s++) {
            at_image clean = {0}, noisy = {0};
            at_face f;
            at_rng rng;
            at_rng_seed(&rng, 7, (uint64_t)person);
            draw_scene(&clean, room_for(scales[s]), &f, person, scales[s], 100, 90);
            assert_int_equal(at_degrade(&clean, AT_DEGRADE_BLUR, 1.2F, &f, &rng, NULL), ATTUNE_OK);
            assert_true(measure(&clean, &f).noise < 1);
            for (float level = 4; level <= 32; level *= 2) {
                double truth = 0;
                int n = 0;
                assert_int_equal(at_image_copy(&noisy, &clean), ATTUNE_OK);
                assert_int_equal(at_degrade(&noisy, AT_DEGRADE_NOISE, level, &f, &rng, NULL),
                                 ATTUNE_OK);
                for (int y = (int)f.y; y < (int)(f.y + f.h); y++) {
                    for (int x = (int)f.x; x < (int)(f.x + f.w); x++, n++) {
                        const uint8_t *a = at_image_at(&clean, x, y),
                                      *b = at_image_at(&noisy, x, y);
                        const double d = 0.299 * (b[0] - a[0]) + 0.587 * (b[1] - a[1]) +
                                         0.114 * (b[2] - a[2]);
                        truth += d * d;
                    }
                }
                truth = sqrt(truth / n);
                const float read = measure(&noisy, &f).noise;
                if (fabs(read - truth) > 0.12 * truth + 0.4)
                    fail_msg("person %d, %g px a px: noise %g read as %g", person, scales[s], truth,
                             read);
            }
            at_image_free(&clean);
            at_image_free(&noisy);
        }
    }
}

/* The share of an ellipse to one side of a line at t radii from its centre. */
static float beyond(float t)
{
    return (acosf(t) - t * sqrtf(1 - t * t)) / 3.14159265F;
}

static void outside_is_the_share_outside(void **state)
{
    at_image im = {0};
    at_face f;
    (void)state;

    for (int s = 0; s < SCALES; s++) {
        draw_scene(&im, SCENE, &f, 0, scales[s], 100, 90);
        assert_true(measure(&im, &f).outside == 0);
        for (float t = -0.8F; t < 0.9F; t += 0.2F) { /* over the left and the lower edge */
            const float scale = scales[s];
            draw_scene(&im, SCENE, &f, 0, scale, -scale * (56 + 38 * t) - 0.5F, 90);
            assert_true(fabsf(measure(&im, &f).outside - beyond(-t)) < 0.02F);
            draw_scene(&im, SCENE, &f, 0, scale, 100, SCENE - 0.5F - scale * (66 + 50 * t));
            assert_true(fabsf(measure(&im, &f).outside - beyond(t)) < 0.02F);
        }
        draw_scene(&im, SCENE, &f, 0, scales[s], -20.0F * SCENE, 90);
        assert_true(measure(&im, &f).outside == 1);
        assert_true(measure(&im, &f).noise == 0);
    }
    at_image_free(&im);
}

static void brightness_and_contrast_follow_the_light(void **state)
{
    at_image im = {0};
    at_face f;
    (void)state;

    for (int person = 0; person < PEOPLE; person++) {
        draw_scene(&im, SCENE, &f, person, 1, 100, 90);
        const at_face_quality day = measure(&im, &f);
        for (ptrdiff_t i = 0; i < im.stride * im.h; i++)
            im.data[i] /= 2;
        const at_face_quality dusk = measure(&im, &f);
        assert_true(fabsf(dusk.brightness - day.brightness / 2) < 0.005F);
        assert_true(fabsf(dusk.contrast - day.contrast / 2) < 0.005F);
        assert_true(fabsf(dusk.sharpness - day.sharpness) < 0.05F); /* light is not focus */
    }
    at_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharpness_is_that_of_the_blur_whatever_the_noise),
        cmocka_unit_test(faces_of_all_sizes_have_the_sharpness_of_their_blur),
        cmocka_unit_test(noise_is_what_was_added),
        cmocka_unit_test(outside_is_the_share_outside),
        cmocka_unit_test(brightness_and_contrast_follow_the_light),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
