/* Shares, stretches, lanes and merged bins; the timeline's columns; words for numbers; pages. */
#include "report/report.h"
#include "report/stats.h"
#include "report/text.h"
#include "report/timeline.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t hop = 500000;

/* The window that ends with the n-th hop (from 1) and finds one expression likeliest. */
static attune_window window(int n, int emotion, uint32_t track)
{
    attune_window w = {.end_us = n * hop, .track = track, .used = 3, .has_state = track != 0};
    w.start_us = w.end_us > 6 * hop ? w.end_us - 6 * hop : 0;
    for (int i = 0; i < ATTUNE_EMOTIONS; i++)
        w.emotion7[i] = i == emotion ? 0.7f : 0.05f;
    for (int m = 0; m < ATTUNE_MODALITIES; m++) {
        w.reliability[m] = 0.8f;
        w.weight[m] = 0.5f;
    }
    w.state4[ATTUNE_BOREDOM][0] = 1;
    w.state4[ATTUNE_ENGAGEMENT][2] = w.state4[ATTUNE_ENGAGEMENT][3] = 0.5f;
    w.state4[ATTUNE_CONFUSION][1] = 1;
    w.state4[ATTUNE_FRUSTRATION][0] = 1;
    w.engagement3[ATTUNE_ENGAGED] = 1;
    w.quality.sharpness = 0.5f;
    w.quality.snr_db = NAN;
    return w;
}

static attune_window nobody(int n)
{
    attune_window w = window(n, ATTUNE_NEUTRAL, 0);
    w.used = 0;
    w.abstain = 1;
    w.reliability[0] = w.reliability[1] = w.weight[0] = w.weight[1] = 0;
    w.quality.sharpness = NAN;
    return w;
}

static void add(at_stats *s, attune_window w)
{
    assert_int_equal(at_stats_add(s, &w), ATTUNE_OK);
}

static void assert_stretch(const at_stretch *s, int from, int to)
{
    assert_int_equal(s->start_us, from * hop);
    assert_int_equal(s->end_us, to * hop);
}

/* ---- stats --------------------------------------------------------------------------------- */

static void shares_and_stretches(void **state)
{
    static const int seen[] = {0, 0, 1, 1, 1, 0, -1, 1, 1, 1}; /* -1: nothing to go on */
    const at_head_stats *h;
    at_stats s;
    (void)state;
    at_stats_init(&s, hop, 1);
    for (int i = 0; i < 10; i++)
        add(&s, seen[i] < 0 ? nobody(i + 1) : window(i + 1, seen[i], 9));
    at_stats_close(&s);
    h = &s.head[AT_HEAD_EMOTION];
    assert_int_equal(s.windows, 10);
    assert_int_equal(s.abstained, 1);
    assert_int_equal(s.with[ATTUNE_FACE], 9);
    assert_int_equal(h->windows, 9);
    assert_true(fabs(at_head_share(h, ATTUNE_HAPPY) - 6.0 / 9) < 1e-12);
    assert_true(fabs(at_head_mean(h, ATTUNE_HAPPY) - (6 * 0.7 + 3 * 0.05) / 9) < 1e-6);
    assert_int_equal(at_head_dominant(h), ATTUNE_HAPPY);
    assert_stretch(&h->longest[ATTUNE_NEUTRAL], 0, 2);
    assert_stretch(&h->longest[ATTUNE_HAPPY], 2, 5); /* the first of two equally long */
    assert_stretch(&s.head[AT_HEAD_FACE].longest[0], 6, 7);
    assert_stretch(&s.head[AT_HEAD_ESTIMATE].longest[1], 0, 6);
    assert_int_equal(at_stats_dominant_state(&s), ATTUNE_ENGAGEMENT);
    assert_true(fabs(at_stats_mean_level(&s, ATTUNE_ENGAGEMENT) - 2.5) < 1e-6);
    assert_true(fabs(at_stats_quality(&s, 0) - 0.5) < 1e-6);
    assert_true(isnan(at_stats_quality(&s, 7)));
    assert_int_equal(s.lanes, 1);
    at_stats_free(&s);
}

static void nothing_has_no_dominant_class(void **state)
{
    at_stats s;
    (void)state;
    at_stats_init(&s, hop, 1);
    add(&s, nobody(1));
    at_stats_close(&s);
    assert_int_equal(at_head_dominant(&s.head[AT_HEAD_EMOTION]), -1);
    assert_int_equal(at_stats_dominant_state(&s), -1);
    at_stats_free(&s);
}

