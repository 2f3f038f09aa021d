/* Grad-CAM with its allocations failing in turn: each failure comes out. */
#include "eval/grad_cam.h"
#include "made_face_net.h"
#include "wrap_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { SIDE = 64, STEP = 7 }; /* every seventh: there is one for each array of the network */

static int explain(const at_weights *w)
{
    static const uint8_t face[SIDE * SIDE * 3];
    attune_error err = {0};
    at_grad_cam *cam;
    at_cam_map map;
    int status = at_grad_cam_create(&cam, w, NULL, &err);
    assert_int_equal(err.status, status);
    assert_true(status == ATTUNE_OK || !cam);
    if (status == ATTUNE_OK)
        status = at_grad_cam_run(cam, face, SIDE, 0, &map, NULL);
    at_grad_cam_free(&cam);
    return status;
}

static void grad_cam_survives(void **state)
{
    at_params p = {0};
    at_weights *w = made_face_net(&p);
    const long live = wrap_alloc_live();
    int failures = 0;
    (void)state;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n += STEP) {
        wrap_alloc_fail_at(n);
        const int status = explain(w);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(wrap_alloc_live(), live);
        failures += status != ATTUNE_OK;
    }
    assert_true(failures >= 10);
    at_weights_free(&w);
    at_params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grad_cam_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
