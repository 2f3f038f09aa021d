/* An explanation's files: what they say of overlays that were made up. */
#include "made_overlays.h"
#include "made_windows.h"
#include "temp_folder.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void smile(attune_window *w, float made)
{
    for (int u = 0; u < ATTUNE_UNITS; u++)
        if (!strncmp(attune_units[u].name, "mouthSmile", 10))
            w->unit[u] = made;
}

/* The rest of the recording, after three windows that smile by half: it smiles by a tenth. */
static void go_on(attune_explanation *x, int windows)
{
    for (int i = 0; i < windows; i++) {
        attune_window w = made_window(4 + i, ATTUNE_NEUTRAL, 1);
        smile(&w, 0.1f);
        assert_int_equal(attune_explanation_window(x, &w, NULL), 0);
    }
}

static attune_explanation *explain(const char *input, int more)
{
    static const char *const names[] = {"explain.html", "explain.json", "overlay-01.png",
                                        "overlay-02.png", "overlay-03.png"};
    const attune_explanation_options setup = {.dir = temp_folder, .input = input};
    const attune_input_info info = {
        .duration_s = 1.5, .has_video = 1, .width = 64, .height = 48, .counts = {.frames = 12}};
    attune_explanation *x;
    attune_window w[3];
    attune_overlay o;
    assert_int_equal(attune_explanation_open(&x, &setup, NULL), 0);
    for (int i = 0; i < 3; i++) {
        w[i] = made_window(i + 1, ATTUNE_SAD, 1);
        smile(&w[i], 0.5f);
        w[i].offset[ATTUNE_FEARFUL] = i ? 0 : -0.75f;
        w[i].abstain = i == 2;
        assert_int_equal(attune_explanation_window(x, &w[i], NULL), 0);
    }
    go_on(x, more);
    o = made_overlay(ATTUNE_MOST_CONFIDENT, &w[0], 1);
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), 0);
    o = made_overlay(ATTUNE_LEAST_RELIABLE, &w[1], 0);
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), 0);
    w[2].used = 0;
    w[2].condition[ATTUNE_VOICE] = 0;
    o = made_overlay(ATTUNE_WITHHELD_WINDOW, &w[2], 1);
    o.share[ATTUNE_REGION_EYES] = 0;
    o.share[ATTUNE_REGION_OUTSIDE] = 0.375f;
    assert_int_equal(attune_explanation_overlay(x, &o, NULL), 0);
    assert_int_equal(attune_explanation_finish(x, &info, 0, NULL), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        made_in_folder(names[i]);
    return x;
}

static double number(const json_t *root, const char *a, const char *b)
{
    json_t *one = json_object_get(json_object_get(root, a), b);
    assert_true(json_is_real(one));
    return json_real_value(one);
}

/* One, a smile of a half. usual: NaN: null. */
static void check_movements(const json_t *list, double usual)
{
    json_t *one = json_array_get(list, 0), *units = json_object_get(one, "units");
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_string_value(json_object_get(one, "movement")), "mouth corners up");
    assert_int_equal(json_integer_value(json_object_get(one, "action_unit")), 12);
    assert_int_equal(json_array_size(units), 2);
    assert_string_equal(json_string_value(json_array_get(units, 1)), "mouthSmileRight");
    assert_float_equal(json_real_value(json_object_get(one, "made")), 0.5, 1e-6);
    if (isnan(usual))
        assert_true(json_is_null(json_object_get(one, "usual")));
    else
        assert_float_equal(json_real_value(json_object_get(one, "usual")), usual, 1e-6);
}

static void test_json(void **state)
{
    attune_explanation *x = explain("clip.mp4", 17);
    json_t *root = json_loads(attune_explanation_json(x), 0, NULL);
    json_t *list = json_object_get(root, "overlays"), *mean = json_object_get(root, "mean"), *one;
    (void)state;
    assert_int_equal(json_array_size(list), 3);
    one = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(one, "kind")), "most confident");
    assert_string_equal(json_string_value(json_object_get(one, "class")), "happy");
    assert_string_equal(json_string_value(json_object_get(one, "answer")), "sad");
    assert_float_equal(number(one, "condition", "voice"), 0.9, 1e-6);
    check_movements(json_object_get(one, "movements"), 0.16);
    one = json_array_get(list, 1);
    assert_true(json_is_null(json_object_get(json_object_get(one, "activation"), "eyes")));
    one = json_array_get(list, 2);
    assert_true(json_is_null(json_object_get(one, "answer")));
    assert_true(json_is_true(json_object_get(one, "withheld")));
    /* means leave out what has no activation */
    assert_int_equal(json_integer_value(json_object_get(json_object_get(mean, "all"), "overlays")),
                     2);
    assert_float_equal(number(json_object_get(mean, "all"), "activation", "eyes"), 0.125, 1e-6);
    assert_float_equal(number(json_object_get(mean, "all"), "activation", "outside"), 0.25, 1e-6);
    assert_float_equal(number(json_object_get(mean, "withheld"), "activation", "outside"), 0.375,
                       1e-6);
    assert_true(json_is_null(json_object_get(
        json_object_get(json_object_get(mean, "least reliable"), "activation"), "eyes")));
    assert_int_equal(json_integer_value(json_object_get(root, "windows_abstained_with_face")), 1);
    assert_non_null(strstr(attune_explanation_text(x), "clip.mp4: 3 overlays\n"));
    json_decref(root);
    attune_explanation_free(&x);
}

