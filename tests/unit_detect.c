/* The detector without a trained model: what it refuses, sizes, threads, and that its boxes mean
 * what they say. Its numbers are held to another engine's in golden_yunet.c. */
#include "base/mem.h"
#include "base/pool.h"
#include "made_weights.h"
#include "vision/detect.h"
#include "vision/detect_net.h"
#include "vision_net.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void picture(at_image *im, int w, int h)
{
    assert_int_equal(at_image_reserve(im, w, h, 3), ATTUNE_OK);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < 3 * w; x++)
            at_image_at(im, 0, y)[x] = (uint8_t)(128 + 100 * sin(0.05 * x + 0.002 * x * y));
}

static at_param *head_bias(at_params *p, int level)
{
    char name[96];

    snprintf(name, sizeof name, "detector.%s.conv2.bias",
             at_detect_unit_names[AT_UNIT_HEAD + level]);
    at_param *b = at_params_find(p, name);
    assert_non_null(b);
    return b;
}

/* Heads that say what is asked for whatever the picture: all their weights are zero. */
static void constant_heads(at_params *p)
{
    for (int level = 0; level < AT_DETECT_LEVELS; level++) {
        char name[96];
        snprintf(name, sizeof name, "detector.%s.conv2.weight",
                 at_detect_unit_names[AT_UNIT_HEAD + level]);
        at_param *w = at_params_find(p, name);
        assert_non_null(w);
        memset(w->value.data, 0, at_tensor_count(&w->value) * sizeof(float));
        at_param *b = head_bias(p, level);
        memset(b->value.data, 0, at_tensor_count(&b->value) * sizeof(float));
        b->value.data[0] = b->value.data[5] = -20;
    }
}

/* Every array in turn missing, or of another shape. */
typedef struct damaged {
    at_weight_source inner;
    const char *name;
    int reshape;
} damaged;

static int find_damaged(const void *user, const char *name, at_weight *out)
{
    const damaged *d = user;
    const int found = d->inner.find(d->inner.user, name, out);

    if (strcmp(name, d->name) != 0)
        return found;
    if (d->reshape)
        out->dim[out->rank - 1]--;
    return d->reshape && found;
}

static void refuses_damage(void **state)
{
    (void)state;
    at_params p = {0};
    int refused = 0;

    vision_net_make(&p, 4, 1);
    for (int i = 0; i < p.count; i++) {
        for (int reshape = 0; reshape <= 1; reshape++) {
            const damaged d = {at_params_source(&p), p.list[i]->name, reshape};
            const at_weight_source source = {find_damaged, &d};
            at_detector *det = NULL;
            attune_error err = {0};
            const int status =
                at_detector_create(&det, &source, NULL, at_kernels_best(), NULL, &err);
            /* a level may do without the unit its heads share */
            if (!reshape && strstr(d.name, "share_convs") && strstr(d.name, "conv1.weight")) {
                assert_int_equal(status, ATTUNE_OK);
                at_detector_free(&det);
                continue;
            }
            assert_int_equal(status, ATTUNE_E_FORMAT);
            assert_null(det);
            assert_true(strstr(err.text, "detector.") != NULL);
            refused++;
        }
    }
    assert_true(refused > 100);
    at_params_free(&p);
}

static void sizes_and_threads(void **state)
{
    (void)state;
    static const int size[][2] = {{32, 32}, {96, 64}, {64, 96}, {320, 256}};
    at_params p = {0};
    float *x = at_alloc((size_t)320 * 256 * 3, sizeof *x);

    assert_non_null(x);
    for (int i = 0; i < 320 * 256 * 3; i++)
        x[i] = (float)(i * 37 % 256);
    vision_net_make(&p, 8, 0);
    const at_weight_source source = at_params_source(&p);
    at_detector *one = NULL;
    assert_int_equal(at_detector_create(&one, &source, NULL, at_kernels_best(), NULL, NULL),
                     ATTUNE_OK);
    for (int threads = 2; threads <= 5; threads++) {
        at_pool *pool = NULL;
        at_detector *many = NULL;
        assert_int_equal(at_pool_create(&pool, threads, NULL), ATTUNE_OK);
        assert_int_equal(at_detector_create(&many, &source, pool, at_kernels_best(), NULL, NULL),
                         ATTUNE_OK);
        for (size_t s = 0; s < sizeof size / sizeof size[0]; s++) {
            const float *a[AT_DETECT_LEVELS], *b[AT_DETECT_LEVELS];
            const int h = size[s][0], w = size[s][1];
            assert_int_equal(at_detector_heads(one, x, h, w, a), ATTUNE_OK);
            assert_int_equal(at_detector_heads(many, x, h, w, b), ATTUNE_OK);
            for (int k = 0; k < AT_DETECT_LEVELS; k++)
                assert_memory_equal(a[k], b[k],
                                    (size_t)(h >> (3 + k)) * (size_t)(w >> (3 + k)) *
                                        AT_DETECT_CHANNELS * sizeof(float));
        }
        at_detector_free(&many);
        at_pool_free(&pool);
    }
    const float *a[AT_DETECT_LEVELS];
    assert_int_equal(at_detector_heads(one, x, 48, 64, a), ATTUNE_E_ARG);
    assert_int_equal(at_detector_heads(one, x, 0, 64, a), ATTUNE_E_ARG);
    at_detector_free(&one);
    at_free(x);
    at_params_free(&p);
}

