/* What learning is made of beside the loop (unit_loop.c): class weights, calibration fits, starting from a
 * file, mixing, sets of voices. */
#include "made_weights.h"
#include "temp_folder.h"
#include "tensor/ops.h"
#include "train/calibrate.h"
#include "train/checkpoint.h"
#include "train/cache_key.h"
#include "train/clip_set.h"
#include "train/class_weights.h"
#include "train/drawn_harm.h"
#include "train/mixup.h"
#include "train/voice_set.h"
#include "base/hash.h"
#include "base/mem.h"
#include "kernels/kernels.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

/* ---- class weights --------------------------------------------------------------------------- */

static void test_class_weights(void **state)
{
    const double count[] = {60, 30, 10, 0}, none[] = {0, 0};
    float w[4];
    (void)state;
    at_class_weights(count, 3, 1, w); /* inverse to the frequency: total / (n count) */
    assert_float_equal(w[0], 100. / 180, 1e-6);
    assert_float_equal(w[1], 100. / 90, 1e-6);
    assert_float_equal(w[2], 100. / 30, 1e-6);
    at_class_weights(count, 4, 1, w);
    assert_float_equal(w[2] / w[0], 6, 1e-5);
    assert_float_equal(0.6 * (double)w[0] + 0.3 * (double)w[1] + 0.1 * (double)w[2], 1, 1e-6);
    assert_float_equal(w[3], 0, 0);
    at_class_weights(count, 3, 0, w);
    assert_float_equal(w[0], 1, 1e-6);
    assert_float_equal(w[2], 1, 1e-6);
    at_class_weights(none, 2, 1, w);
    assert_float_equal(w[1], 1, 0);
}

/* ---- calibration ------------------------------------------------------------------------------ */

static int draw(at_rng *r, const double *p, int n)
{
    double u = at_rng_float(r);
    int k = 0;
    while (k < n - 1 && (u -= p[k]) >= 0)
        k++;
    return k;
}

static void test_temperature(void **state)
{
    enum { N = 20000, C = 4 };
    float *logit = malloc(N * C * sizeof *logit);
    int *label = malloc(N * sizeof *label);
    at_rng r;
    (void)state;
    at_rng_seed(&r, 11, 0);
    for (int i = 0; i < N; i++) { /* labels drawn from softmax(logit / 2 + k / 4) */
        double p[C], sum = 0;
        for (int k = 0; k < C; k++) {
            logit[i * C + k] = 3 * at_rng_normal(&r);
            sum += p[k] = exp((double)logit[i * C + k] / 2);
        }
        for (int k = 0; k < C; k++)
            p[k] /= sum;
        label[i] = draw(&r, p, C);
    }
    assert_float_equal(at_fit_temperature(logit, label, N, C), 2, 0.1);
    assert_float_equal(at_fit_temperature(logit, label, 0, C), 1, 0);
    free(logit);
    free(label);
}

static void test_levels(void **state)
{
    enum { N = 20000 };
    float *logit = malloc(N * AT_THRESHOLDS * sizeof *logit), scale, bias[AT_THRESHOLDS];
    int *level = malloc(N * sizeof *level);
    at_rng r;
    (void)state;
    at_rng_seed(&r, 12, 0);
    for (int i = 0; i < N;
         i++) { /* logits of P(level > k) = sigmoid(x - k); handed over doubled, less 1 */
        double x = 2 * (double)at_rng_normal(&r), u = at_rng_float(&r);
        level[i] = 0;
        for (int k = 0; k < AT_THRESHOLDS; k++) {
            level[i] += u < 1 / (1 + exp(-(x - k)));
            logit[i * AT_THRESHOLDS + k] = (float)(2 * (x - k) - 1);
        }
    }
    at_fit_levels(logit, level, N, &scale, bias);
    assert_float_equal(scale, 0.5, 0.03);
    for (int k = 0; k < AT_THRESHOLDS; k++)
        assert_float_equal(bias[k], 0.5, 0.08);
    free(logit);
    free(level);
}

/* Few answers far from 0, where scale and biases pull at each other: the slope in each is 0 at the
 * best, not nearly so. */
