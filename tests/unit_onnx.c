/* A network written down as ONNX, read again and run by the code for networks of others, says what it says on the
 * tensor graph. (Against other engines: cli_onnx.py.) */
#include "made_onnx.h"
#include "onnx/model.h"
#include "onnx/net.h"
#include "onnx/scribe.h"
#include "onnx/wire.h"
#include "tensor/ops.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { PIXELS = MADE_SIDE * MADE_SIDE };

static at_onnx_net *open_made(at_params *p)
{
    char *bytes = NULL;
    size_t n = 0;
    at_onnx_net *net;
    attune_error err = {0};

    assert_int_equal(made_onnx_file(p, &bytes, &n, &err), ATTUNE_OK);
    assert_int_equal(at_onnx_net_open(&net, (unsigned char *)bytes, n, 0, at_kernels_best(), &err),
                     ATTUNE_OK);
    free(bytes);
    return net;
}

static void test_there_and_back(void **state)
{
    float x[PIXELS * MADE_CHANNELS], planes[PIXELS * MADE_CHANNELS];
    at_params p = {0};
    at_graph *g;
    const float *out[1];

    (void)state;
    assert_int_equal(made_onnx_init(&p, NULL), ATTUNE_OK);
    at_onnx_net *net = open_made(&p);
    for (int i = 0; i < PIXELS; i++)
        for (int c = 0; c < MADE_CHANNELS; c++)
            planes[c * PIXELS + i] = x[i * MADE_CHANNELS + c] = sinf((float)(i * (c + 1)));
    assert_int_equal(at_onnx_net_outputs(net), 1);
    assert_string_equal(at_onnx_net_input(net)->name, "x");
    assert_true(at_onnx_net_is_softmax(net, 0));
    float *workspace = at_alloc(at_onnx_net_workspace(net), sizeof *workspace);
    assert_non_null(workspace);
    at_onnx_net_run(net, planes, workspace, out);

    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *t = at_tensor_new(g, 4, (int[]){1, MADE_SIDE, MADE_SIDE, MADE_CHANNELS}, 0);
    assert_non_null(t);
    memcpy(t->data, x, sizeof x);
    const at_tensor *y = made_onnx_forward(g, &p, t);
    assert_non_null(y);
    for (int k = 0; k < MADE_ANSWERS; k++)
        assert_float_equal(out[0][k], y->data[k], 1e-6);
    at_graph_free(&g);
    at_free(workspace);
    at_onnx_net_free(&net);
    at_params_free(&p);
}

/* An operation that nobody can write down is told, and not left out. */
static void test_what_cannot_be_written_is_named(void **state)
{
    const int dim[] = {1, 4};
    at_onnx *o;
    at_graph *g;
    at_scribe *s;
    attune_error err = {0};

    (void)state;
    assert_int_equal(at_onnx_create(&o, "made", "for tests", NULL), ATTUNE_OK);
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    assert_int_equal(at_scribe_create(&s, o, g, NULL), ATTUNE_OK);
    for (int gelu = 0; gelu < 2; gelu++) {
        at_graph_begin(g, AT_INFER, 0);
        at_tensor *x = at_tensor_new(g, 2, dim, 0);
        assert_non_null(x);
        memset(x->data, 0, 4 * sizeof *x->data);
        at_tensor *y = gelu ? at_activation(g, x, AT_ACT_GELU)
                            : at_activation(g, at_slice_rows(g, x, 0, 1), AT_ACT_RELU);
        assert_non_null(y);
        assert_int_equal(at_scribe_status(s, &err), ATTUNE_E_UNSUPPORTED);
    }
    at_scribe_free(&s);
    at_graph_free(&g);
    at_onnx_free(&o);
}

/* Numbers of one byte, of several, and those below zero, which take ten. */
static void test_wire(void **state)
{
    at_wire w = {0}, part = {0};
    const unsigned char expected[] = {0x08, 0x7f, 0x10, 0x80, 0x01, 0x18, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x25, 0,
                                      0,    0x80, 0x3f, 0x2a, 0x04, 0x0a, 0x02, 'h',  'i'};

    (void)state;
    at_wire_int(&w, 1, 127);
    at_wire_int(&w, 2, 128);
    at_wire_int(&w, 3, -1);
    at_wire_float(&w, 4, 1);
    at_wire_text(&part, 1, "hi");
    at_wire_message(&w, 5, &part);
    assert_int_equal(w.size, sizeof expected);
    assert_memory_equal(w.data, expected, sizeof expected);
    at_wire_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_what_cannot_be_written_is_named),
        cmocka_unit_test(test_wire),
    };
    return cmocka_run_group_tests_name("unit_onnx", tests, NULL, NULL);
}
