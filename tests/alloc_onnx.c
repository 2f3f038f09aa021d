/* ONNX files written and read with each allocation failing in turn; and that a run takes none at all. */
#include "sanitized.h"
#include "wrap_alloc.h"

#include "fusion/kind.h"
#include "made_onnx.h"
#include "made_weights.h"
#include "model/temporal.h"
#include "onnx/net.h"
#include "onnx/networks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
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

/* What of a model is written by hand or takes several inputs: a fusion that looks at the moments of all streams, and the
 * encoder over time. */
static at_weights *model(void)
{
    static const float one[] = {1, 1};
    const at_encoder_shape shape = {1, 8, 2};
    at_weights_writer *w = begin_weights();
    at_params p = {0};
    at_fusion_net net;
    at_rng rng;

    at_rng_seed(&rng, 1, 0);
    assert_int_equal(at_encoder_init(&at_temporal, &p, &shape, &rng, NULL), ATTUNE_OK);
    assert_int_equal(at_fusion_net_make(&net, &p, &at_fusion_attention, NULL,
                                        1u << ATTUNE_SIGNAL | 1u << ATTUNE_CHAT, &rng, NULL),
                     ATTUNE_OK);
    put_params(w, &p, NULL);
    assert_int_equal(at_weights_put(w, "signal.center", 1, (int[]){2}, one, 0), 0);
    assert_int_equal(at_weights_put(w, "signal.scale", 1, (int[]){2}, one, 0), 0);
    assert_int_equal(at_weights_put_meta(w, "signal_columns", "heart_rate,clicks"), 0);
    assert_int_equal(at_weights_put_meta(w, "signal_events", "clicks"), 0);
    assert_int_equal(at_weights_put_meta(w, "fusion", "attention"), 0);
    at_weights *file = end_weights(w);
    at_params_free(&p);
    return file;
}

/* Returns how many of its allocations failed, one at a time. */
static int write_failing(const at_onnx_network *network, const at_weights *w)
{
    const long before = wrap_alloc_live();
    int failures = 0;

    for (int n = 0; n == 0 || wrap_alloc_failed(); n += SANITIZED ? 7 : 1) {
        attune_error err = {0};
        at_onnx *o = NULL;
        wrap_alloc_fail_at(n);
        int status = at_onnx_create(&o, network->name, network->doc, &err);
        status = status ? status : network->write(o, w, &err);
        wrap_alloc_off();
        at_onnx_free(&o);
        assert_int_equal(status, wrap_alloc_failed() ? ATTUNE_E_NOMEM : ATTUNE_OK);
        assert_int_equal(err.status, status);
        assert_int_equal(wrap_alloc_live(), before);
        failures += wrap_alloc_failed();
    }
    return failures;
}

static void networks_survive(void **state)
{
    at_weights *w = model();
    int written = 0;

    (void)state;
    for (const at_onnx_network *n = at_onnx_networks; n->file; n++)
        if (!strcmp(n->name, "temporal") || !strcmp(n->name, "fusion")) {
            assert_true(write_failing(n, w) > 20);
            written++;
        }
    assert_int_equal(written, 2);
    at_weights_free(&w);
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
        cmocka_unit_test(networks_survive),
        cmocka_unit_test(reading_survives),
    };
    return cmocka_run_group_tests_name("alloc_onnx", tests, set_up, tear_down);
}
