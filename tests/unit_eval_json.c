/* An evaluation's JSON: the documented keys, all of them and no others, with the right values. */
#include "temp_folder.h"

#include <attune/eval.h>

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As include/attune/eval.h lists them, in order. */
static const char *const top_keys[] = {
    "dataset",    "split",       "task",      "stream",        "corrupt",
    "n",          "withheld",    "coverage",  "people",        "groups",
    "excluded",   "excluded_by", "not_found", "accuracy",      "balanced_accuracy",
    "macro_f1",   "weighted_f1", "ece",       "ece_by_chance", "confidence_auc",
    "kept_error", "constant",    "auc",       "auc_interval",  "movement",
    "per_class",  "confusion",   "interval",  "protocol",      "shared_people",
    "twin",       "conditions",  NULL};
static const char *const class_keys[] = {"name", "precision", "recall", "specificity",
                                         "f1",   "n",         NULL};
static const char *const interval_keys[] = {"accuracy", "balanced_accuracy", "macro_f1",
                                            "weighted_f1", NULL};

/* Two classes, 10 samples of 3 people, every figure different from every other. */
static const attune_eval_result result = {
    .dataset = "folder",
    .split = "a \"quoted\" part",
    .task = "emotion7",
    .stream = "both",
    .protocol = "random 70/15/15 by label, shares people",
    .shared_people = 2,
    .twin = "people:test",
    .condition = {{"normal", 8, 0.75, 0.72, 0.74, {0.6, 0.9}, {0.58, 0.88}}},
    .n = 10,
    .withheld = 6,
    .coverage = 0.625,
    .excluded_by = {1, 0, 3},
    .people = 3,
    .groups = 2,
    .corrupt = "blur=3 hiss=10",
    .excluded = 4,
    .not_found = 5,
    .accuracy = 0.7,
    .balanced_accuracy = 0.6875,
    .macro_f1 = 0.675,
    .weighted_f1 = 0.71,
    .ece = 0.125,
    .ece_by_chance = 0.025,
    .confidence_auc = 0.76,
    .kept_error = 0.15,
    .constant = {"happy", 0.6, 0.5, 0.375},
    .accuracy_interval = {0.5, 0.8},
    .balanced_accuracy_interval = {0.51, 0.81},
    .macro_f1_interval = {0.52, 0.82},
    .weighted_f1_interval = {0.53, 0.83},
    .classes = 2,
    .per_class = {{"happy", 0.91, 0.92, 0.93, 0.94, 6}, {"sad", 0.81, 0.82, 0.83, 0.84, 4}},
    .confusion = {{5, 1}, {2, 2}},
    .curves = 2,
    .curve = {{"boredom>=1", 0.61, {0.55, 0.66}, 2, 10, {2, 2}},
              {"confusion>=1", NAN, {NAN, NAN}, 0, 10, {3, 0}}},
    .movements = 1,
    .movement = {{"boredom", 9, 0.21, NAN, 0.22, 0.23, 0.24}},
};

static json_t *parsed(const attune_eval_result *r)
{
    json_error_t why;
    char *text = attune_eval_json(r);
    assert_non_null(text);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    attune_text_free(&text);
    assert_null(text);
    if (root == NULL)
        fail_msg("%s", why.text);
    return root;
}

static void has_keys(const json_t *object, const char *const *keys)
{
    size_t n = 0;
    assert_true(json_is_object(object));
    for (; keys[n]; n++)
        if (json_object_get(object, keys[n]) == NULL)
            fail_msg("no \"%s\"", keys[n]);
    assert_int_equal(json_object_size(object), n);
}

static void is_number(const json_t *object, const char *key, double v)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    if (fabs(json_number_value(value) - v) > 1e-6)
        fail_msg("%s is %.9g, not %.9g", key, json_number_value(value), v);
}

static void is_pair(const json_t *object, const char *key, double lo, double hi)
{
    const json_t *pair = json_object_get(object, key);
    assert_int_equal(json_array_size(pair), 2);
    assert_true(fabs(json_number_value(json_array_get(pair, 0)) - lo) < 1e-6);
    assert_true(fabs(json_number_value(json_array_get(pair, 1)) - hi) < 1e-6);
}

