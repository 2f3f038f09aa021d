/* The networks in eight bits: near what they are in f32 at sizes even and odd, the same bits from every
 * table and pool, and made of no other model's ranges. Kernels are tested in parity_q8.c.
 */
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "distance.h"
#include "made_weights.h"
#include "model/ranges.h"
#include "model/visual.h"
#include "model/visual_q8.h"
#include "one_thread_case.h"
#include "sanitized.h"
#include "temp_folder.h"
#include "vision/detect.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { SIDE = 112, PICTURE = 96 };

static char model_path[4096];
static at_weights *model, *ranges;

static int load(void **state)
{
    const char *root = getenv("ATTUNE_SRC");
    (void)state;
    snprintf(model_path, sizeof model_path, "%s/models/default.safetensors", root ? root : ".");
    return at_weights_load(&model, model_path, NULL) ||
           at_ranges_load(&ranges, model, model_path, NULL);
}

static int unload(void **state)
{
    (void)state;
    at_weights_free(&model);
    at_weights_free(&ranges);
    return 0;
}

/* Something like a face: an oval, two eyes and a mouth. */
static void draw(uint8_t *rgb, int side)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++, rgb += 3) {
            const float u = 2 * ((float)x + 0.5F) / (float)side - 1;
            const float v = 2 * ((float)y + 0.5F) / (float)side - 1;
            int shade = 60 + (int)(30 * u);
            if (u * u / 0.5F + v * v / 0.8F < 1)
                shade = 180 + (int)(30 * v);
            if (powf((fabsf(u) - 0.3F) / 0.15F, 2) + powf((v + 0.2F) / 0.08F, 2) < 1 ||
                (fabsf(u) < 0.35F && fabsf(v - 0.45F + u * u / 2) < 0.05F))
                shade = 40;
            rgb[0] = (uint8_t)shade;
            rgb[1] = (uint8_t)(shade * 9 / 10);
            rgb[2] = (uint8_t)(shade * 8 / 10);
        }
}

static void look(const at_visual_net *net, at_pool *pool, int side, at_views views,
                 at_visual_result *r)
{
    static uint8_t face[SIDE * SIDE * 3];
    float *work = at_alloc(at_visual_workspace(net, pool, side), sizeof *work);
    assert_non_null(work);
    draw(face, side);
    at_visual_run(net, pool, face, side, views, work, r);
    at_free(work);
}

/* A network with random weights. */
static at_weights *random_network(at_params *p)
{
    at_rng rng;
    at_rng_seed(&rng, 5, 0);
    assert_int_equal(at_visual_init(p, &rng, NULL), ATTUNE_OK);
    for (int i = 0; i < p->count; i++) {
        const at_tensor *v = &p->list[i]->value;
        if (strstr(p->list[i]->name, ".beta"))
            for (size_t k = 0; k < at_tensor_count(v); k++)
                v->data[k] = at_rng_range(&rng, -0.5F, 1.5F);
    }
    return weights_of(p);
}

/* Ranges of its activations on the drawn face. */
static void watch(at_params *p, int side, at_mb_ranges *out)
{
    static uint8_t face[SIDE * SIDE * 3];
    static float x[SIDE * SIDE * 3];
    at_mb_observer *seen;
    at_graph *g;
    at_visual_out said;
    draw(face, side);
    for (int i = 0; i < 3 * side * side; i++)
        x[i] = ((float)face[i] - 127.5F) / 127.5F;
    assert_int_equal(at_mb_observer_create(&seen, NULL), ATTUNE_OK);
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_INFER, 0);
    at_visual_forward(g, p, at_visual_input(g, x, 1, side), &(at_visual_options){.observer = seen},
                      &said);
    *out = *at_mb_observer_ranges(seen);
    at_graph_free(&g);
    at_mb_observer_free(&seen);
}

static void test_face_is_near(void **state)
{
    static const int sides[] = {112, 80, 75};
    static at_visual_result f32, int8, again;
    at_params p = {0};
    at_visual_net *net;
    at_mb_ranges r;
    at_weights *w = random_network(&p);
    (void)state;
    assert_int_equal(at_visual_freeze(&net, w, at_kernels_best(), NULL), ATTUNE_OK);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (at_views views = AT_AS_IT_IS; views <= AT_MIRRORED; views++) {
            watch(&p, sides[i], &r);
            look(net, NULL, sides[i], views, &f32);
            assert_int_equal(at_visual_quantise(net, w, &r, NULL), ATTUNE_OK);
            look(net, NULL, sides[i], views, &int8);
            at_visual_use_f32(net);
            look(net, NULL, sides[i], views, &again);
            assert_memory_equal(&f32, &again, sizeof f32);
            const double d = relative_distance(f32.embedding, int8.embedding, AT_VISUAL_EMBED);
            assert_true(d > 1e-6 && d < 0.13);
        }
    at_visual_free(&net);
    at_weights_free(&w);
    at_params_free(&p);
}

