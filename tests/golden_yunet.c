/* The detector's network against ONNX Runtime's outputs for the same weights and input, and its
 * training form against its running form; then real clips, clean and degraded. Skipped where the
 * reference weights are not at hand ($ATTUNE_MODELS, or ../shared/models beside the source tree). */
#include "media/media.h"
#include "tensor/ops.h"
#include "degrade/degrade.h"
#include "made_weights.h"
#include "sanitized.h"
#include "vision/detect.h"
#include "vision/track.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

enum { SIDE = 320 };

typedef struct fixture {
    at_weights *yunet, *golden;
    at_params params;
    float *x; /* (SIDE, SIDE, 3) */
} fixture;

static int load(at_weights **w, const char *model, const char *suffix)
{
    const char *folder = getenv("ATTUNE_MODELS"), *source = getenv("ATTUNE_SRC");
    char path[512];

    if (folder)
        snprintf(path, sizeof path, "%s/%s%s.safetensors", folder, model, suffix);
    else
        snprintf(path, sizeof path, "%s/../shared/models/%s%s.safetensors", source ? source : ".",
                 model, suffix);
    if (access(path, R_OK) != 0)
        skip();
    return at_weights_load(w, path, NULL);
}

static void open_fixture(fixture *f, const char *model)
{
    *f = (fixture){0};
    assert_int_equal(load(&f->yunet, model, ""), ATTUNE_OK);
    assert_int_equal(load(&f->golden, model, ".golden"), ATTUNE_OK);
    attune_error err = {0};
    if (at_detector_import(&f->params, f->yunet, &err) != ATTUNE_OK)
        fail_msg("%s", err.text);
    f->x = at_alloc((size_t)SIDE * SIDE * 3, sizeof *f->x);
    assert_non_null(f->x);
    for (int c = 0; c < 3; c++) /* the input is given in NCHW order */
        for (int i = 0; i < SIDE * SIDE; i++)
            f->x[3 * i + c] = (float)(127.5 + 127.5 * sin(0.01 * (c * SIDE * SIDE + i)));
}

static void close_fixture(fixture *f)
{
    at_weights_free(&f->yunet);
    at_weights_free(&f->golden);
    at_params_free(&f->params);
    at_free(f->x);
}

/* Largest difference of count channels from the reference over its largest value. A probability
 * may also be off by what a sigmoid in f32 is off by: on this input obj is 1e-4 at most. */
static double difference(const float *head, int from, int count, int logits, const at_weight *ref)
{
    double worst = 0, largest = 0;

    for (size_t i = 0; i < ref->count; i++) {
        const float raw =
            head[i / (size_t)count * AT_DETECT_CHANNELS + (size_t)from + i % (size_t)count];
        const double v = logits ? 1 / (1 + exp(-raw)) : raw;
        worst = fmax(worst, fabs(v - ref->data[i]) - (logits ? 1e-6 : 0));
        largest = fmax(largest, fabs(ref->data[i]));
    }
    return worst / largest;
}

static void check_heads(const fixture *f, const float *const head[AT_DETECT_LEVELS], double limit)
{
    static const struct {
        const char *name;
        int from, count, logits;
    } part[] = {{"cls", 0, 1, 1}, {"bbox", 1, 4, 0}, {"obj", 5, 1, 1}, {"kps", 6, 10, 0}};

    for (int k = 0; k < AT_DETECT_LEVELS; k++) {
        for (int i = 0; i < 4; i++) {
            char name[32];
            snprintf(name, sizeof name, "%s_%d", part[i].name, 8 << k);
            const at_weight *ref = at_weights_find(f->golden, name);
            assert_non_null(ref);
            assert_int_equal(ref->count, (SIDE >> (3 + k)) * (SIDE >> (3 + k)) * part[i].count);
            const double d = difference(head[k], part[i].from, part[i].count, part[i].logits, ref);
            if (!(d < limit))
                fail_msg("%s differs by %.3g", name, d);
        }
    }
}

static void running(const char *model)
{
    fixture f;
    open_fixture(&f, model);
    const at_weight_source source = at_params_source(&f.params);

    for (int isa = 0; isa < AT_ISA_COUNT; isa++) {
        const at_kernels *kn = at_kernels_get((at_isa)isa);
        const float *head[AT_DETECT_LEVELS];
        at_detector *d = NULL;
        attune_error err = {0};
        if (!kn)
            continue;
        assert_int_equal(at_detector_create(&d, &source, NULL, kn, NULL, &err), ATTUNE_OK);
        assert_int_equal(at_detector_heads(d, f.x, SIDE, SIDE, head), ATTUNE_OK);
        check_heads(&f, head, 1e-3);
        at_detector_free(&d);
    }
    close_fixture(&f);
}