/* All cells of the coarsest level speak of faces of 64 x 48 network pixels around themselves: those
 * that are left do not overlap, and lie where they should in the source. */
static void boxes_in_source_pixels(void **state)
{
    (void)state;
    at_params p = {0};
    at_image im = {0};
    at_detector *d = NULL;
    at_face face[64];

    vision_net_make(&p, 4, 1);
    constant_heads(&p);
    float *bias = head_bias(&p, 2)->value.data;
    bias[0] = bias[5] = 3;
    bias[3] = logf(2);    /* 64 wide */
    bias[4] = logf(1.5F); /* 48 high */
    bias[6] = -0.5F;      /* first landmark: 16 to the left, 8 up */
    bias[7] = -0.25F;
    const at_weight_source source = at_params_source(&p);
    const at_detect_options o = {.side = 320, .iou = 0.1F};
    assert_int_equal(at_detector_create(&d, &source, NULL, at_kernels_best(), &o, NULL), ATTUNE_OK);
    picture(&im, 640, 480);
    const int n = at_detector_run(d, &im, face, 64);
    assert_true(n >= 8);
    for (int i = 0; i < n; i++) {
        const at_face *f = &face[i];
        const float cx = f->x + 0.5F * f->w + 0.5F, cy = f->y + 0.5F * f->h + 0.5F;
        assert_true(fabsf(f->w - 128) < 0.01F && fabsf(f->h - 96) < 0.01F);
        /* cells are 64 source pixels apart, from half a pixel of the network's grid on */
        assert_true(fabsf(remainderf(cx - 1, 64)) < 0.01F && fabsf(remainderf(cy - 1, 64)) < 0.01F);
        assert_true(fabsf(f->landmark[0][0] + 0.5F - (cx - 32)) < 0.01F);
        assert_true(fabsf(f->landmark[0][1] + 0.5F - (cy - 16)) < 0.01F);
        assert_true(fabsf(f->score - 1 / (1 + expf(-3))) < 1e-5F);
        for (int k = 0; k < i; k++)
            assert_true(at_face_iou(f, &face[k]) <= 0.1F + 1e-5F);
    }
    assert_int_equal(at_detector_run(d, &im, face, 3), 3);
    assert_int_equal(at_detector_run(d, &im, face, 0), 0);
    at_detector_free(&d);
    at_image_free(&im);
    at_params_free(&p);
}

/* Scores under the threshold, sizes past any number, and things that are not numbers: no faces. */
static void nonsense_is_no_face(void **state)
{
    (void)state;
    static const float nonsense[][2] = {{3, -20}, {5, -20}, {3, 500}, {1, INFINITY}, {7, NAN}};
    at_image im = {0};
    at_face face[8];

    picture(&im, 100, 80);
    for (size_t i = 0; i <= sizeof nonsense / sizeof nonsense[0]; i++) {
        at_params p = {0};
        at_detector *d = NULL;
        vision_net_make(&p, 4, 1);
        constant_heads(&p);
        float *bias = head_bias(&p, 1)->value.data;
        bias[0] = bias[5] = i == 0 ? 0.3F : 3; /* sigmoid(0.3) = 0.574 */
        if (i > 1)
            bias[(int)nonsense[i - 1][0]] = nonsense[i - 1][1];
        const at_weight_source source = at_params_source(&p);
        assert_int_equal(at_detector_create(&d, &source, NULL, at_kernels_best(), NULL, NULL),
                         ATTUNE_OK);
        const int n = at_detector_run(d, &im, face, 8);
        if (i == 1)
            assert_true(n > 0); /* a tiny width is a width */
        else
            assert_int_equal(n, 0);
        at_detector_free(&d);
        at_params_free(&p);
    }
    at_image_free(&im);
}