static void documented_keys(void **state)
{
    (void)state;
    json_t *root = parsed(&result);
    has_keys(root, top_keys);
    has_keys(json_object_get(root, "interval"), interval_keys);
    const json_t *classes = json_object_get(root, "per_class");
    assert_int_equal(json_array_size(classes), 2);
    for (size_t i = 0; i < 2; i++)
        has_keys(json_array_get(classes, i), class_keys);
    json_decref(root);
}

static void figures(void **state)
{
    (void)state;
    json_t *root = parsed(&result);
    assert_string_equal(json_string_value(json_object_get(root, "dataset")), "folder");
    assert_string_equal(json_string_value(json_object_get(root, "split")), "a \"quoted\" part");
    assert_string_equal(json_string_value(json_object_get(root, "task")), "emotion7");
    assert_string_equal(json_string_value(json_object_get(root, "stream")), "both");
    assert_string_equal(json_string_value(json_object_get(root, "protocol")), result.protocol);
    assert_string_equal(json_string_value(json_object_get(root, "twin")), "people:test");
    is_number(root, "shared_people", 2);
    const json_t *conditions = json_object_get(root, "conditions");
    assert_int_equal(json_array_size(conditions), 1);
    is_number(json_array_get(conditions, 0), "n", 8);
    is_number(json_array_get(conditions, 0), "balanced_accuracy", 0.72);
    is_number(root, "n", 10);
    is_number(root, "withheld", 6);
    is_number(root, "coverage", 0.625);
    is_number(root, "people", 3);
    is_number(root, "groups", 2);
    assert_string_equal(json_string_value(json_object_get(root, "corrupt")), "blur=3 hiss=10");
    is_number(root, "excluded", 4);
    const json_t *by = json_object_get(root, "excluded_by");
    assert_int_equal(json_object_size(by), ATTUNE_EXCLUSIONS);
    is_number(by, "missing", 1);
    is_number(by, "unreadable", 0);
    is_number(by, "lfs_pointer", 3);
    is_number(root, "not_found", 5);
    is_number(root, "accuracy", 0.7);
    is_number(root, "balanced_accuracy", 0.6875);
    is_number(root, "macro_f1", 0.675);
    is_number(root, "weighted_f1", 0.71);
    is_number(root, "ece", 0.125);
    is_number(root, "ece_by_chance", 0.025);
    is_number(root, "confidence_auc", 0.76);
    is_number(root, "kept_error", 0.15);
    is_number(root, "ece_by_chance", 0.025);
    is_number(root, "confidence_auc", 0.76);
    is_number(root, "kept_error", 0.15);
    const json_t *constant = json_object_get(root, "constant");
    assert_string_equal(json_string_value(json_object_get(constant, "answer")), "happy");
    is_number(constant, "accuracy", 0.6);
    is_number(constant, "balanced_accuracy", 0.5);
    is_number(constant, "macro_f1", 0.375);
    const json_t *interval = json_object_get(root, "interval");
    is_pair(interval, "accuracy", 0.5, 0.8);
    is_pair(interval, "balanced_accuracy", 0.51, 0.81);
    is_pair(interval, "macro_f1", 0.52, 0.82);
    is_pair(interval, "weighted_f1", 0.53, 0.83);
    const json_t *sad = json_array_get(json_object_get(root, "per_class"), 1);
    assert_string_equal(json_string_value(json_object_get(sad, "name")), "sad");
    is_number(sad, "precision", 0.81);
    is_number(sad, "recall", 0.82);
    is_number(sad, "specificity", 0.83);
    is_number(sad, "f1", 0.84);
    is_number(sad, "n", 4);
    json_decref(root);
}

/* Rows are labels, columns answers. */
static void confusion_is_square(void **state)
{
    (void)state;
    json_t *root = parsed(&result);
    const json_t *rows = json_object_get(root, "confusion");
    assert_int_equal(json_array_size(rows), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(json_array_size(json_array_get(rows, i)), 2);
        for (size_t j = 0; j < 2; j++)
            assert_int_equal(json_integer_value(json_array_get(json_array_get(rows, i), j)),
                             result.confusion[i][j]);
    }
    json_decref(root);
}

