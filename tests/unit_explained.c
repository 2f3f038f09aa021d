/* An explanation's files: what they say of overlays that were made up. */
#include "made_overlays.h"
#include "made_windows.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/attune-explained-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"explain.html",   "explain.json",   "overlay-01.png",
                                        "overlay-02.png", "overlay-03.png", "overlay-07.png"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

static char *read_file(const char *name)
{
    FILE *f = fopen(path_of(name), "rb");
    char *text = calloc(1, 1 << 20);
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
    fclose(f);
    return text;
}

static attune_explanation *explain(const char *input)
{
    const attune_explanation_options setup = {.dir = folder, .input = input};
    const attune_input_info info = {
        .duration_s = 1.5, .has_video = 1, .width = 64, .height = 48, .counts = {.frames = 12}};
    attune_explanation *x;
    attune_window w[3];
    attune_overlay o;
    assert_int_equal(attune_explanation_open(&x, &setup, NULL), 0);
    for (int i = 0; i < 3; i++) {
        w[i] = made_window(i + 1, ATTUNE_SAD, 1);
        w[i].unit[0] = 0.2f;
        w[i].unit[3] = 0.9f;
        w[i].unit[5] = 0.5f;
        w[i].abstain = i == 2;
        assert_int_equal(attune_explanation_window(x, &w[i], NULL), 0);
    }
    o = made_overlay(ATTUNE_MOST_CONFIDENT, &w[0], 1);
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), 0);
    o = made_overlay(ATTUNE_LEAST_RELIABLE, &w[1], 0);
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), 0);
    w[2].used = 0;
    o = made_overlay(ATTUNE_WITHHELD_WINDOW, &w[2], 1);
    o.share[ATTUNE_REGION_EYES] = 0;
    o.share[ATTUNE_REGION_OUTSIDE] = 0.375f;
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), 0);
    assert_int_equal(attune_explanation_finish(x, &info, 0, NULL), 0);
    return x;
}

static double number(const json_t *root, const char *a, const char *b, const char *c)
{
    json_t *one = json_object_get(json_object_get(json_object_get(root, a), b), c);
    assert_true(json_is_real(one));
    return json_real_value(one);
}

static void test_json(void **state)
{
    attune_explanation *x = explain("clip.mp4");
    json_t *root = json_loads(attune_explanation_json(x), 0, NULL);
    json_t *list = json_object_get(root, "overlays"), *mean = json_object_get(root, "mean"), *one;
    (void)state;
    assert_int_equal(json_array_size(list), 3);
    one = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(one, "kind")), "most confident");
    assert_string_equal(json_string_value(json_object_get(one, "class")), "happy");
    assert_string_equal(json_string_value(json_object_get(one, "answer")), "sad");
    assert_int_equal(json_object_size(json_object_get(one, "movements")), 2);
    one = json_array_get(list, 1);
    assert_true(json_is_null(json_object_get(json_object_get(one, "activation"), "eyes")));
    one = json_array_get(list, 2);
    assert_true(json_is_null(json_object_get(one, "answer")));
    assert_true(json_is_true(json_object_get(one, "withheld")));
    /* means leave out what has no activation */
    assert_int_equal(json_integer_value(json_object_get(json_object_get(mean, "all"), "overlays")),
                     2);
    assert_float_equal(number(mean, "all", "activation", "eyes"), 0.125, 1e-6);
    assert_float_equal(number(mean, "all", "activation", "outside"), 0.25, 1e-6);
    assert_float_equal(number(mean, "withheld", "activation", "outside"), 0.375, 1e-6);
    assert_true(json_is_null(json_object_get(
        json_object_get(json_object_get(mean, "least reliable"), "activation"), "eyes")));
    assert_int_equal(json_integer_value(json_object_get(root, "windows_abstained_with_face")), 1);
    assert_non_null(strstr(attune_explanation_text(x), "clip.mp4: 3 overlays\n"));
    json_decref(root);
    attune_explanation_free(&x);
}

static void test_page(void **state)
{
    attune_explanation *x = explain("a<script>.mp4");
    char *page = read_file("explain.html");
    (void)state;
    assert_null(strstr(page, "<script"));
    assert_non_null(strstr(page, "a&lt;script&gt;.mp4"));
    assert_non_null(strstr(page, "nothing in this face speaks for happy"));
    assert_non_null(strstr(page, "<br>movements: "));
    assert_non_null(strstr(page, "face&#160;1: nothing to go on"));
    assert_non_null(strstr(page, "show faces"));
    free(page);
    attune_explanation_free(&x);
    assert_null(x);
}

static void test_earlier_pictures_are_named(void **state)
{
    FILE *f = fopen(path_of("overlay-07.png"), "w");
    attune_explanation *x;
    (void)state;
    assert_non_null(f);
    fclose(f);
    x = explain("clip.mp4");
    assert_non_null(strstr(attune_explanation_text(x), "also there: overlay-07.png: "));
    assert_int_equal(access(path_of("overlay-07.png"), F_OK), 0);
    attune_explanation_free(&x);
}

static void test_wrong_arguments(void **state)
{
    const attune_explanation_options nowhere = {.input = "x"};
    const attune_explanation_options setup = {.dir = folder, .input = "x"};
    const attune_window w = made_window(1, ATTUNE_SAD, 1);
    attune_overlay o = made_overlay(ATTUNE_OVERLAY_KINDS, &w, 1);
    attune_explanation *x;
    (void)state;
    assert_int_equal(attune_explanation_open(&x, &nowhere, NULL), ATTUNE_E_ARG);
    assert_null(x);
    attune_explanation_free(&x);
    assert_int_equal(attune_explanation_open(&x, &setup, NULL), 0);
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), ATTUNE_E_ARG);
    o.kind = ATTUNE_MOST_CONFIDENT;
    for (int i = 0; i < ATTUNE_OVERLAY_KINDS * ATTUNE_MAX_OVERLAYS; i++)
        assert_int_equal(attune_explanation_overlay(x, &o, NULL), 0);
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), ATTUNE_E_ARG);
    attune_explanation_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_earlier_pictures_are_named),
        cmocka_unit_test(test_wrong_arguments),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