/* A turn is the look that it stands for, and shows nothing where that showed nothing. */
static void turns_are_looks(void **state)
{
    (void)state;
    at_params p = {0};
    at_image im = {0};
    at_detector *d = NULL;
    at_face looked[64], turned[64];

    vision_net_make(&p, 4, 1);
    const at_weight_source source = at_params_source(&p);
    assert_int_equal(at_detector_create(&d, &source, NULL, at_kernels_best(), NULL, NULL),
                     ATTUNE_OK);
    picture(&im, 640, 480);
    const attune_picture whole = at_picture_of(&im);
    for (int quarters = 0; quarters < 4; quarters++) {
        at_look look = {{-50, 40, 300, 200}, 160, quarters, 0.01F};
        const int n = at_detector_look(d, &whole, &look, looked, 64);
        assert_true(n > 0);
        look.quarters = 0;
        assert_true(at_detector_look(d, &whole, &look, turned, 64) > 0);
        assert_int_equal(at_detector_turn(d, quarters, turned, 64), n);
        assert_memory_equal(turned, looked, (size_t)n * sizeof *looked);
    }
    const at_look outside = {{700, 40, 300, 200}, 160, 0, 0.01F};
    assert_int_equal(at_detector_look(d, &whole, &outside, looked, 64), 0);
    assert_int_equal(at_detector_turn(d, 1, turned, 64), 0);
    at_detector_free(&d);
    at_image_free(&im);
    at_params_free(&p);
}

static void any_picture(void **state)
{
    (void)state;
    static const int size[][2] = {{1, 1}, {2, 300}, {3000, 4}, {33, 31}, {1280, 720}};
    at_params p = {0};
    at_image im = {0};
    at_detector *d = NULL;
    attune_picture whole;
    at_face face[8], last = {.x = -50, .y = 10, .w = 60, .h = 60};

    vision_net_make(&p, 4, 1);
    const at_weight_source source = at_params_source(&p);
    const at_detect_options o = {.threshold = 0.3F};
    assert_int_equal(at_detector_create(&d, &source, NULL, at_kernels_best(), &o, NULL), ATTUNE_OK);
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        picture(&im, size[i][0], size[i][1]);
        whole = at_picture_of(&im);
        assert_true(at_detector_run(d, &im, face, 8) >= 0);
        assert_true(at_detector_search_near(d, &whole, &last, face, 8) >= 0);
    }
    last.x = 5000;
    assert_int_equal(at_detector_search_near(d, &whole, &last, face, 8), 0);
    last.x = NAN;
    assert_int_equal(at_detector_search_near(d, &whole, &last, face, 8), ATTUNE_E_ARG);
    assert_int_equal(at_image_reserve(&im, 50, 50, 1), ATTUNE_OK);
    assert_int_equal(at_detector_run(d, &im, face, 8), ATTUNE_E_ARG);
    at_detector_free(&d);
    at_detector_free(&d);
    at_image_free(&im);
    at_params_free(&p);
}

/* A file is imported as a whole network or not at all: what trains on it takes its shapes for granted. */
static void imports_whole_networks(void **state)
{
    static const char long_name[] = /* of 80 bytes, one too many */
        "detector.01234567890123456789012345678901234567890123456789012345678901234567890";
    static const char *const named[] = {"detector.bbox_head.1.conv2.bias", "detector.anything",
                                        long_name};
    (void)state;
    for (int i = 0; i < 4; i++) {
        at_params p = {0}, read = {0};
        at_weights_writer *out = begin_weights();
        attune_error err = {0};
        const int one = 1;
        const float value = 1;

        vision_net_make(&p, 4, 1);
        put_params(out, &p, i > 0 ? named[i - 1] : NULL);
        if (i > 0)
            assert_int_equal(at_weights_put(out, named[i - 1], 1, &one, &value, 0), ATTUNE_OK);
        at_weights *w = end_weights(out);
        /* what a network has no use for does no harm */
        assert_int_equal(at_detector_import(&read, w, &err), i % 2 ? ATTUNE_E_FORMAT : ATTUNE_OK);
        assert_true(i % 2 == 0 || strstr(err.text, named[i - 1]));
        at_weights_free(&w);
        at_params_free(&p);
        at_params_free(&read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_damage),         cmocka_unit_test(sizes_and_threads),
        cmocka_unit_test(boxes_in_source_pixels), cmocka_unit_test(nonsense_is_no_face),
        cmocka_unit_test(turns_are_looks),        cmocka_unit_test(any_picture),
        cmocka_unit_test(imports_whole_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