/* Features of the default model's network with one table and pool. */
static void features_by(const at_q8_kernels *kn, int threads, const at_mb_ranges *r, float *out)
{
    static uint8_t face[SIDE * SIDE * 3];
    at_visual_q8 *v;
    at_pool *pool;
    draw(face, SIDE);
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    assert_int_equal(at_visual_q8_create(&v, model, r, kn, NULL), ATTUNE_OK);
    uint8_t *work = at_alloc(at_visual_q8_workspace(v, pool, SIDE), 1);
    assert_non_null(work);
    assert_int_equal(at_visual_q8_run(v, pool, face, SIDE, 0, work, out), 4);
    at_free(work);
    at_visual_q8_free(&v);
    at_pool_free(&pool);
}

/* Of each table and pool, with ranges as they are and with ones that nothing fits. Seven threads are more
 * than the last maps have rows. */
static void test_features_are_the_same(void **state)
{
    static const int threads[] = {1, 2, 3, 7};
    static float want[16 * AT_MB_FEATURES], got[16 * AT_MB_FEATURES];
    at_mb_ranges r[2];
    (void)state;
    assert_int_equal(at_mb_ranges_read(&r[0], ranges, NULL), ATTUNE_OK);
    r[1] = r[0];
    for (int i = 0; i < AT_MB_BLOCKS; i++)
        r[1].widened[i] = 1e-9F;
    for (int k = THREAD_SANITIZED; k < 2; k++) { /* to threads all ranges are alike */
        features_by(at_q8_get(AT_Q8_C), 1, &r[k], want);
        for (int isa = 0; isa < AT_Q8_ISA_COUNT; isa++)
            for (size_t t = 0; at_q8_get((at_q8_isa)isa) && t < sizeof threads / sizeof *threads;
                 t++) {
                if (THREAD_SANITIZED && threads[t] != 3)
                    continue;
                features_by(at_q8_get((at_q8_isa)isa), threads[t], &r[k], got);
                assert_memory_equal(got, want, sizeof want);
            }
    }
}

/* Maps that residuals tie together, those after blocks 6 to 9, have the largest of their ranges. */
static void test_residuals_share_a_range(void **state)
{
    static float one[16 * AT_MB_FEATURES], other[16 * AT_MB_FEATURES];
    at_mb_ranges r;
    (void)state;
    assert_int_equal(at_mb_ranges_read(&r, ranges, NULL), ATTUNE_OK);
    const float most = fmaxf(fmaxf(r.map[6], r.map[7]), fmaxf(r.map[8], r.map[9]));
    features_by(at_q8_best(), 1, &r, one);
    for (int i = 6; i < 10; i++) {
        for (int k = 6; k < 10; k++)
            r.map[k] = k == i ? most : 0;
        features_by(at_q8_best(), 1, &r, other);
        assert_memory_equal(one, other, sizeof one);
    }
}

/* Heads of the drawn face in a wider picture, with the second file or without. */
static void detect(const at_weights *with, int threads, float *out, size_t *n)
{
    static float x[PICTURE * 2 * PICTURE * 3];
    static uint8_t face[PICTURE * PICTURE * 3];
    const at_weights_pair pair = {model, with};
    const at_weight_source source = at_weights_pair_source(&pair);
    const float *head[AT_DETECT_LEVELS];
    at_detector *d;
    at_pool *pool;
    draw(face, PICTURE);
    for (int y = 0; y < PICTURE; y++)
        for (int i = 0; i < 3 * PICTURE; i++) {
            x[y * 6 * PICTURE + i] = 90;
            x[(y * 2 + 1) * 3 * PICTURE + i] = face[y * 3 * PICTURE + i];
        }
    assert_int_equal(at_pool_create(&pool, threads, NULL), 0);
    assert_int_equal(at_detector_create(&d, &source, pool, at_kernels_best(), NULL, NULL), 0);
    *n = 0;
    for (int twice = 0; twice < 2; twice++) /* buffers are kept */
        assert_int_equal(at_detector_heads(d, x, PICTURE, 2 * PICTURE, head), 0);
    for (int k = 0; k < AT_DETECT_LEVELS; k++) {
        const size_t cells = (PICTURE >> (3 + k)) * (size_t)(2 * PICTURE >> (3 + k));
        memcpy(out + *n, head[k], cells * AT_DETECT_CHANNELS * sizeof *out);
        *n += cells * AT_DETECT_CHANNELS;
    }
    at_detector_free(&d);
    at_pool_free(&pool);
}