/* A curve without both sides has no area: null, which JSON can say and NaN it cannot. */
static void curves_by_state(void **state)
{
    (void)state;
    json_t *root = parsed(&result);
    const json_t *auc = json_object_get(root, "auc"),
                 *interval = json_object_get(root, "auc_interval");
    assert_int_equal(json_object_size(auc), 2);
    assert_int_equal(json_object_size(interval), 2);
    is_number(auc, "boredom>=1", 0.61);
    is_pair(interval, "boredom>=1", 0.55, 0.66);
    assert_true(json_is_null(json_object_get(auc, "confusion>=1")));
    assert_true(json_is_null(json_object_get(interval, "confusion>=1")));
    json_decref(root);
}

static void movement_by_state(void **state)
{
    (void)state;
    json_t *root = parsed(&result);
    const json_t *all = json_object_get(root, "movement"), *m = json_object_get(all, "boredom");
    assert_int_equal(json_object_size(all), 1);
    assert_int_equal(json_object_size(m), 6);
    is_number(m, "n", 9);
    is_number(m, "samples", 0.21);
    assert_true(json_is_null(json_object_get(m, "people")));
    is_number(m, "time", 0.22);
    is_number(m, "correlation", 0.23);
    is_number(m, "confidence_auc", 0.24);
    json_decref(root);
}

/* What could not be measured must not cost the rest. */
static void undefined_figures_are_null(void **state)
{
    static const char *const figure[] = {
        "accuracy", "balanced_accuracy", "macro_f1",       "weighted_f1",
        "ece",      "ece_by_chance",     "confidence_auc", "kept_error"};
    attune_eval_result r = {.dataset = "ravdess", .split = "all", .classes = 1};
    (void)state;
    r.per_class[0] = (attune_eval_class){"calm", NAN, NAN, NAN, NAN, 0};
    r.accuracy_interval = r.weighted_f1_interval = (attune_interval){NAN, NAN};
    r.accuracy = r.balanced_accuracy = r.macro_f1 = r.weighted_f1 = NAN;
    r.ece = r.ece_by_chance = r.confidence_auc = r.kept_error = NAN;
    r.constant = (attune_eval_constant){NULL, NAN, NAN, NAN};
    json_t *root = parsed(&r);
    has_keys(root, top_keys);
    assert_true(json_is_null(json_object_get(json_object_get(root, "constant"), "answer")));
    assert_true(json_is_null(json_object_get(json_object_get(root, "constant"), "accuracy")));
    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++)
        assert_true(json_is_null(json_object_get(root, figure[i])));
    const json_t *interval = json_object_get(root, "interval");
    has_keys(interval, interval_keys);
    assert_true(json_is_null(json_object_get(interval, "accuracy")));
    assert_true(json_is_null(json_object_get(interval, "weighted_f1")));
    assert_true(json_is_array(json_object_get(interval, "macro_f1")));
    const json_t *calm = json_array_get(json_object_get(root, "per_class"), 0);
    has_keys(calm, class_keys);
    assert_true(json_is_null(json_object_get(calm, "recall")));
    json_decref(root);
}

static void text_is_written_whole(void **state)
{
    attune_error err = {0};
    assert_int_equal(make_folder(state), 0);
    const char *path = made_in_folder("result.json");
    assert_int_equal(attune_text_write(path, "{}", &err), ATTUNE_OK);
    char *back = read_text("result.json");
    assert_string_equal(back, "{}\n");
    free(back);
    remove_folder(state);
    assert_int_equal(attune_text_write(path, "{}", &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_keys),       cmocka_unit_test(figures),
        cmocka_unit_test(confusion_is_square),   cmocka_unit_test(curves_by_state),
        cmocka_unit_test(movement_by_state),     cmocka_unit_test(undefined_figures_are_null),
        cmocka_unit_test(text_is_written_whole),
    };
    return cmocka_run_group_tests_name("eval_json", tests, NULL, NULL);
}