static void test_page(void **state)
{
    attune_explanation *x = explain("a<script>.mp4", 17);
    char *page = read_text("explain.html");
    (void)state;
    assert_null(strstr(page, "<script"));
    assert_non_null(strstr(page, "a&lt;script&gt;.mp4"));
    assert_non_null(strstr(page, "nothing in this face speaks for happy"));
    assert_non_null(strstr(page, "<b>1 &#183; happy</b>, face&#160;1 at "));
    assert_non_null(strstr(page, ": nothing to go on<br>by this picture alone: happy 25&#160;%"));
    assert_non_null(strstr(page, "<br>taken out as usual: less fearful (0.8)"));
    assert_non_null(strstr(page, "show faces"));
    free(page);
    attune_explanation_free(&x);
    assert_null(x);
}

/* What stands under each face: both streams, and the movements unlike its usual; and over time. */
static void test_strip(void **state)
{
    static const char *const expected[] = {
        "<tr><th scope=\"row\">face</th><td>50&#160;%<svg class=\"meter\" height=\"8\" "
        "aria-hidden=\"true\"><rect class=\"m0\" width=\"50.0%\" height=\"8\"/></svg></td>"
        "<td>90&#160;%",
        "<tr><th scope=\"row\">voice</th><td colspan=\"3\">nothing to judge</td></tr>",
        "<caption>movements unlike this face's usual</caption><tr><th scope=\"row\">mouth corners up ",
        "<small>AU&#160;12</small></th><td>50&#160;% <small>usually 16&#160;%</small>",
        "<line x1=\"16.0%\"",
        "face condition over time: mean 90 %; How fit",
        "mouth corners up over time: mean 16 %; How far it is made: mouthSmileLeft, mouthSmileRight",
        "mouth corners up <small>AU&#160;12, 0&#8211;50",
        "mouth corners up (AU 12), %</th>",
    };
    attune_explanation *x = explain("clip.mp4", 17);
    char *page = read_text("explain.html");
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (!strstr(page, expected[i]))
            fail_msg("the page lacks %s", expected[i]);
    free(page);
    attune_explanation_free(&x);
}

/* Of three windows nothing is usual: then what is made clearly tells. */
static void test_little_has_no_usual(void **state)
{
    attune_explanation *x = explain("clip.mp4", 0);
    json_t *root = json_loads(attune_explanation_json(x), 0, NULL);
    char *page = read_text("explain.html");
    (void)state;
    check_movements(
        json_object_get(json_array_get(json_object_get(root, "overlays"), 0), "movements"), NAN);
    assert_non_null(strstr(page, "<caption>movements made clearly</caption>"));
    assert_null(strstr(page, "usually "));
    json_decref(root);
    free(page);
    attune_explanation_free(&x);
}

static void test_earlier_pictures_are_named(void **state)
{
    const char *earlier = put_text("overlay-07.png", "");
    attune_explanation *x = explain("clip.mp4", 17);
    (void)state;
    assert_non_null(strstr(attune_explanation_text(x), "also there: overlay-07.png: "));
    assert_int_equal(access(earlier, F_OK), 0);
    attune_explanation_free(&x);
}

static void test_all_earlier_pictures_are_named(void **state)
{
    const int most = ATTUNE_OVERLAY_KINDS * ATTUNE_MAX_OVERLAYS;
    char name[32];
    (void)state;
    for (int i = 1; i <= most; i++) {
        snprintf(name, sizeof name, "overlay-%02d.png", i);
        put_text(name, "");
    }
    attune_explanation *x = explain("clip.mp4", 17);
    snprintf(name, sizeof name, ", overlay-%02d.png: of", most);
    assert_non_null(strstr(attune_explanation_text(x), name));
    attune_explanation_free(&x);
    for (int i = 1; i <= most; i++) {
        snprintf(name, sizeof name, "overlay-%02d.png", i);
        remove(in_folder(name));
    }
}

static void test_wrong_arguments(void **state)
{
    const attune_explanation_options nowhere = {.input = "x"};
    const attune_explanation_options setup = {.dir = temp_folder, .input = "x"};
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
        cmocka_unit_test(test_strip),
        cmocka_unit_test(test_little_has_no_usual),
        cmocka_unit_test(test_earlier_pictures_are_named),
        cmocka_unit_test(test_all_earlier_pictures_are_named),
        cmocka_unit_test(test_wrong_arguments),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