static void test_levels_converge(void **state)
{
    enum { N = 40 };
    float logit[N * AT_THRESHOLDS], scale, bias[AT_THRESHOLDS];
    double slope[1 + AT_THRESHOLDS] = {0};
    int level[N];
    (void)state;
    for (int i = 0; i < N; i++) {
        level[i] = i * 7 % 4;
        for (int k = 0; k < AT_THRESHOLDS; k++)
            logit[i * AT_THRESHOLDS + k] = 2 - (float)k + 0.6f * (float)level[i] +
                                           0.5f * (float)(i * 5 % 7);
    }
    at_fit_levels(logit, level, N, &scale, bias);
    for (int i = 0; i < N * AT_THRESHOLDS; i++) {
        int k = i % AT_THRESHOLDS;
        double z = (double)(scale * logit[i] + bias[k]);
        double off = 1 / (1 + exp(-z)) - (level[i / AT_THRESHOLDS] > k);
        slope[0] += off * (double)logit[i];
        slope[1 + k] += off;
    }
    assert_true(scale > 0.1f && scale < 4.9f);
    for (int k = 0; k <= AT_THRESHOLDS; k++)
        assert_float_equal(slope[k], 0, 1e-3);
}

static void test_reference(void **state)
{
    float x[5 * 2] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0}, mean[2], var[2], q[5] = {5, 1, 4, 2, 3};
    (void)state;
    at_fit_reference(x, 5, 2, mean, var);
    assert_float_equal(mean[0], 3, 1e-6);
    assert_float_equal(var[0], 2.5, 1e-6);
    assert_float_equal(var[1], 0.0125, 1e-6); /* the floor */
    assert_float_equal(at_quantile(q, 5, 0.5), 3, 1e-6);
    assert_float_equal(at_quantile(q, 5, 0.875), 4.5, 1e-6);
    assert_float_equal(at_quantile(q, 5, 1), 5, 1e-6);
}

/* ---- starting from a file ------------------------------------------------------------------- */

static void make_params(at_params *p, int with_new, float value)
{
    static const char *const name[] = {"net.old.weight", "net.new.weight"};
    for (int i = 0; i < 1 + with_new; i++) {
        at_param *q = at_params_get(p, name[i], 1, (int[]){2});
        assert_non_null(q);
        q->value.data[0] = q->value.data[1] = value;
    }
}

/* Other programs' files may have arrays that no network of ours could: longer names, more dimensions. */
static void test_foreign_arrays(void **state)
{
    static const char long_name[] = /* of 80 bytes, one too many */
        "audio.01234567890123456789012345678901234567890123456789012345678901234567890123";
    static const int deep[] = {1, 1, 1, 1, 1, 1, 1};
    static const float one = 1;
    (void)state;
    for (int i = 0; i < 3; i++) {
        const char *name = i == 1 ? long_name : "audio.a";
        at_weights_writer *out = begin_weights();
        at_params p = {0};
        attune_error err = {0};
        assert_int_equal(at_weights_put(out, name, i == 2 ? 7 : 1, deep, &one, 0), 0);
        at_weights *w = end_weights(out);
        assert_int_equal(at_params_copy(&p, w, "audio", NULL, &err),
                         i ? ATTUNE_E_FORMAT : ATTUNE_OK);
        assert_int_equal(p.count, i == 0);
        at_weights_free(&w);
        at_params_free(&p);
    }
}

/* A head that the file lacks keeps its values where that was asked for, and is an error otherwise. */
static void test_optional(void **state)
{
    const char *path = made_in_folder("params");
    at_params old = {0}, now = {0};
    attune_error err;
    (void)state;
    make_params(&old, 0, 5);
    make_params(&now, 1, 1);
    assert_int_equal(at_params_save(path, &old, NULL, NULL), 0);
    assert_int_equal(at_params_load(path, &now, NULL, &err), ATTUNE_E_FORMAT);
    assert_non_null(strstr(err.text, "net.new.weight"));
    assert_int_equal(at_params_load(path, &now, (const char *[]){"net.old.", NULL}, &err),
                     ATTUNE_E_FORMAT);
    assert_int_equal(at_params_load(path, &now, (const char *[]){"net.new.", NULL}, &err), 0);
    assert_float_equal(at_params_find(&now, "net.old.weight")->value.data[1], 5, 0);
    assert_float_equal(at_params_find(&now, "net.new.weight")->value.data[1], 1, 0);
    at_params_free(&old);
    at_params_free(&now);
}

/* ---- mixup ---------------------------------------------------------------------------------- */

enum { ROWS = 5, PIXELS = 7 };

