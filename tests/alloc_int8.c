/* The networks in eight bits with each of their allocations failing in turn. */
#include "base/mem.h"
#include "model/ranges.h"
#include "model/visual.h"
#include "vision/detect.h"
#include "vision_net.h"
#include "survive_detecting.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A detector and ranges for it, in one set of parameters. */
static void make_detector(at_params *p)
{
    static const char *const name[] = {"detector.range.stem", "detector.range.wide",
                                       "detector.range.out"};
    vision_net_make(p, 4, 1);
    for (int i = 0; i < 3; i++) {
        const int n = i ? AT_DETECTOR_UNITS : 1;
        at_param *r = at_params_get(p, name[i], 1, &n);
        assert_non_null(r);
        for (int k = 0; k < n; k++)
            r->value.data[k] = 8;
    }
}

static void detector_survives(void **state)
{
    at_params p = {0};
    at_image im = {0};
    (void)state;
    make_detector(&p);
    assert_int_equal(at_image_reserve(&im, 200, 90, 3), ATTUNE_OK);
    memset(im.data, 99, (size_t)im.stride * 90);
    survive_detecting(&p, &im, 20);
    at_image_free(&im);
    at_params_free(&p);
}

static void face_survives(void **state)
{
    const char *root = getenv("ATTUNE_SRC");
    char path[4096];
    at_weights *model;
    at_visual_net *net;
    int failures = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/models/default.safetensors", root ? root : ".");
    assert_int_equal(at_weights_load(&model, path, NULL), ATTUNE_OK);
    assert_int_equal(at_visual_freeze(&net, model, at_kernels_best(), NULL), ATTUNE_OK);
    const long before = wrap_alloc_live();
    /* every one of the first, then further and further apart: a pass takes a while */
    for (int n = 0; n == 0 || wrap_alloc_failed(); n += n < 16 ? 1 : 9) {
        at_weights *ranges = NULL;
        at_mb_ranges r;
        wrap_alloc_fail_at(n);
        int status = at_ranges_load(&ranges, model, path, NULL);
        status = status ? status : at_mb_ranges_read(&r, ranges, NULL);
        status = status ? status : at_visual_quantise(net, model, &r, NULL);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        at_visual_use_f32(net);
        at_weights_free(&ranges);
        failures += wrap_alloc_failed();
        assert_int_equal(wrap_alloc_live(), before);
    }
    assert_true(failures >= 16);
    at_visual_free(&net);
    at_weights_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detector_survives),
        cmocka_unit_test(face_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
