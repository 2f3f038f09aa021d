/* ONNX files written and read with each allocation failing in turn; and that a run takes none at all. */
#include "wrap_alloc.h"

#include "made_onnx.h"
#include "onnx/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static at_params params;

static int set_up(void **state)
{
    (void)state;
    return made_onnx_init(&params, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    at_params_free(&params);
    return 0;
}

static void writing_survives(void **state)
{
    long before = wrap_alloc_live();
    int failures = 0;

    (void)state;
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_error err = {0};
        char *bytes = NULL;
        size_t size = 0;
        wrap_alloc_fail_at(n);
        const int status = made_onnx_file(&params, &bytes, &size, &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(err.status, status);
        assert_true(status || size > 1000);
        assert_int_equal(wrap_alloc_live(), before);
        failures += wrap_alloc_failed();
        before -= bytes != NULL; /* which the C library took, unseen */
        free(bytes);
        if (!status)
            break;
    }
    assert_true(failures > 20);
}

static void reading_survives(void **state)
{
    static const float x[MADE_SIDE * MADE_SIDE * MADE_CHANNELS];
    const long before = wrap_alloc_live();
    char *bytes = NULL;
    size_t size = 0;
    int failures = 0;

    (void)state;
    assert_int_equal(made_onnx_file(&params, &bytes, &size, NULL), ATTUNE_OK);
    for (int n = 0; n == 0 || wrap_alloc_failed(); n++) {
        attune_error err = {0};
        const float *out[1];
        at_onnx_net *net;
        wrap_alloc_fail_at(n);
        const int status =
            at_onnx_net_open(&net, (unsigned char *)bytes, size, 0, at_kernels_best(), &err);
        wrap_alloc_off();
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        failures += wrap_alloc_failed();
        if (status) {
            assert_null(net);
            assert_int_equal(wrap_alloc_live(), before);
            continue;
        }
        float *workspace = at_alloc(at_onnx_net_workspace(net), sizeof *workspace);
        wrap_alloc_fail_at(0);
        at_onnx_net_run(net, x, workspace, out);
        wrap_alloc_off();
        assert_false(wrap_alloc_failed());
        at_free(workspace);
        at_onnx_net_free(&net);
        break;
    }
    assert_int_equal(wrap_alloc_live(), before);
    assert_true(failures >= 3); /* the net, and blocks of its memory */
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_survives),
        cmocka_unit_test(reading_survives),
    };
    return cmocka_run_group_tests_name("alloc_onnx", tests, set_up, tear_down);
}