typedef struct mixed {
    float x[ROWS * PIXELS], covered[ROWS];
    at_face_labels labels;
} mixed;

/* Row i is all i, votes and basic label for class i. Row 1 has no FER2013 label. */
static void make_rows(mixed *m)
{
    assert_int_equal(at_face_labels_create(&m->labels, ROWS, NULL), 0);
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < PIXELS; k++)
            m->x[i * PIXELS + k] = (float)i;
        m->covered[i] = 0.1f * (float)i;
        m->labels.votes[i * AT_FACE_CLASSES + i] = m->labels.votes_row[i] = 1;
        m->labels.basic[i * AT_BASIC_CLASSES + i] = 1;
        m->labels.basic_row[i] = i != 1;
    }
}

/* Row `row` must be keep of class a and the rest of class b, in everything. */
static void assert_mix(const mixed *m, int row, int a, int b, float keep)
{
    const at_face_labels *l = &m->labels;
    float value = keep * (float)a + (1 - keep) * (float)b;
    for (int k = 0; k < PIXELS; k++)
        assert_float_equal(m->x[row * PIXELS + k], value, 1e-5);
    for (int k = 0; k < AT_BASIC_CLASSES; k++) {
        float share = k == a ? keep : k == b ? 1 - keep : 0;
        assert_float_equal(l->votes[row * AT_FACE_CLASSES + k], share, 1e-6);
        assert_float_equal(l->basic[row * AT_BASIC_CLASSES + k], share, 1e-6);
    }
    assert_float_equal(m->covered[row], 0.1f * value, 1e-5);
}

/* Rows 0 and 2 are mixed; 3 and 4 are; 1, which lacks a label, is left alone. */
static void test_mixup(void **state)
{
    float keeps[40];
    int middle = 0;
    (void)state;
    for (int seed = 0; seed < 40; seed++) {
        mixed m = {0}, again = {0};
        make_rows(&m);
        make_rows(&again);
        at_mix_faces(m.x, PIXELS, &m.labels, m.covered, ROWS, 0.4f, (uint64_t)seed);
        at_mix_faces(again.x, PIXELS, &again.labels, again.covered, ROWS, 0.4f, (uint64_t)seed);
        assert_memory_equal(m.x, again.x, sizeof m.x);
        float keep = keeps[seed] = m.labels.votes[2 * AT_FACE_CLASSES + 2];
        assert_true(keep >= 0 && keep <= 1);
        middle += keep > 0.2f && keep < 0.8f;
        assert_mix(&m, 2, 2, 0, keep);
        assert_mix(&m, 0, 0, 2, keep);
        assert_float_equal(m.x[PIXELS], 1, 0);
        assert_float_equal(m.labels.votes[AT_FACE_CLASSES + 1], 1, 0);
        assert_mix(&m, 4, 4, 3, m.labels.votes[4 * AT_FACE_CLASSES + 4]);
        at_face_labels_free(&m.labels);
        at_face_labels_free(&again.labels);
    }
    assert_in_range(middle, 4, 26); /* Beta(0.4, 0.4): a third lies there, uniform would be 24 */
}

static void test_mixed_voices(void **state)
{
    enum { N = 3, FLOATS = 4, CLASSES = 2 };
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        float x[N * FLOATS] = {1, 1, 1, 0, 3, 3, 0, 0, 5, 5, 5, 5};
        float target[N * CLASSES] = {1, 0, 0, 1, 1, 0};
        int lengths[N] = {3, 2, 4};
        at_mix_voices(x, FLOATS, lengths, target, CLASSES, N, 0.5f, seed);
        float keep = target[0];
        assert_true(keep >= 0 && keep <= 1);
        assert_float_equal(target[1], 1 - keep, 1e-6);
        assert_float_equal(x[0], keep + 3 * (1 - keep), 1e-5);
        assert_float_equal(x[2], keep, 1e-5); /* the second is silent there */
        assert_float_equal(x[FLOATS], 3 * keep + 1 - keep, 1e-5);
        assert_int_equal(lengths[0], 3);
        assert_int_equal(lengths[1], 3);
        assert_int_equal(lengths[2], 4); /* without a partner */
        assert_float_equal(x[2 * FLOATS], 5, 0);
        assert_float_equal(target[2 * CLASSES], 1, 0);
    }
}