static void a_missing_hop_ends_a_stretch(void **state)
{
    at_stats s;
    (void)state;
    at_stats_init(&s, hop, 1);
    for (int i = 1; i <= 9; i++)
        if (i != 4)
            add(&s, window(i, 0, 9));
    at_stats_close(&s);
    assert_stretch(&s.head[AT_HEAD_EMOTION].longest[0], 4, 9);
    at_stats_free(&s);
}

/* However long the input, no more than AT_BINS bins, and no window is lost from them. */
static void bins_merge(void **state)
{
    enum { HOURS = 5, N = HOURS * 7200 };
    at_stats s;
    int windows = 0;
    double happy = 0;
    (void)state;
    at_stats_init(&s, hop, 1);
    for (int i = 1; i <= N; i++)
        add(&s, window(i, i <= N / 2 ? ATTUNE_NEUTRAL : ATTUNE_HAPPY, 9));
    assert_true(at_stats_bins(&s) <= AT_BINS && at_stats_bins(&s) > AT_BINS / 2);
    assert_int_equal(s.bin_us % hop, 0);
    for (int i = 0; i < at_stats_bins(&s); i++) {
        const at_bin *b = &s.lane[0]->bin[i];
        windows += b->windows;
        happy += (double)b->emotion[ATTUNE_HAPPY];
    }
    assert_int_equal(windows, N);
    assert_true(fabs(happy / N - (0.7 + 0.05) / 2) < 1e-4);
    assert_true(s.lane[0]->bin[1].emotion[ATTUNE_HAPPY] < 0.1f * (float)s.lane[0]->bin[1].windows);
    at_stats_free(&s);
}

static void faces_keep_their_lanes(void **state)
{
    at_stats s;
    (void)state;
    at_stats_init(&s, hop, 2);
    add(&s, window(1, 0, 11));
    add(&s, window(2, 0, 11));
    add(&s, window(2, 1, 22));
    add(&s, window(3, 1, 22)); /* 11 has gone */
    add(&s, window(4, 1, 22));
    add(&s, window(4, 2, 33)); /* takes 11's lane */
    add(&s, nobody(5));
    add(&s, window(6, 1, 44));
    assert_int_equal(s.lanes, 2);
    assert_int_equal(s.lane[1]->bin[2].windows, 1);
    assert_true(s.lane[1]->bin[2].emotion[1] > 0.5f);
    assert_true(s.lane[0]->bin[3].emotion[2] > 0.5f);
    at_stats_free(&s);
}

/* One face at a time takes one lane, even where one directly follows another. */
static void one_face_at_a_time_is_one_lane(void **state)
{
    at_stats s;
    (void)state;
    at_stats_init(&s, hop, 1);
    for (int i = 1; i <= 20; i++)
        add(&s, i % 5 ? window(i, 0, (uint32_t)(i / 3 + 1)) : nobody(i));
    assert_int_equal(s.lanes, 1);
    assert_int_equal(s.lane[0]->windows, 20);
    at_stats_free(&s);
}

/* ---- timeline ------------------------------------------------------------------------------- */

static char *written(void (*write)(const at_timeline *, const attune_window *, FILE *),
                     const attune_window *w)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    at_timeline t;
    at_timeline_init(&t);
    write(&t, w, f);
    fclose(f);
    return text;
}

static int commas(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += *s == ',';
    return n;
}

static void columns_are_unique_and_explained(void **state)
{
    at_field f[AT_FIELDS_MAX];
    int n = at_fields(f);
    (void)state;
    assert_true(n > 40 && n <= AT_FIELDS_MAX);
    for (int i = 0; i < n; i++) {
        assert_true(f[i].what[0]);
        assert_true(strlen(f[i].what) < sizeof f[i].what - 1); /* not cut */
        assert_int_equal(strspn(f[i].name, "abcdefghijklmnopqrstuvwxyz_0123456789"),
                         strlen(f[i].name));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(f[i].name, f[k].name);
    }
    assert_string_equal(f[0].name, "start_s");
    assert_string_equal(f[5].name, "abstain");
}

