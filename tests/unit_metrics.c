/* Metrics against values worked out by hand from their definitions. */
#include "eval/confidence.h"
#include "eval/movement.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void near(double a, double b)
{
    if (!(fabs(a - b) < 1e-9))
        fail_msg("%.12f is not %.12f", a, b);
}

static double ece_of(const at_answers *a)
{
    double error;
    assert_int_equal(at_ece(&error, a), ATTUNE_OK);
    return error;
}

static double auc_of(const float *score, const int *positive, int n)
{
    double area;
    assert_int_equal(at_auc(&area, score, positive, n), ATTUNE_OK);
    return area;
}

/* Labels 0,0,0,1,1,2 answered 0,0,1,1,2,2. */
static const int labels[] = {0, 0, 0, 1, 1, 2};
static const float probabilities[] = {.8f, .1f, .1f, .6f, .2f, .2f, .3f, .5f, .2f,
                                      .1f, .7f, .2f, .0f, .1f, .9f, .2f, .2f, .6f};
static const at_answers answers = {6, 3, labels, probabilities, NULL};

static void confusion_and_means(void **state)
{
    static const int expected[3][3] = {{2, 1, 0}, {0, 1, 1}, {0, 0, 1}};
    at_metrics m;
    (void)state;
    at_metrics_compute(&m, &answers);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            assert_int_equal(m.confusion[i][j], expected[i][j]);
    near(m.accuracy, 4 / 6.);
    near(m.balanced_accuracy, (2 / 3. + 1 / 2. + 1) / 3);
    near(m.per_class[0].precision, 1);
    near(m.per_class[0].recall, 2 / 3.);
    near(m.per_class[0].f1, 0.8);
    near(m.per_class[1].specificity, 3 / 4.);
    near(m.per_class[2].precision, 0.5);
    near(m.macro_f1, (0.8 + 0.5 + 2 / 3.) / 3);
    near(m.weighted_f1, 0.8 * 3 / 6 + 0.5 * 2 / 6 + 2 / 3. / 6);
}

static void absent_class_does_not_count_as_recall(void **state)
{
    static const int only[] = {0, 0};
    static const float p[] = {.9f, .1f, .2f, .8f};
    const at_answers a = {2, 2, only, p, NULL};
    at_metrics m;
    (void)state;
    at_metrics_compute(&m, &a);
    near(m.balanced_accuracy, 0.5); /* of the one class there is */
    near(m.macro_f1, 2 / 3. / 2);
}

/* Six classes: 3 is answered and never a label, 4 a label and never answered, 5 neither. The
 * numbers are those of tests/oracle/metrics_oracle.py. */
static void means_over_classes_that_occur(void **state)
{
    enum { N = 16, K = 6 };
    static const int truth[N] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 4, 4, 0, 1, 2, 2, 2};
    static const int answer[N] = {0, 0, 1, 3, 1, 1, 0, 2, 3, 0, 2, 0, 3, 2, 2, 1};
    float p[N * K] = {0};
    const at_answers a = {N, K, truth, p, NULL};
    at_metrics m;
    (void)state;
    for (int i = 0; i < N; i++)
        p[i * K + answer[i]] = 1;
    at_metrics_compute(&m, &a);
    near(m.accuracy, 0.5);
    near(m.balanced_accuracy, 0.425);
    near(m.macro_f1, 0.35333333333333);
    near(m.weighted_f1, 0.52083333333333);
}

/* So many times the same answers: every bin holds some. */
enum { TIMES = 60 };

static double error_of(const float *p, const int *label, int n)
{
    float all[4 * TIMES * 2];
    int truth[4 * TIMES];
    for (int i = 0; i < n * TIMES; i++) {
        truth[i] = label[i % n];
        memcpy(all + 2 * i, p + 2 * (i % n), 2 * sizeof *all);
    }
    return ece_of(&(at_answers){n * TIMES, 2, truth, all, NULL});
}

