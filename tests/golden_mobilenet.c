/* MobileNetV2 with ImageNet's folded weights against what ONNX Runtime made of the same input
 * (../shared/models/README.md): once folded, once through batch norm that was calibrated to start out
 * equal. Skips where the weights are not there. */
#include "distance.h"
#include "model/mobilenet.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { SIDE = 224, CLASSES = 1001 };

static const char *model_file(const char *name, char *path, size_t size)
{
    const char *src = getenv("ATTUNE_SRC");
    snprintf(path, size, "%s/../shared/models/%s", src ? src : ".", name);
    return access(path, R_OK) ? NULL : path;
}

/* x[i] = sin(0.01 i), i counted in NCHW. */
static void fill_input(float *x)
{
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < SIDE * SIDE; i++)
            x[i * 3 + c] = (float)sin(0.01 * (c * SIDE * SIDE + i));
}

static void classify(at_params *p, const at_weights *w, at_mb_observer *seen, float *probability)
{
    const at_kernels *kn = at_kernels_best();
    const at_weight *cw = at_weights_find(w, "classifier.weight");
    const at_weight *cb = at_weights_find(w, "classifier.bias");
    at_graph *g;
    assert_int_equal(at_graph_create(&g, NULL, kn, NULL), 0);
    at_graph_begin(g, AT_INFER, 0);
    at_tensor *x = at_tensor_new(g, 4, (int[]){1, SIDE, SIDE, 3}, 0);
    assert_non_null(x);
    fill_input(x->data);
    at_tensor *f = at_mobilenet_forward(g, p, "net", x, 0.1f, seen);
    at_tensor *e = at_global_avg_pool(g, f);
    at_tensor *weight = at_tensor_new(g, 2, (int[]){AT_MB_FEATURES, CLASSES}, 0);
    at_tensor *bias = at_tensor_new(g, 1, (int[]){CLASSES}, 0);
    for (int o = 0; o < CLASSES; o++)
        for (int i = 0; i < AT_MB_FEATURES; i++)
            weight->data[i * CLASSES + o] = cw->data[(size_t)o * AT_MB_FEATURES + i];
    memcpy(bias->data, cb->data, CLASSES * sizeof(float));
    at_tensor *y = at_softmax(g, at_linear(g, e, weight, bias));
    assert_int_equal(at_graph_status(g), 0);
    memcpy(probability, y->data, CLASSES * sizeof(float));
    at_graph_free(&g);
}

static void test_golden(void **state)
{
    char path[4096];
    at_weights *w, *golden;
    float got[CLASSES];
    (void)state;
    if (!model_file("mobilenet_v2_imagenet.golden.safetensors", path, sizeof path))
        skip();
    assert_int_equal(at_weights_load(&golden, path, NULL), 0);
    assert_int_equal(
        at_weights_load(&w, model_file("mobilenet_v2_imagenet.safetensors", path, sizeof path),
                        NULL),
        0);
    const at_weight *want = at_weights_find(golden, "probabilities");
    assert_true(want && want->count == CLASSES);

    for (int batch_norm = 0; batch_norm < 2; batch_norm++) {
        at_params p = {0};
        at_rng rng;
        at_mb_observer *seen = NULL;
        at_rng_seed(&rng, 1, 1);
        assert_int_equal(at_mobilenet_init(&p, "net", batch_norm, &rng, NULL), 0);
        assert_int_equal(at_mobilenet_import_folded(&p, "net", w, NULL), 0);
        if (batch_norm)
            assert_int_equal(at_mb_observer_create(&seen, NULL), 0);
        classify(&p, w, seen, got);
        assert_true(relative_distance(want->data, got, CLASSES) < 1e-3);
        if (batch_norm) {
            assert_int_equal(at_mobilenet_calibrate(&p, "net", seen, NULL), 0);
            memset(got, 0, sizeof got);
            classify(&p, w, NULL, got);
            assert_true(relative_distance(want->data, got, CLASSES) < 1e-3);
            /* and the statistics are no longer the identity's */
            at_param *mean = at_params_find(&p, "net.head.mean");
            double sum = 0;
            for (int i = 0; i < AT_MB_FEATURES; i++)
                sum += fabs(mean->value.data[i]);
            assert_true(sum > 1);
        }
        at_mb_observer_free(&seen);
        at_params_free(&p);
    }
    at_weights_free(&w);
    at_weights_free(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