static void rows_hold_every_column(void **state)
{
    attune_window w = window(8, ATTUNE_SAD, 4000000001u);
    char *csv = written(at_timeline_csv_row, &w);
    char *line = written(at_timeline_json_row, &w);
    at_field f[AT_FIELDS_MAX];
    int n = at_fields(f);
    json_error_t error;
    json_t *j = json_loads(line, 0, &error);
    (void)state;
    assert_int_equal(commas(csv), n - 1);
    assert_true(strncmp(csv, "1.000,4.000,4000000001,1,1,0,0.8000,", 36) == 0);
    assert_non_null(j);
    assert_int_equal(json_object_size(j), n);
    assert_true(json_is_true(json_object_get(j, "used_face")));
    assert_true(json_is_false(json_object_get(j, "abstain")));
    assert_true(json_is_null(json_object_get(j, "snr_db")));
    assert_true(fabs(json_real_value(json_object_get(j, "emotion_sad")) - 0.7) < 1e-9);
    json_decref(j);
    free(csv);
    free(line);
}

static void what_is_not_there_is_empty(void **state)
{
    attune_window w = nobody(1);
    char *csv = written(at_timeline_csv_row, &w);
    (void)state;
    assert_true(strstr(csv, "nan") == NULL && strstr(csv, ",,,,") != NULL);
    free(csv);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void numbers_in_words(void **state)
{
    char t[AT_CLOCK_SIZE];
    (void)state;
    assert_string_equal(at_text_clock(t, 7, 0), "0:07");
    assert_string_equal(at_text_clock(t, 7.5, 1), "0:07.5");
    assert_string_equal(at_text_clock(t, 59.96, 1), "1:00");
    assert_string_equal(at_text_clock(t, 3725, 0), "1:02:05");
    assert_string_equal(at_text_clock(t, -3, 0), "0:00");
    assert_string_equal(at_text_duration(t, 0.26), "0.3 s");
    assert_string_equal(at_text_duration(t, 3), "3 s");
    assert_string_equal(at_text_duration(t, 59.96), "1 min");
    assert_string_equal(at_text_duration(t, 150), "2 min 30 s");
    assert_string_equal(at_text_duration(t, 7200), "2 h");
    assert_string_equal(at_text_duration(t, 7260), "2 h 1 min");
    assert_string_equal(at_text_percent(t, 0), "0 %");
    assert_string_equal(at_text_percent(t, 0.001), "under 1 %");
    assert_string_equal(at_text_percent(t, 0.999), "over 99 %");
    assert_string_equal(at_text_percent(t, 1), "100 %");
}

static void hostile_names_are_made_harmless(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain.mp4", "plain.mp4"},
        {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff\xc3", "a??"},
        {"\xc0\xaf\xed\xa0\x80", "?????"},
        {"\x1b[31m\n\x7f\xc2\x9b", "?[31m???"},
        {NULL, ""},
    };
    char text[64], *html = NULL;
    size_t size;
    FILE *f;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(at_text_clean(text, sizeof text, cases[i].in), cases[i].out);
    assert_string_equal(at_text_clean(text, 4, "ab\xe2\x82\xac"), "ab"); /* not cut in two */
    assert_string_equal(at_text_basename(text, sizeof text, "/a/b.mp4//"), "b.mp4");
    assert_string_equal(at_text_basename(text, sizeof text, "/"), "/");
    f = open_memstream(&html, &size);
    at_text_html(f, "<b a='\"&\xff");
    fclose(f);
    assert_string_equal(html, "&lt;b a=&#39;&quot;&amp;?");
    free(html);
}

/* ---- a whole report --------------------------------------------------------------------------- */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/attune-report-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"timeline.csv", "timeline.jsonl", "report.html",
                                        "summary.json", "index.html"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    return rmdir(folder);
}

static char *slurp(const char *name)
{
    FILE *f = fopen(in_folder(name), "rb");
    char *text = calloc(1, 1 << 20);
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
    fclose(f);
    return text;
}