/* Whatever alpha a recipe may have gives a share, and one that is nearly 0 gives one of both. */
static void test_mixed_by_any_alpha(void **state)
{
    static const float alphas[] = {1e-45f, 1e-30f, 1e-6f, 1e-3f, 1};
    (void)state;
    for (int i = 0; i < 5; i++) {
        int first = 0;
        for (uint64_t seed = 0; seed < 40; seed++) {
            float x[2] = {0}, target[2] = {1, 0};
            int lengths[2] = {1, 1};
            at_mix_voices(x, 1, lengths, target, 1, 2, alphas[i], seed);
            assert_true(target[0] >= 0 && target[0] <= 1);
            assert_true(i > 2 || target[0] < 1e-3f || target[0] > 1 - 1e-3f);
            first += target[0] > 0.5f;
        }
        assert_in_range(first, 8, 32);
    }
}

/* ---- sets of voices ------------------------------------------------------------------------- */

/* RAVDESS's neutral calm happy sad angry fearful disgust surprised; the second set has two of them. */
static void test_voice_classes(void **state)
{
    int set_of[] = {0, 1, 0, 1}, label[] = {4, 2, 1, 3};
    const at_voice_set s = {.sets = 2,
                            .head = {AT_HEAD_VOICE8, AT_HEAD_EMOTION7},
                            .classes = {0xff, 0x0c},
                            .set_of = set_of,
                            .label = label};
    const int batch[] = {1, 3, 1, 0, 3};
    float target[8], prior[5 * 8], p[8];
    (void)state;
    at_voice_set_target(&s, 0, 0.4f, target);
    for (int k = 0; k < 8; k++)
        assert_float_equal(target[k], k == 4 ? 0.65 : 0.05, 1e-6);
    at_voice_set_target(&s, 3, 0.4f, target);
    for (int k = 0; k < 8; k++)
        assert_float_equal(target[k], k == 3 ? 0.8 : k == 2 ? 0.2 : 0, 1e-6);
    for (int pairs = 0; pairs < 2; pairs++) {
        at_voice_set_prior(&s, batch, 5, pairs, 1.5f, prior);
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 8; k++) {
                int all = i == 3 || (pairs && i == 2); /* of the set with all classes */
                int there = all || k == 2 || k == 3;
                assert_float_equal(prior[i * 8 + k], there ? 0 : -1.5, 0);
            }
    }
    const float native[8] = {0.1f, 0.2f, 0.3f, 0.1f, 0.1f, 0.1f, 0.05f, 0.05f};
    assert_int_equal(at_voice_set_answer(&s, 0, native, p), 8);
    assert_float_equal(p[1], 0.2, 1e-6);
    assert_int_equal(at_voice_set_answer(&s, 1, native, p), 7);
    assert_float_equal(p[ATTUNE_NEUTRAL], 0.3, 1e-6); /* calm counts as neutral */
    assert_float_equal(p[ATTUNE_SURPRISED], 0.05, 1e-6);
}

/* Clips that are kept with numbers which no clip has are made anew. */
static void test_kept_clips(void **state)
{
    const char *path = made_in_folder("clips");
    at_clip_set a = {.stills = 2, .versions = 2, .frames = 3}, b = a;
    (void)state;
    assert_int_equal(at_clip_room(&a, NULL), ATTUNE_OK);
    assert_int_equal(at_clip_room(&b, NULL), ATTUNE_OK);
    a.t_us[5] = 70000;
    assert_int_equal(at_clip_save(&a, path, NULL), ATTUNE_OK);
    assert_int_equal(at_clip_load(&b, path), 1);
    assert_int_equal(b.t_us[5], 70000);
    for (int i = 0; i < 4; i++) {
        a.t_us[5] = i == 0 ? -1000 : i == 1 ? INT64_C(20000000000) : 0;
        a.token[7] = i == 2 ? NAN : 0;
        a.answer[3] = i == 3 ? -1e9f : 0;
        assert_int_equal(at_clip_save(&a, path, NULL), ATTUNE_OK);
        assert_int_equal(at_clip_load(&b, path), 0);
    }
    at_clip_set_free(&a);
    at_clip_set_free(&b);
}

