/* Facial movements: that the table holds every unit once, with its other side; what is usual for a face,
 * and what stands out of it; how a report shows them. */
#include "made_windows.h"
#include "report/movements.h"

#include <attune/sink.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int movement_called(const char *words)
{
    for (int m = 0; m < AT_MOVEMENTS; m++)
        if (!strcmp(at_movements[m].words, words))
            return m;
    fail_msg("no movement is called '%s'", words);
    return -1;
}

static void move(attune_window *w, const char *words, float made)
{
    const at_movement *m = &at_movements[movement_called(words)];
    for (int i = 0; i < m->units; i++)
        w->unit[m->unit[i]] = made;
}

/* ---- the table ------------------------------------------------------------------------------- */

static void every_unit_is_in_one_movement(void **state)
{
    int in[ATTUNE_UNITS] = {0};
    (void)state;
    for (int m = 0; m < AT_MOVEMENTS; m++) {
        assert_true(at_movements[m].units == 1 || at_movements[m].units == 2);
        for (int i = 0; i < at_movements[m].units; i++)
            in[at_movements[m].unit[i]]++;
        for (int k = 0; k < m; k++)
            assert_string_not_equal(at_movements[m].words, at_movements[k].words);
    }
    for (int u = 0; u < ATTUNE_UNITS; u++)
        if (in[u] != 1)
            fail_msg("%s is in %d movements", attune_units[u].name, in[u]);
}