static void running_n(void **state)
{
    (void)state;
    running("yunet_n");
}

static void running_s(void **state)
{
    (void)state;
    running("yunet_s");
}

static void training(void **state)
{
    (void)state;
    fixture f;
    at_graph *g = NULL;
    at_tensor *head[AT_DETECT_LEVELS];
    const float *data[AT_DETECT_LEVELS];
    const int dim[4] = {1, SIDE, SIDE, 3};

    open_fixture(&f, "yunet_n");
    assert_int_equal(at_graph_create(&g, NULL, at_kernels_best(), NULL), ATTUNE_OK);
    at_graph_begin(g, AT_TRAIN, 1);
    at_tensor *x = at_tensor_new(g, 4, dim, 0);
    assert_non_null(x);
    for (size_t i = 0; i < at_tensor_count(x); i++)
        x->data[i] = f.x[i];
    assert_int_equal(at_detector_graph(g, &f.params, x, head), ATTUNE_OK);
    for (int k = 0; k < AT_DETECT_LEVELS; k++) {
        assert_int_equal(head[k]->dim[1], SIDE >> (3 + k));
        assert_int_equal(head[k]->dim[3], AT_DETECT_CHANNELS);
        data[k] = head[k]->data;
    }
    check_heads(&f, data, 1e-3);

    /* every array takes part: each gets a gradient */
    at_params_zero_grad(&f.params);
    at_tensor *loss[AT_DETECT_LEVELS];
    const float weight[AT_DETECT_LEVELS] = {1, 1, 1};
    float *zeros = at_calloc(at_tensor_count(head[0]), sizeof *zeros);
    assert_non_null(zeros);
    for (int k = 0; k < AT_DETECT_LEVELS; k++)
        loss[k] = at_mse(g, head[k], zeros, NULL);
    assert_int_equal(at_graph_backward(g, at_sum_losses(g, loss, weight, AT_DETECT_LEVELS)),
                     ATTUNE_OK);
    for (int i = 0; i < f.params.count; i++) {
        const at_param *p = f.params.list[i];
        double sum = 0;
        for (size_t k = 0; k < at_tensor_count(&p->value); k++)
            sum += fabs(p->value.grad[k]);
        if (!(sum > 0))
            fail_msg("%s has no gradient", p->name);
    }
    at_free(zeros);
    at_graph_free(&g);
    close_fixture(&f);
}

/* ---- real clips ---------------------------------------------------------------------------- */

/* What happens to each frame before detection, and the share of frames (percent) whose face must
 * still be found. */
static const struct {
    at_degrade_kind kind;
    float level;
    int found;
} conditions[] = {
    {AT_DEGRADE_BLUR, 0, 100},   {AT_DEGRADE_BLUR, 3, 95}, {AT_DEGRADE_RESOLUTION, 4, 90},
    {AT_DEGRADE_BLOCKS, 90, 95}, {AT_DEGRADE_DARK, 4, 95}, {AT_DEGRADE_NOISE, 25, 95},
    {AT_DEGRADE_MASK, 35, 90},
};
enum { CONDITIONS = sizeof conditions / sizeof conditions[0] };

typedef struct tally {
    int frames, found[CONDITIONS], tracks;
} tally;

/* Eyes above nose above mouth, left before right, all inside the box. */
static void check_layout(const at_face *f)
{
    const float(*p)[2] = f->landmark;

    for (int i = 0; i < AT_LANDMARKS; i++)
        assert_true(p[i][0] > f->x && p[i][0] < f->x + f->w && p[i][1] > f->y &&
                    p[i][1] < f->y + f->h);
    assert_true(p[0][0] < p[1][0] && p[3][0] < p[4][0]);
    assert_true(p[0][1] < p[2][1] && p[2][1] < p[3][1]);
}