static void calibration_error(void **state)
{
    /* Four answers at 0.75, three right: calibrated. Then one right of four: off by a half. */
    static const float p[] = {.75f, .25f, .75f, .25f, .75f, .25f, .75f, .25f};
    static const int good[] = {0, 0, 0, 1}, bad[] = {0, 1, 1, 1};
    (void)state;
    near(error_of(p, good, 4), 0);
    near(error_of(p, bad, 4), 0.5);
    /* Too sure by 3/8 in some bins, not sure enough by 3/8 in others: nothing cancels. (The bin in the
     * middle holds both.) */
    static const float q[] = {.875f, .125f, .875f, .125f, .625f, .375f, .625f, .375f};
    static const int mixed[] = {0, 1, 0, 0};
    near(error_of(q, mixed, 4), 0.375 * 14 / 15);
    /* Fewer answers than bins: each by itself. */
    near(ece_of(&(at_answers){4, 2, good, p, NULL}), 0.375);
    near(ece_of(&(at_answers){0, 2, good, p, NULL}), 0);
}

/* The surer the likelier right, then the other way round; and what chance makes of few answers. */
static void worth_of_confidence(void **state)
{
    static const float p[] = {.9f, .1f, .8f, .2f, .7f, .3f, .6f, .4f, .55f, .45f};
    static const int well[] = {0, 0, 0, 1, 1}, badly[] = {1, 1, 0, 0, 0}, all[] = {0, 0, 0, 0, 0};
    at_confidence c, again;
    (void)state;
    assert_int_equal(at_confidence_compute(&c, &(at_answers){5, 2, well, p, NULL}, 1), ATTUNE_OK);
    near(c.auc, 1);
    near(c.kept_error, 0.25);
    assert_float_equal(c.ece, (.1 + .2 + .3 + .6 + .55) / 5, 1e-6);
    /* of one answer a bin, as sure as p: 2 p (1 - p) on average */
    assert_float_equal(c.ece_by_chance, 2 * (.09 + .16 + .21 + .24 + .2475) / 5, 0.03);
    assert_int_equal(at_confidence_compute(&again, &(at_answers){5, 2, well, p, NULL}, 1),
                     ATTUNE_OK);
    assert_memory_equal(&c, &again, sizeof c);
    assert_int_equal(at_confidence_compute(&c, &(at_answers){5, 2, badly, p, NULL}, 1), ATTUNE_OK);
    near(c.auc, 0);
    near(c.kept_error, 0.5);
    assert_int_equal(at_confidence_compute(&c, &(at_answers){5, 2, all, p, NULL}, 1), ATTUNE_OK);
    assert_true(isnan(c.auc));
    near(c.kept_error, 0);
}

static void roc_area(void **state)
{
    static const float score[] = {.1f, .4f, .35f, .8f}, tied[] = {1, 1, 1, 1};
    static const int positive[] = {0, 0, 1, 1}, none[] = {0, 0, 0, 0};
    (void)state;
    near(auc_of(score, positive, 4), 0.75);
    near(auc_of(tied, positive, 4), 0.5);
    assert_true(isnan(auc_of(score, none, 4)));
}