static void test_detector_is_near(void **state)
{
    enum { MOST = 2 * PICTURE * PICTURE / 64 * AT_DETECT_CHANNELS * 2 };
    static float f32[MOST], int8[MOST], other[MOST];
    size_t n;
    (void)state;
    detect(NULL, 1, f32, &n);
    detect(ranges, 1, int8, &n);
    const double d = relative_distance(f32, int8, n);
    assert_true(d > 1e-6 && d < 0.12);
    for (int threads = 2; threads < 9; threads += 3) {
        detect(ranges, threads, other, &n);
        assert_memory_equal(int8, other, n * sizeof *int8);
    }
}

/* ---- files of ranges ------------------------------------------------------------------------------ */

/* The digest's name is changed in place. */
static void write_without_digest(const at_range_array *list, const char *path)
{
    static char text[1 << 14];
    size_t n;
    FILE *f;

    assert_int_equal(at_ranges_save(list, AT_MB_RANGE_ARRAYS, model, path, NULL), ATTUNE_OK);
    f = fopen(path, "r+b");
    n = fread(text, 1, sizeof text, f);
    char *name = memmem(text, n, "xxh64", 5);
    assert_non_null(name);
    name[0] = 'y';
    rewind(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static void test_ranges(void **state)
{
    at_mb_ranges r, back;
    at_range_array list[AT_MB_RANGE_ARRAYS];
    at_weights *w;
    attune_error err;
    (void)state;
    const char *path = in_folder("m.safetensors"), *beside = made_in_folder("m.int8.safetensors");
    assert_int_equal(at_ranges_load(&w, model, path, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, beside));

    for (int i = 0; i < AT_MB_BLOCKS; i++)
        r.widened[i] = 1 + (float)i, r.depthwise[i] = 2 * r.widened[i], r.map[i] = 0.5F;
    at_mb_range_arrays(&r, list);
    assert_int_equal(at_ranges_save(list, AT_MB_RANGE_ARRAYS, model, beside, &err), ATTUNE_OK);
    assert_int_equal(at_ranges_load(&w, model, path, &err), ATTUNE_OK);
    assert_int_equal(at_mb_ranges_read(&back, w, &err), ATTUNE_OK);
    assert_memory_equal(&r, &back, sizeof r);
    at_weights_free(&w);

    /* the ranges' own file is another model */
    assert_int_equal(at_ranges_load(&w, ranges, path, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "of another model"));
    assert_null(w);

    write_without_digest(list, beside);
    assert_int_equal(at_ranges_load(&w, model, path, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "has no digest"));
    assert_int_equal(at_weights_load(&w, beside, &err),
                     ATTUNE_OK); /* nobody could tell whose they are */
    assert_int_equal(at_ranges_save(list, AT_MB_RANGE_ARRAYS, w, path, &err), ATTUNE_E_FORMAT);
    assert_int_equal(access(path, F_OK), -1);
    at_weights_free(&w);

    r.map[3] = -1;
    assert_int_equal(at_ranges_save(list, AT_MB_RANGE_ARRAYS, model, beside, &err), ATTUNE_OK);
    assert_int_equal(at_ranges_load(&w, model, path, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "visual.range.map"));

    assert_int_equal(at_ranges_save(list, 2, model, beside, &err), ATTUNE_OK);
    assert_int_equal(at_ranges_load(&w, model, path, &err), ATTUNE_OK);
    assert_int_equal(at_mb_ranges_read(&back, w, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "visual.range.map is missing"));
    at_weights_free(&w);
}

/* Ranges of nothing, and of very much, make a network all the same. */
static void test_odd_ranges(void **state)
{
    static const float odd[] = {0, 1e-30F, 1e6F};
    static at_visual_result out;
    at_visual_net *net;
    at_mb_ranges r;
    (void)state;
    assert_int_equal(at_visual_freeze(&net, model, at_kernels_best(), NULL), ATTUNE_OK);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (int b = 0; b < AT_MB_BLOCKS; b++)
            r.widened[b] = r.depthwise[b] = r.map[b] = odd[i];
        assert_int_equal(at_visual_quantise(net, model, &r, NULL), ATTUNE_OK);
        look(net, NULL, 64, AT_AS_IT_IS, &out);
        for (int k = 0; k < AT_FACE_CLASSES; k++)
            assert_true(isfinite(out.expression[k]));
    }
    at_visual_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        one_thread_case(test_face_is_near),
        cmocka_unit_test(test_features_are_the_same),
        one_thread_case(test_residuals_share_a_range),
        cmocka_unit_test(test_detector_is_near),
        cmocka_unit_test_setup_teardown(test_ranges, make_folder, remove_folder),
        one_thread_case(test_odd_ranges),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
