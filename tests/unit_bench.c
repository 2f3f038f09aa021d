/* Each benchmark runs and measures something, the peak bounds the others, and what a caller gets
 * wrong is told. Times themselves are not judged: a test machine is nobody's quiet one. */
#include <attune/bench.h>
#include <attune/eval.h>

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "one_thread_case.h"
#include "sanitized.h"

/* As quick as it gets: every benchmark runs once. */
#define QUICK .seconds = 1e-6, .rounds = 1, .cold = 1

static void check(const attune_bench_result *b)
{
    if (strcmp(b->name, "analyze") == 0 && b->runs == 0) { /* no model or clip in this tree */
        assert_string_not_equal(b->why, "");
        return;
    }
    if (b->runs == 0)
        print_error("%s: %s\n", b->name, b->why);
    assert_true(b->runs > 0);
    assert_true(isfinite(b->median) && b->median > 0);
    assert_true(b->more_is_better ? b->best >= b->median : b->best <= b->median);
    assert_true(b->mean >= (b->more_is_better ? 0 : b->best) && b->deviation >= 0);
    assert_true(b->cpu_ms > 0);
    assert_true(b->gflops >= 0 && isfinite(b->gflops));
}

#if SANITIZED

/* What learns, and what takes 32 at once, would take minutes; other programs run that code. */
static void test_each_runs(void **state)
{
    const char *names[] = {"detector-320", "features", "mobilenet-112", "mobilenet-spatial-112"};
    attune_bench_options o = {QUICK, .names = names, .n = 4, .threads = 2};
    attune_bench_report r;
    (void)state;

    assert_int_equal(attune_bench(&r, &o, NULL), ATTUNE_OK);
    assert_int_equal(r.count, 5); /* and the peak */
    for (int i = 0; i < r.count; i++)
        check(&r.result[i]);
}

#else

static void test_each_runs(void **state)
{
    attune_bench_options o = {QUICK, .threads = 2};
    attune_bench_report r;
    attune_error err = {0};
    int names = 0;
    (void)state;

    assert_int_equal(attune_bench(&r, &o, &err), ATTUNE_OK);
    while (attune_bench_name(names, NULL, NULL))
        names++;
    assert_true(names >= 8);
    assert_int_equal(r.count, names);
    for (int i = 0; i < r.count; i++) {
        assert_string_equal(r.result[i].name, attune_bench_name(i, NULL, NULL));
        check(&r.result[i]);
    }
    assert_true(r.cores > 0 && *r.cpu && *r.isa && *r.compiler);
    /* MobileNetV2 at 224 px with 1000 classes is 0.6015 GFLOP (Sandler 2018, table 4: 300 M
     * multiply-adds). */
    assert_true(fabs(r.result[1].gflops * r.result[1].median * 1e-3 - 0.6015) < 1e-3);
}

#endif

static void test_choice(void **state)
{
    const char *names[] = {"features", "mobilenet-112"};
    attune_bench_options o = {QUICK, .names = names, .n = 2, .threads = 1};
    attune_bench_report r;
    (void)state;

    assert_int_equal(attune_bench(&r, &o, NULL), ATTUNE_OK);
    assert_int_equal(r.count, 3);
    assert_string_equal(r.result[0].name, "fma-peak"); /* what shares are of */
    assert_string_equal(r.result[1].name, "mobilenet-112");
    assert_string_equal(r.result[2].name, "features");
    assert_true(r.result[0].peak_share == 1);
    assert_true(r.result[1].peak_share > 0);
    assert_true(r.result[2].peak_share == 0);
}

static void test_json(void **state)
{
    const char *names[] = {"features", "analyze"};
    attune_bench_options o = {QUICK, .names = names, .n = 2, .threads = 1, .clip = "/nowhere"};
    attune_bench_report r;
    (void)state;

    assert_int_equal(attune_bench(&r, &o, NULL), ATTUNE_OK);
    char *text = attune_bench_json(&r);
    assert_non_null(text);
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    const json_t *list = json_object_get(root, "benchmarks");
    assert_int_equal(json_array_size(list), 3);
    const json_t *features = json_array_get(list, 1), *analyze = json_array_get(list, 2);
    assert_true(json_number_value(json_object_get(features, "median")) > 0);
    assert_true(json_is_null(json_object_get(features, "gflops")));
    assert_int_equal(json_integer_value(json_object_get(analyze, "runs")), 0);
    assert_string_not_equal(json_string_value(json_object_get(analyze, "why")), "");
    json_decref(root);
    attune_text_free(&text);
}

static int stop_at_once(void *user, double done, double total, const char *name)
{
    (void)done, (void)total, (void)name;
    return ++*(int *)user;
}

static void test_refusals(void **state)
{
    const char *names[] = {"no-such-thing"};
    attune_bench_options unknown = {QUICK, .names = names, .n = 1};
    attune_bench_options negative = {QUICK, .threads = -1};
    int calls = 0;
    attune_bench_options stopped = {QUICK, .progress = stop_at_once, .user = &calls};
    attune_bench_report r;
    attune_error err = {0};
    (void)state;

    assert_int_equal(attune_bench(&r, &unknown, &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, names[0]));
    assert_int_equal(attune_bench(&r, &negative, &err), ATTUNE_E_ARG);
    assert_int_equal(attune_bench(&r, &stopped, &err), ATTUNE_E_INTERRUPTED);
    assert_int_equal(calls, 1);
    assert_int_equal(r.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_runs),
        one_thread_case(test_choice),
        cmocka_unit_test(test_json),
        one_thread_case(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