static void bootstrap_brackets_and_repeats(void **state)
{
    enum { N = 400 };
    static int label[N], group[N];
    static float p[2 * N];
    at_metric_intervals a, b, grouped;
    (void)state;
    for (int i = 0; i < N; i++) {
        label[i] = i % 2;
        group[i] = i / 40; /* ten people, each all right or all wrong */
        int right = group[i] % 5 != 0;
        p[2 * i + (right ? label[i] : !label[i])] = 1;
    }
    const at_answers single = {N, 2, label, p, NULL}, people = {N, 2, label, p, group};
    assert_int_equal(at_metrics_bootstrap(&a, &single, 500, 7, NULL), ATTUNE_OK);
    assert_int_equal(at_metrics_bootstrap(&b, &single, 500, 7, NULL), ATTUNE_OK);
    assert_int_equal(at_metrics_bootstrap(&grouped, &people, 500, 7, NULL), ATTUNE_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(a.accuracy.lo < 0.8 && a.accuracy.hi > 0.8);
    assert_true(a.accuracy.lo > 0.74 && a.accuracy.hi < 0.86); /* 1.96 sqrt(.8 .2 / 400) = .039 */
    assert_true(grouped.accuracy.lo < 0.65);                   /* ten people know far less */
    assert_int_equal(at_metrics_bootstrap(&a, &(at_answers){0}, 10, 1, NULL), ATTUNE_E_ARG);
}

static void roc_interval(void **state)
{
    enum { N = 200 };
    static float score[N];
    static int positive[N];
    at_interval i;
    (void)state;
    for (int k = 0; k < N; k++) {
        positive[k] = k % 2;
        score[k] = (float)((k * 37) % N) + (positive[k] ? 60.f : 0.f);
    }
    double auc = auc_of(score, positive, N);
    assert_int_equal(at_auc_bootstrap(&i, score, positive, NULL, N, 300, 3, NULL), ATTUNE_OK);
    assert_true(i.lo < auc && auc < i.hi && i.hi - i.lo < 0.25 && i.lo > 0.5);
}

static void mean_interval(void **state)
{
    enum { N = 400 };
    static float x[N];
    static int group[N];
    static const int one[N];
    at_interval i, people, again;
    (void)state;
    for (int k = 0; k < N; k++) {
        group[k] = k % 10; /* ten people, in turns, five of whom are all 1 */
        x[k] = (float)(group[k] / 5);
    }
    assert_int_equal(at_mean_bootstrap(&i, x, NULL, N, 300, 3, NULL), ATTUNE_OK);
    assert_true(i.lo > 0.43 && i.lo < 0.5 && i.hi > 0.5 && i.hi < 0.57);
    assert_int_equal(at_mean_bootstrap(&people, x, group, N, 300, 3, NULL), ATTUNE_OK);
    assert_true(people.lo < 0.31 && people.hi > 0.69); /* of ten there are fewer */
    assert_int_equal(at_mean_bootstrap(&again, x, group, N, 300, 3, NULL), ATTUNE_OK);
    near(people.lo, again.lo);
    assert_int_equal(at_mean_bootstrap(&i, x, one, N, 300, 3, NULL), ATTUNE_OK);
    near(i.lo, i.hi);
}

static void correlation(void **state)
{
    const float x[] = {1, 2, 3, 4}, y[] = {2, 4, 6, 8}, z[] = {1, 3, 2, 4}, flat[] = {5, 5, 5, 5};
    const float down[] = {4, 3, 2, 1};
    (void)state;
    assert_float_equal(at_correlation(x, y, 4), 1, 1e-12);
    assert_float_equal(at_correlation(x, down, 4), -1, 1e-12);
    assert_float_equal(at_correlation(x, z, 4), 0.8, 1e-12);
    assert_float_equal(at_correlation(x, flat, 4), 0, 0);
}

/* Ten threes, whose tenths do not add up to three; of ten people each of whom has one of these. */
static void nothing_moves_with_what_is_constant(void **state)
{
    enum { N = 10, EACH = 3 };
    static const float third[EACH] = {0.1f, 0.2f, 0.3f};
    float x[N], flat[N], answer[N * EACH], label[N * EACH];
    int group[N * EACH], one[N] = {0};
    at_movement m;
    (void)state;
    for (int i = 0; i < N; i++) {
        x[i] = (float)i;
        flat[i] = 3;
    }
    assert_float_equal(at_correlation(x, flat, N), 0, 0);
    assert_float_equal(at_correlation(flat, flat, N), 0, 0);
    assert_int_equal(at_movement_compute(&m, x, flat, one, N), ATTUNE_OK);
    assert_true(isnan(m.samples));
    for (int i = 0; i < N * EACH; i++) {
        group[i] = i / EACH;
        label[i] = third[i % EACH];
        answer[i] = (float)i;
    }
    assert_int_equal(at_movement_compute(&m, answer, label, group, N * EACH), ATTUNE_OK);
    assert_true(isnan(m.people) && m.samples > 0 && m.time > 0);
}

/* Two people, means 1 and 3 (labels) and 2 and 3 (answers); around them 1 and 1, a quarter and a quarter. */
static void movement_of_answers(void **state)
{
    static const float label[] = {0, 2, 2, 4}, answer[] = {1.75f, 2.75f, 2.25f, 3.25f};
    static const int group[] = {7, 3, 7, 3}, one[] = {1, 1, 1, 1};
    static const float flat[] = {2, 2, 2, 2};
    at_movement m;
    (void)state;
    assert_int_equal(at_movement_compute(&m, answer, label, group, 4), ATTUNE_OK);
    near(m.people, 0.5);
    near(m.time, 0.25);
    near(m.samples, sqrt((0.75 * 0.75 + 0.25 * 0.25) / 2) / sqrt(2));
    near(m.correlation, at_correlation(answer, label, 4));
    assert_int_equal(at_movement_compute(&m, answer, label, one, 4), ATTUNE_OK);
    assert_true(isnan(m.people) && isnan(m.time) && m.samples > 0);
    assert_int_equal(at_movement_compute(&m, flat, label, group, 4), ATTUNE_OK);
    near(m.samples, 0); /* one answer to all */
    assert_int_equal(at_movement_compute(&m, answer, flat, group, 4), ATTUNE_OK);
    assert_true(isnan(m.samples) && isnan(m.people) && isnan(m.time));
    assert_int_equal(at_movement_compute(&m, answer, label, group, 0), ATTUNE_OK);
    assert_true(isnan(m.samples));
}

/* The paper's second table: 93.88 % and 0.2421 over 800 samples are those of one answer to all. */
static void constant_answer(void **state)
{
    enum { N = 800, ENGAGED = 751, CLASSES = 4 };
    static int label[N];
    static float p[N * CLASSES];
    at_answers a = {N, CLASSES, label, p, NULL};
    at_metrics m, constant;
    (void)state;
    for (int i = 0; i < N; i++) {
        label[i] = i < ENGAGED ? 1 : i % 3 ? 0 : 2 + i % 2;
        p[i * CLASSES + i % CLASSES] = 1; /* whatever was answered */
    }
    at_metrics_compute(&m, &a);
    assert_int_equal(at_metrics_constant(&constant, &m), 1);
    assert_float_equal(constant.accuracy, 0.93875, 1e-9);
    assert_float_equal(constant.macro_f1, 0.2421, 5e-5);
    near(constant.balanced_accuracy, 0.25);
    a.n = 0;
    at_metrics_compute(&m, &a);
    assert_int_equal(at_metrics_constant(&constant, &m), -1);
}

/* The right answer to 100 samples: `a` has it in the first 60, `p` in the last 70. */
static void a_gain_is_of_pairs(void **state)
{
    enum { N = 100 };
    static float one[2 * N], other[2 * N];
    static int label[N], person[N];
    at_gain gain, again, of_people;
    (void)state;
    for (int i = 0; i < N; i++) {
        label[i] = i % 2;
        person[i] = i / 25;
        one[2 * i + (i < 60 ? label[i] : !label[i])] = 1;
        other[2 * i + (i >= 30 ? label[i] : !label[i])] = 1;
    }
    const at_answers a = {.n = N, .classes = 2, .label = label, .p = one};
    at_answers people = a;
    people.group = person;
    assert_int_equal(at_gain_bootstrap(&gain, &a, other, 500, 7, NULL), ATTUNE_OK);
    assert_int_equal(at_gain_bootstrap(&again, &a, other, 500, 7, NULL), ATTUNE_OK);
    assert_memory_equal(&gain, &again, sizeof gain);
    assert_float_equal(gain.of, 0.1, 1e-9);
    assert_true(gain.interval.lo > -0.12 && gain.interval.lo < 0); /* deviation .083 */
    assert_true(gain.interval.hi > 0.2 && gain.interval.hi < 0.32);
    assert_int_equal(at_gain_bootstrap(&of_people, &people, other, 500, 7, NULL), ATTUNE_OK);
    assert_true(of_people.interval.lo < gain.interval.lo - 0.2);
    assert_int_equal(at_gain_bootstrap(&gain, &a, one, 500, 7, NULL), ATTUNE_OK);
    assert_true(gain.of == 0 && gain.interval.lo == 0 && gain.interval.hi == 0);
    assert_int_equal(at_gain_bootstrap(&gain, &(at_answers){0}, one, 5, 7, NULL), ATTUNE_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confusion_and_means),
        cmocka_unit_test(absent_class_does_not_count_as_recall),
        cmocka_unit_test(means_over_classes_that_occur),
        cmocka_unit_test(calibration_error),
        cmocka_unit_test(worth_of_confidence),
        cmocka_unit_test(roc_area),
        cmocka_unit_test(bootstrap_brackets_and_repeats),
        cmocka_unit_test(a_gain_is_of_pairs),
        cmocka_unit_test(roc_interval),
        cmocka_unit_test(mean_interval),
        cmocka_unit_test(correlation),
        cmocka_unit_test(nothing_moves_with_what_is_constant),
        cmocka_unit_test(movement_of_answers),
        cmocka_unit_test(constant_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