/* "mouthSmile": what a movement's units have in common. */
static size_t common(const at_movement *m)
{
    const char *a = attune_units[m->unit[0]].name, *b = attune_units[m->unit[1]].name;
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

static void two_sides_are_of_one_action_unit(void **state)
{
    (void)state;
    for (int m = 0; m < AT_MOVEMENTS; m++) {
        const at_movement *one = &at_movements[m];
        if (one->units == 1)
            continue;
        assert_int_equal(attune_units[one->unit[0]].au, attune_units[one->unit[1]].au);
        assert_true(common(one) >= strlen("eyeLook"));
        assert_true(at_movement_au(m) > 0);
    }
}

static void movements_mean_what_they_are_called(void **state)
{
    static const struct {
        const char *words, *unit, *other;
        int au;
    } cases[] = {
        {"mouth corners up", "mouthSmileLeft", "mouthSmileRight", 12},
        {"brows lowered", "browDownLeft", "browDownRight", 4},
        {"looks left", "eyeLookInRight", "eyeLookOutLeft", 61},
        {"looks right", "eyeLookInLeft", "eyeLookOutRight", 62},
        {"jaw open", "jawOpen", NULL, 26},
        {"lids closed", "eyeBlinkLeft", "eyeBlinkRight", 45},
        {"mouth to the left", "mouthLeft", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int m = movement_called(cases[i].words);
        const at_movement *one = &at_movements[m];
        assert_int_equal(one->units, cases[i].other ? 2 : 1);
        assert_string_equal(attune_units[one->unit[0]].name, cases[i].unit);
        if (cases[i].other)
            assert_string_equal(attune_units[one->unit[1]].name, cases[i].other);
        assert_int_equal(at_movement_au(m), cases[i].au);
    }
}

/* ---- what is usual --------------------------------------------------------------------------- */

static void sides_are_averaged_and_none_is_unknown(void **state)
{
    attune_window w = made_window(1, 0, 1);
    at_movement_sums s = {0};
    const int smile = movement_called("mouth corners up");
    (void)state;
    w.unit[at_movements[smile].unit[0]] = 0.75f;
    w.unit[at_movements[smile].unit[1]] = 0.25f;
    assert_float_equal(at_movement_of(&w, smile), 0.5, 1e-7);
    at_movements_add(&s, &w);
    w.used = 1u << ATTUNE_VOICE; /* the face was not fit to be judged */
    at_movements_add(&s, &w);
    w.used = 3;
    w.unit[at_movements[0].unit[0]] = NAN; /* a model without units */
    at_movements_add(&s, &w);
    w = made_voice(2, 0);
    at_movements_add(&s, &w);
    assert_int_equal(s.windows, 1);
    assert_float_equal(at_movement_mean(&s, smile), 0.5, 1e-7);
    assert_float_equal(at_movement_deviation(&s, smile), 0, 1e-7);
    assert_true(isnan(at_movement_of(&w, smile)));
    assert_true(isnan(at_movement_mean(&(at_movement_sums){0}, smile)));
}

/* A face whose brows vary by 0.2 about 0.5, corners of the mouth by 0.1 about 0.2; seven more by less and
 * less, the last by next to nothing. */
static attune_window lively(int n)
{
    static const char *const less[] = {"jaw open",  "lips pressed",  "looks up",     "lids closed",
                                       "eyes wide", "brows lowered", "lips together"};
    const float sign = n % 2 ? 1 : -1;
    attune_window w = made_window(n, 0, 1);
    move(&w, "inner brows up", 0.5f + 0.2f * sign);
    move(&w, "mouth corners up", 0.2f - 0.1f * sign);
    for (int i = 0; i < 7; i++)
        move(&w, less[i], 0.5f + sign * (i < 6 ? 0.08f - 0.01f * (float)i : 0.015f));
    return w;
}

static at_movement_sums sums_of(int windows)
{
    at_movement_sums s = {0};
    for (int n = 1; n <= windows; n++) {
        attune_window w = lively(n);
        at_movements_add(&s, &w);
    }
    return s;
}

static void those_are_drawn_that_vary_most(void **state)
{
    static const char *const expected[] = {"inner brows up",   "lids closed",  "looks up",
                                           "mouth corners up", "lips pressed", "jaw open"};
    const at_movement_sums s = sums_of(20);
    int chosen[AT_MOVEMENTS_SHOWN];
    (void)state;
    assert_int_equal(at_movements_varied(&s, chosen), 6);
    for (int i = 0; i < 6; i++) /* in the order of the face */
        assert_string_equal(at_movements[chosen[i]].words, expected[i]);
    assert_float_equal(at_movement_deviation(&s, chosen[0]), 0.2, 1e-6);
    assert_int_equal(at_movements_varied(&(at_movement_sums){0}, chosen), 0);
}

static void a_still_face_has_none_to_draw(void **state)
{
    at_movement_sums s = {0};
    int chosen[AT_MOVEMENTS_SHOWN];
    (void)state;
    for (int n = 1; n <= 20; n++) {
        attune_window w = made_window(n, 0, 1);
        move(&w, "jaw open", n % 2 ? 0.5f : 0.53f);
        at_movements_add(&s, &w);
    }
    assert_int_equal(at_movements_varied(&s, chosen), 0);
}

static void telling_is_what_is_unlike_the_usual(void **state)
{
    const at_movement_sums s = sums_of(20);
    attune_window w = lively(1); /* a deviation from the usual in all */
    int chosen[AT_MOVEMENTS_SHOWN];
    (void)state;
    move(&w, "inner brows up", 0.65f);   /* strong, as ever */
    move(&w, "mouth corners up", 0.45f); /* 2.5 deviations */
    move(&w, "lips together", 0.59f);    /* 6 deviations, but next to nothing */
    move(&w, "lids closed", 0.1f);       /* 8 deviations, downwards */
    assert_int_equal(at_movements_telling(&s, &w, chosen), 2);
    assert_string_equal(at_movements[chosen[0]].words, "lids closed");
    assert_string_equal(at_movements[chosen[1]].words, "mouth corners up");
}

static void without_a_usual_strong_ones_tell(void **state)
{
    const at_movement_sums few = sums_of(AT_USUAL_WINDOWS - 1);
    attune_window w = made_window(1, 0, 1);
    int chosen[AT_MOVEMENTS_SHOWN];
    (void)state;
    move(&w, "jaw open", 0.31f);
    move(&w, "lids closed", 0.8f);
    move(&w, "looks up", 0.29f);
    w.used = 0; /* a withheld window has movements all the same */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(at_movements_telling(i ? &few : NULL, &w, chosen), 2);
        assert_string_equal(at_movements[chosen[0]].words, "lids closed");
        assert_string_equal(at_movements[chosen[1]].words, "jaw open");
    }
    w = made_voice(1, 0);
    assert_int_equal(at_movements_telling(NULL, &w, chosen), 0);
    assert_false(at_movements_usual_known(NULL) || at_movements_usual_known(&few));
}

/* ---- in a report ----------------------------------------------------------------------------- */

typedef struct page {
    char *text;
    size_t n;
} page;

static int take(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    page *p = user;
    (void)sink;
    p->text = realloc(p->text, p->n + size + 1);
    assert_non_null(p->text);
    memcpy(p->text + p->n, text, size);
    p->n += size;
    p->text[p->n] = 0;
    return 0;
}

/* What a sink makes of so many windows of so many faces. */
static page report_of(const char *sinks, attune_window (*make)(int n), int windows, int faces)
{
    page p = {0};
    const attune_report_options o = {
        .sinks = sinks, .input = "x", .write = take, .user = &p, .session = {.max_tracks = faces}};
    const attune_input_info info = {.duration_s = windows / 2.0,
                                    .has_video = 1,
                                    .has_audio = windows > 1,
                                    .width = 64,
                                    .height = 48,
                                    .counts = {.frames = windows > 1 ? 4 * windows : 1}};
    attune_report *r;
    assert_int_equal(attune_report_open(&r, &o, NULL), 0);
    for (int n = 1; n <= windows; n++) {
        attune_window w = make(n);
        for (w.track = 1; w.track <= (uint32_t)faces; w.track++)
            assert_int_equal(attune_report_window(r, &w, NULL), 0);
    }
    assert_int_equal(attune_report_finish(r, &info, 0, NULL), 0);
    attune_report_free(&r);
    return p;
}

/* In this order. */
static void assert_in_order(const page *p, const char *const *parts, int n)
{
    const char *at = p->text;
    for (int i = 0; i < n; i++) {
        at = strstr(at, parts[i]);
        if (!at)
            fail_msg("the page lacks, or has before, %s", parts[i]);
    }
}

static void a_lane_shows_them(void **state)
{
    static const char *const parts[] = {
        "face condition over time: mean 90 %",
        "<h3>Facial movements</h3>",
        "The 6 of 32 that vary most here",
        "title=\"How far it is made: browInnerUp; dotted: its mean\">inner brows up ",
        "<small>AU&#160;1, 0&#8211;100",
        "aria-label=\"inner brows up over time: mean 50 %; How far it is made: browInnerUp",
        "d=\"M0 15.0H1000\"", /* the mean, half of 30 pixels */
        "looks up <small>AU&#160;63",
        "mouth corners up <small>AU&#160;12, 0&#8211;50",
        "<h3>Quality of picture and sound</h3>",
        "<th class=\"n\">mouth corners up (AU 12), %</th>",
        "\"movements\":{\"17\":\"inner brows up\",\"18\":",
    };
    page p = report_of("html", lively, 40, 1);
    (void)state;
    assert_in_order(&p, parts, sizeof parts / sizeof *parts);
    free(p.text);
}

static attune_window without_units(int n)
{
    attune_window w = made_window(n, 0, 1);
    for (int u = 0; u < ATTUNE_UNITS; u++)
        w.unit[u] = NAN;
    return w;
}

static attune_window unmoved(int n)
{
    return made_window(n, 0, 1);
}

static void a_lane_without_them_says_so(void **state)
{
    page p = report_of("html", without_units, 40, 1);
    (void)state;
    assert_null(strstr(p.text, "Facial movements"));
    assert_null(strstr(p.text, "nan"));
    free(p.text);
    p = report_of("html", unmoved, 40, 1);
    assert_non_null(strstr(p.text, "<p class=\"note\">None varies enough to show.</p>"));
    free(p.text);
}

/* A voice in every other window. */
static attune_window half_heard(int n)
{
    attune_window w = lively(n);
    if (n % 2)
        w.condition[ATTUNE_VOICE] = 0;
    return w;
}

static void condition_is_of_what_was_there(void **state)
{
    page p = report_of("html", half_heard, 40, 1);
    (void)state;
    assert_non_null(strstr(p.text, "voice condition over time: mean 90 %;"));
    free(p.text);
}

static attune_window unusual(int n)
{
    attune_window w = lively(n);
    w.baseline_s = (float)n;
    w.offset[ATTUNE_SAD] = -1.5f;
    w.offset[ATTUNE_HAPPY] = 0.5f;
    return w;
}

static void what_was_taken_out_has_a_lane(void **state)
{
    page p = report_of("html", unusual, 40, 1);
    (void)state;
    assert_non_null(strstr(p.text, "usual taken out over time: mean 1.5;"));
    assert_non_null(strstr(p.text,
                           "taken out of its answers, on average: less sad (1.5), more happy "
                           "(0.5); known from 40&#160;s."));
    free(p.text);
    p = report_of("html", lively, 40, 1);
    assert_null(strstr(p.text, "usual taken out over time"));
    free(p.text);
}

/* Values that change from bin to bin, as in no real recording: the worst case. */
static attune_window restless(int n)
{
    attune_window w = unusual(n);
    const float share = (float)(n / 512 % 3) * 0.1f;
    for (int u = 0; u < ATTUNE_UNITS; u++)
        w.unit[u] = share + 0.01f * (float)(n / 256 % 17);
    for (int k = 0; k < ATTUNE_EMOTIONS; k++)
        w.emotion7[k] = (k + n / 256) % 5 ? 0.1f : 0.25f;
    for (int m = 0; m < ATTUNE_MODALITIES; m++)
        w.reliability[m] = w.condition[m] = w.seen[m] = 0.5f + share;
    w.weight[ATTUNE_FACE] = 1 - (w.weight[ATTUNE_VOICE] = 0.3f + share);
    w.quality.sharpness = w.quality.brightness = w.quality.contrast = w.quality.coverage = share;
    w.quality.face_size = 50 * share;
    w.quality.snr_db = 90 * share;
    w.abstain = n / 256 % 5 == 0;
    return w;
}

/* Twenty hours take no more than twenty minutes do. */
static void a_long_recording_stays_in_bounds(void **state)
{
    page p = report_of("html", restless, 144000, 1);
    (void)state;
    if (p.n > 450000)
        fail_msg("the page has %zu bytes", p.n);
    assert_non_null(strstr(p.text, "inner brows up over time: mean 18 %;"));
    free(p.text);
}

static void a_picture_has_a_table_of_them(void **state)
{
    static const char *const parts[] = {"<h3>Facial movements</h3>", "<td>inner brows up</td>",
                                        "<td class=\"n\">1</td><td class=\"n\">70&#160;%</td>",
                                        "<rect class=\"cm\" width=\"70.0%\""};
    page p = report_of("html", lively, 1, 1);
    (void)state;
    assert_in_order(&p, parts, sizeof parts / sizeof *parts);
    assert_null(strstr(p.text, "<td>mouth corners up</td>")); /* only a tenth */
    free(p.text);
}

static void the_summary_has_what_is_drawn(void **state)
{
    page p = report_of("summary", lively, 40, 2);
    json_t *root = json_loads(p.text, 0, NULL), *faces = json_object_get(root, "faces"), *list,
           *one;
    (void)state;
    assert_int_equal(json_array_size(faces), 2);
    list = json_object_get(json_array_get(faces, 1), "movements");
    assert_int_equal(json_array_size(list), 6);
    one = json_array_get(list, 3);
    assert_string_equal(json_string_value(json_object_get(one, "movement")), "mouth corners up");
    assert_int_equal(json_integer_value(json_object_get(one, "action_unit")), 12);
    assert_int_equal(json_array_size(json_object_get(one, "units")), 2);
    assert_float_equal(json_real_value(json_object_get(one, "mean")), 0.2, 1e-6);
    assert_float_equal(json_real_value(json_object_get(one, "deviation")), 0.1, 1e-6);
    json_decref(root);
    free(p.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_is_in_one_movement),
        cmocka_unit_test(two_sides_are_of_one_action_unit),
        cmocka_unit_test(movements_mean_what_they_are_called),
        cmocka_unit_test(sides_are_averaged_and_none_is_unknown),
        cmocka_unit_test(those_are_drawn_that_vary_most),
        cmocka_unit_test(a_still_face_has_none_to_draw),
        cmocka_unit_test(telling_is_what_is_unlike_the_usual),
        cmocka_unit_test(without_a_usual_strong_ones_tell),
        cmocka_unit_test(a_lane_shows_them),
        cmocka_unit_test(a_lane_without_them_says_so),
        cmocka_unit_test(condition_is_of_what_was_there),
        cmocka_unit_test(what_was_taken_out_has_a_lane),
        cmocka_unit_test(a_long_recording_stays_in_bounds),
        cmocka_unit_test(a_picture_has_a_table_of_them),
        cmocka_unit_test(the_summary_has_what_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