static void test_draw(void **state)
{
    enum { N = 10 };
    const int set_of[N] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
    const double share[] = {0.5, 1.5};
    const at_draw d = {N, 2, set_of, share};
    int a[16], b[16], c[16], count[N] = {0}, first = 0;
    (void)state;
    assert_int_equal(at_draw_count(&d), 9);
    assert_int_equal(at_draw_order(&d, 3, 1, a), 0);
    assert_int_equal(at_draw_order(&d, 3, 1, b), 0);
    assert_int_equal(at_draw_order(&d, 3, 2, c), 0);
    assert_memory_equal(a, b, 9 * sizeof *a);
    assert_memory_not_equal(a, c, 9 * sizeof *a);
    for (int i = 0; i < 9; i++) {
        count[a[i]]++;
        first += a[i] < 6;
    }
    assert_int_equal(first, 3);
    for (int i = 0; i < N; i++)
        assert_true(i < 6 ? count[i] <= 1 : count[i] == 1 || count[i] == 2);
    /* and of half a set another half each epoch */
    for (int epoch = 2; epoch < 20; epoch++) {
        assert_int_equal(at_draw_order(&d, 3, epoch, c), 0);
        for (int i = 0; i < 9; i++)
            count[c[i]]++;
    }
    for (int i = 0; i < N; i++)
        assert_true(count[i] > 0);
}

/* ---- degradations ----------------------------------------------------------------------------- */

enum { DRAWN = 1000, KINDS = 4 };

typedef struct spread {
    float least, most;
} spread;

static void meet(spread *s, uint64_t seed, uint64_t sample)
{
    at_rng r;
    at_rng_seed(&r, seed, sample);
    const float x = at_rng_float(&r);
    s->least = fminf(s->least, x);
    s->most = fmaxf(s->most, x);
}

static void assert_anywhere(const spread *s)
{
    assert_true(s->least < 0.05f);
    assert_true(s->most > 0.95f);
}

/* Which it is says nothing of where it lies, nor of what else is drawn by the same numbers. */
static void test_a_harm_looks_any_way(void **state)
{
    const at_harm_settings list[KINDS] = {{"blur", 4}, {"patch", 60}, {"dark", 4}, {"noise", 25}};
    spread look[KINDS], other[KINDS];
    (void)state;
    for (int k = 0; k < KINDS; k++)
        look[k] = other[k] = (spread){1, 0};
    for (uint64_t i = 0; i < DRAWN; i++) {
        const at_harms h = at_drawn_harm(list, KINDS, 0, 5, i);
        int k = 0;
        while (at_degrade_find(list[k].kind) != h.list[0].kind)
            k++;
        meet(&look[k], h.seed, i);
        meet(&other[k], 5, i);
    }
    for (int k = 0; k < KINDS; k++) {
        assert_anywhere(&look[k]);
        assert_anywhere(&other[k]);
    }
}

/* ---- keys of what is kept --------------------------------------------------------------------- */

static void test_a_key_is_of_the_code(void **state)
{
    (void)state;
    assert_int_equal(strlen(at_answer_digest), 64);
    assert_true(at_key_start() ==
                at_key_text(at_key_text(AT_HASH_START, at_answer_digest), at_kernels_best()->name));
}

/* Of a list with pixels no picture is a file. */
static void test_a_key_is_of_the_pictures(void **state)
{
    unsigned char grey[AT_LISTED_SIDE * AT_LISTED_SIDE] = {0};
    uint64_t key[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        at_corpus c = {.dataset = "fer2013", .head = AT_HEAD_FACE7};
        grey[7] = (unsigned char)i;
        assert_non_null(at_corpus_add_listed(&c, "fer2013.csv:2", grey));
        key[i] = at_key_corpus(at_key_start(), &c);
        at_corpus_free(&c);
    }
    assert_true(key[0] != key[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_weights),
        cmocka_unit_test(test_temperature),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_levels_converge),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_mixup),
        cmocka_unit_test_setup_teardown(test_optional, make_folder, remove_folder),
        cmocka_unit_test(test_foreign_arrays),
        cmocka_unit_test(test_mixed_voices),
        cmocka_unit_test(test_mixed_by_any_alpha),
        cmocka_unit_test(test_voice_classes),
        cmocka_unit_test_setup_teardown(test_kept_clips, make_folder, remove_folder),
        cmocka_unit_test(test_draw),
        cmocka_unit_test(test_a_harm_looks_any_way),
        cmocka_unit_test(test_a_key_is_of_the_code),
        cmocka_unit_test(test_a_key_is_of_the_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
