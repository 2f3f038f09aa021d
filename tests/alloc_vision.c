/* Vision with each of its allocations failing in turn. */
#include "base/rng.h"
#include "vision/face_input.h"
#include "degrade/degrade.h"
#include "vision/detect.h"
#include "vision_net.h"
#include "survive_detecting.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void grey_picture(at_image *im, int w, int h)
{
    assert_int_equal(at_image_reserve(im, w, h, 3), ATTUNE_OK);
    memset(im->data, 99, (size_t)im->stride * (size_t)h);
}

static void detector_survives(void **state)
{
    (void)state;
    at_params p = {0};
    at_image im = {0};

    vision_net_make(&p, 4, 1);
    grey_picture(&im, 200, 90);
    survive_detecting(&p, &im, 8);
    at_image_free(&im);
    at_params_free(&p);
}

static void pictures_survive(void **state)
{
    (void)state;
    const float shrink[6] = {0.2F, 0, 0, 0, 0.2F, 0}, identity[6] = {1, 0, 0, 0, 1, 0};
    at_image im = {0};
    int failures = 0;

    grey_picture(&im, 150, 120);
    const long before = wrap_alloc_live();
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        at_image a = {0}, b = {0}, c = {0};
        at_picture_work work = {0};
        wrap_alloc_fail_at(n);
        int status = at_image_resize(&a, &im, 70, 200);
        if (status == ATTUNE_OK)
            status = at_image_warp(&b, &im, shrink, 40, 40);
        if (status == ATTUNE_OK)
            status = at_image_crop(&c, &b, -9, 3, 70, 60);
        const attune_picture part = at_picture_of(&c);
        if (status == ATTUNE_OK)
            status = at_face_input_by(&a, &work, &part, identity, AT_FACE_SIDE);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        at_image_free(&a);
        at_image_free(&b);
        at_image_free(&c);
        at_picture_work_free(&work);
        failures += wrap_alloc_failed();
        assert_int_equal(wrap_alloc_live(), before);
    }
    assert_true(failures >= 8);
    at_image_free(&im);
}

static void degradations_survive(void **state)
{
    (void)state;
    at_image im = {0};
    int failures = 0;

    grey_picture(&im, 60, 50);
    const long before = wrap_alloc_live();
    for (int kind = 0; kind < AT_DEGRADE_JPEG; kind++) {
        for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
            at_rng rng;
            at_rng_seed(&rng, 1, 1);
            wrap_alloc_fail_at(n);
            const int status = at_degrade(&im, (at_degrade_kind)kind, 3, NULL, &rng, NULL);
            wrap_alloc_off();
            assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
            failures += wrap_alloc_failed();
            assert_int_equal(wrap_alloc_live(), before);
        }
    }
    assert_true(failures >= 8);
    at_image_free(&im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detector_survives),
        cmocka_unit_test(pictures_survive),
        cmocka_unit_test(degradations_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