static void watch(at_detector *d, const char *path, tally *t)
{
    const at_media_options o = {.no_audio = 1, .rate = SANITIZED ? 1 : 4};
    at_media *m = NULL;
    at_media_packet packet;
    at_tracker tracker;
    at_image copy = {0};
    at_picture_work work = {0};
    at_rng rng;
    uint32_t id = 0;

    at_rng_seed(&rng, 1, 0);
    at_tracker_init(&tracker, NULL);
    assert_int_equal(at_media_open(&m, path, &o, NULL), ATTUNE_OK);
    while (at_media_next(m, &packet, NULL) == 1) {
        at_face face[4], near[4];
        const int n = at_detector_search(d, &packet.picture, face, 4);
        assert_int_equal(n, 1);
        check_layout(&face[0]);
        assert_int_equal(at_detector_search_near(d, &packet.picture, &face[0], near, 4), 1);
        assert_true(at_face_iou(&face[0], &near[0]) > 0.75F);
        at_tracker_update(&tracker, packet.t_us, face, n, NULL);
        t->tracks += tracker.track[0].id != id;
        id = tracker.track[0].id;
        t->frames++;
        for (int k = 0; k < CONDITIONS; k++) {
            at_face worse;
            assert_int_equal(at_picture_whole(&copy, &work, &packet.picture), ATTUNE_OK);
            assert_int_equal(
                at_degrade(&copy, conditions[k].kind, conditions[k].level, &face[0], &rng, NULL),
                ATTUNE_OK);
            t->found[k] += at_detector_run(d, &copy, &worse, 1) == 1 &&
                           at_face_iou(&face[0], &worse) > 0.5F;
        }
    }
    at_media_free(&m);
    at_picture_work_free(&work);
    at_image_free(&copy);
}

static void real_clips(void **state)
{
    (void)state;
    static const char *const clips[] = {"bbaf2n", "brbk7n", "lbax4n", "sbia1a"};
    const char *data = getenv("ATTUNE_DATA"), *source = getenv("ATTUNE_SRC");
    at_weights *yunet = NULL;
    at_params params = {0};
    at_detector *d = NULL;
    tally t = {0};
    int seen = 0;

    assert_int_equal(load(&yunet, "yunet_n", ""), ATTUNE_OK);
    assert_int_equal(at_detector_import(&params, yunet, NULL), ATTUNE_OK);
    const at_weight_source weights = at_params_source(&params);
    assert_int_equal(at_detector_create(&d, &weights, NULL, at_kernels_best(), NULL, NULL),
                     ATTUNE_OK);
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++) {
        char path[512];
        if (data)
            snprintf(path, sizeof path, "%s/grid/%s.mpg", data, clips[i]);
        else
            snprintf(path, sizeof path, "%s/../shared/data/grid/%s.mpg", source ? source : ".",
                     clips[i]);
        if (access(path, R_OK) != 0)
            continue;
        watch(d, path, &t);
        seen++;
    }
    at_detector_free(&d);
    at_params_free(&params);
    at_weights_free(&yunet);
    if (seen == 0)
        skip();
    assert_true(t.frames >= (SANITIZED ? 3 : 11) * seen);
    assert_int_equal(t.tracks, seen); /* one number for the whole of a clip */
    for (int k = 0; k < CONDITIONS; k++) {
        if (100 * t.found[k] < conditions[k].found * t.frames)
            fail_msg("%s at %g: the face is found in %d of %d frames",
                     at_degradations[conditions[k].kind].name, conditions[k].level, t.found[k],
                     t.frames);
    }
}

/* What training saves, among what else a model holds, is read as YuNet's own file is. */
static void a_trained_one_is_read(void **state)
{
    (void)state;
    static const float other[2] = {1, 2};
    static const int two = 2;
    fixture f;
    at_weights_writer *writer = begin_weights();
    at_params read = {0};

    open_fixture(&f, "yunet_n");
    assert_int_equal(at_weights_put(writer, "audio.score0.bias", 1, &two, other, 0), ATTUNE_OK);
    put_params(writer, &f.params, NULL);
    at_weights *ours = end_weights(writer);
    assert_int_equal(at_detector_import(&read, ours, NULL), ATTUNE_OK);
    assert_int_equal(read.count, f.params.count);
    for (int i = 0; i < read.count; i++) {
        const at_tensor *is = &read.list[i]->value, *was = &f.params.list[i]->value;
        assert_string_equal(read.list[i]->name, f.params.list[i]->name);
        assert_int_equal(at_tensor_count(is), at_tensor_count(was));
        assert_memory_equal(is->data, was->data, at_tensor_count(was) * sizeof(float));
    }
    at_params_free(&read);
    at_weights_free(&ours);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_n),  cmocka_unit_test(running_s),
        cmocka_unit_test(training),   cmocka_unit_test(a_trained_one_is_read),
        cmocka_unit_test(real_clips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