static at_report *report_of(int windows, const char *dir, int hostile)
{
    static const at_report_fact facts[] = {{"licence", "</script><b>"}};
    at_report_setup setup = {.dir = dir,
                             .input = hostile ? "x/</title>\xff.mp4" : "x/clip.mp4",
                             .facts = facts,
                             .n_facts = 1};
    at_report *r;
    attune_error err = {0};
    if (at_report_open(&r, &setup, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 1; i <= windows; i++) {
        attune_window w = i % 7 ? window(i, i % 3, 5) : nobody(i);
        assert_int_equal(at_report_window(r, &w, &err), ATTUNE_OK);
    }
    return r;
}

static const attune_input_info some_info = {.duration_s = 50,
                                            .has_video = 1,
                                            .has_audio = 1,
                                            .width = 64,
                                            .height = 48,
                                            .truncated = 1,
                                            .truncated_reason = "cut <short>",
                                            .counts = {400, 300, 50000000},
                                            .elapsed_s = 2};

static void a_report_appears_whole(void **state)
{
    at_report *r = report_of(100, folder, 1);
    at_index *x;
    attune_error err;
    char *html, *json;
    json_error_t error;
    json_t *j;
    (void)state;
    assert_int_not_equal(access(in_folder("timeline.csv"), F_OK), 0); /* not before its end */
    assert_int_equal(at_report_finish(r, &some_info, 1, &err), ATTUNE_OK);
    html = slurp("report.html");
    assert_non_null(strstr(html, "cut &lt;short&gt;"));
    assert_non_null(strstr(html, "&lt;/title&gt;?.mp4"));
    assert_null(strstr(html, "</script><b>"));
    assert_null(strstr(html, "http://"));
    assert_null(strstr(html, "https://"));
    assert_null(strstr(html, " src="));
    assert_non_null(strstr(html, "2024/1689"));
    assert_null(strstr(html, "nan"));
    json = slurp("summary.json");
    assert_int_equal(strncmp(json, at_report_json(r), strlen(at_report_json(r))), 0);
    j = json_loads(json, 0, &error);
    assert_non_null(j);
    assert_int_equal(json_integer_value(json_object_get(j, "windows")), 100);
    assert_int_equal(json_integer_value(json_object_get(j, "windows_abstained")), 14);
    assert_int_equal(json_integer_value(json_object_get(j, "windows_with_face")), 86);
    assert_true(json_is_true(json_object_get(j, "truncated")));
    assert_true(json_is_true(json_object_get(j, "interrupted")));
    assert_true(fabs(json_real_value(json_object_get(j, "realtime_factor")) - 25) < 1e-9);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(j, "dominant"), "engagement3")),
        "engaged");
    json_decref(j);
    assert_int_equal(at_index_open(&x, folder, &err), ATTUNE_OK);
    assert_int_equal(at_index_add(x, "a b", r), ATTUNE_OK);
    assert_int_equal(at_index_add_failed(x, "bad<", "reason"), ATTUNE_OK);
    assert_int_equal(at_index_finish(x, &err), ATTUNE_OK);
    at_index_free(&x);
    free(html);
    html = slurp("index.html");
    assert_non_null(strstr(html, "href=\"a%20b/report.html\""));
    assert_non_null(strstr(html, "bad&lt;"));
    free(html);
    free(json);
    at_report_free(&r);
    assert_null(r);
}

static void an_abandoned_report_leaves_nothing(void **state)
{
    char dir[128];
    at_report *r;
    (void)state;
    snprintf(dir, sizeof dir, "%s/new", folder);
    r = report_of(3, dir, 0);
    assert_int_equal(access(dir, F_OK), 0);
    at_report_free(&r);
    assert_int_not_equal(access(dir, F_OK), 0);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    at_report_setup setup = {.dir = "/proc/attune", .input = "clip.mp4"};
    attune_error err = {0};
    at_report *r;
    (void)state;
    assert_int_equal(at_report_open(&r, &setup, &err), ATTUNE_E_IO);
    assert_null(r);
    assert_non_null(strstr(err.text, "/proc/attune"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_and_stretches),
        cmocka_unit_test(nothing_has_no_dominant_class),
        cmocka_unit_test(a_missing_hop_ends_a_stretch),
        cmocka_unit_test(bins_merge),
        cmocka_unit_test(faces_keep_their_lanes),
        cmocka_unit_test(one_face_at_a_time_is_one_lane),
        cmocka_unit_test(columns_are_unique_and_explained),
        cmocka_unit_test(rows_hold_every_column),
        cmocka_unit_test(what_is_not_there_is_empty),
        cmocka_unit_test(numbers_in_words),
        cmocka_unit_test(hostile_names_are_made_harmless),
        cmocka_unit_test_setup_teardown(a_report_appears_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_abandoned_report_leaves_nothing, make_folder,
                                        remove_folder),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
