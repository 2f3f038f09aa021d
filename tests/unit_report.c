/* Sinks and how they are chosen; the timeline's columns; words for numbers; pages. */
#include "made_windows.h"
#include "temp_folder.h"
#include "base/visible.h"
#include "report/fields.h"
#include "report/measures.h"
#include "report/place.h"
#include "report/png.h"
#include "report/text.h"

#include <attune/sink.h>
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

/* ---- timeline ------------------------------------------------------------------------------- */

typedef struct at_text {
    char text[1 << 16];
    size_t n;
} at_text;

static int take(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    at_text *t = user;
    (void)sink;
    assert_true(t->n + size < sizeof t->text);
    memcpy(t->text + t->n, text, size);
    t->n += size;
    t->text[t->n] = 0;
    return 0;
}

/* What a sink writes for one window, without what it began with. */
static char *written(const char *sink, const attune_window *w)
{
    at_text *t = calloc(1, sizeof *t);
    attune_report_options o = {.sinks = sink, .input = "x", .write = take, .user = t};
    attune_report *r;
    char *text;
    assert_non_null(t);
    assert_int_equal(attune_report_open(&r, &o, NULL), ATTUNE_OK);
    assert_int_equal(attune_report_window(r, w, NULL), ATTUNE_OK);
    text = strdup(t->text);
    attune_report_free(&r);
    free(t);
    return text;
}

static const char *second_line(const char *text)
{
    return strchr(text, '\n') + 1;
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
    attune_column c, other;
    int n = 0;
    (void)state;
    for (; attune_column_at(NULL, n, &c); n++) {
        assert_true(c.what[0]);
        assert_true(strlen(c.what) < sizeof c.what - 1); /* not cut */
        /* words with underscores between them; movements keep the names that they are known by */
        const size_t plain = strspn(c.name, "abcdefghijklmnopqrstuvwxyz_0123456789");
        assert_true(c.name[plain] == '\0' || strncmp(c.name, "unit_", 5) == 0);
        for (int k = 0; k < n; k++) {
            attune_column_at(NULL, k, &other);
            assert_string_not_equal(c.name, other.name);
        }
    }
    assert_true(n > 40 && n <= AT_FIELDS_MAX);
    attune_column_at(NULL, 0, &c);
    assert_string_equal(c.name, "start_s");
    attune_column_at(NULL, 5, &c);
    assert_string_equal(c.name, "abstain");
    attune_column_at(NULL, n - ATTUNE_MODALITIES - ATTUNE_UNITS, &c);
    assert_string_equal(c.name, "unit_browDownLeft");
    assert_non_null(strstr(c.what, "action unit 4)"));
    attune_column_at(NULL, n - 1, &c);
    assert_string_equal(c.name, "condition_voice");
    assert_int_equal(attune_column_at(NULL, -1, &c), 0);
}

static void values_are_those_of_the_columns(void **state)
{
    attune_window w = made_window(8, ATTUNE_SAD, 4000000001u);
    double value[AT_FIELDS_MAX + 1] = {0};
    at_fields fields;
    int n = attune_window_values(NULL, &w, NULL, 0), empty = 0;
    (void)state;

    at_fields_init(&fields);
    assert_int_equal(n, fields.n);
    w.has_state = 0;
    assert_int_equal(attune_window_values(NULL, &w, value, AT_FIELDS_MAX + 1), n);
    for (int i = 0; i < n; i++) {
        double v;
        const int there = at_field_value(&fields.field[i], &w, &v);
        assert_true(there ? value[i] == v : isnan(value[i]));
        empty += !there;
    }
    assert_true(empty >= ATTUNE_STATES * ATTUNE_LEVELS);
    assert_true(value[n] == 0);
    assert_true(value[2] == 4000000001.0);
}

static void rows_hold_every_column(void **state)
{
    attune_window w = made_window(8, ATTUNE_SAD, 4000000001u);
    char *csv = written("csv", &w);
    char *line = written("jsonl", &w);
    at_fields fields;
    int n;
    json_error_t error;
    json_t *j = json_loads(line, 0, &error);
    (void)state;
    at_fields_init(&fields);
    n = fields.n;
    assert_int_equal(commas(second_line(csv)), n - 1);
    assert_true(strncmp(second_line(csv), "1.000,4.000,4000000001,1,1,0,0.8000,", 36) == 0);
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

/* A measure that stands under another's name would be read as that. */
static void measures_stand_under_their_names(void **state)
{
    static const char *const names[] = {"sharpness",      "brightness", "contrast",   "face_size",
                                        "detector_score", "coverage",   "face_share", "snr_db",
                                        "speech_share",   "yaw",        "pitch",      "roll"};
    attune_window w = made_window(8, ATTUNE_SAD, 1);
    char *line;
    json_t *j;
    (void)state;
    w.quality = (attune_quality){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, {0}};
    assert_true((double)w.quality.face_size == 4 && (double)w.quality.roll == 12);
    line = written("jsonl", &w);
    j = json_loads(line, 0, NULL);
    for (int i = 0; i < AT_MEASURES; i++) {
        assert_string_equal(at_measures[i].name, names[i]);
        assert_true(json_number_value(json_object_get(j, names[i])) == i + 1);
    }
    json_decref(j);
    free(line);
}

static void what_is_not_there_is_empty(void **state)
{
    attune_window w = made_nothing(1);
    char *csv = written("csv", &w);
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
    assert_string_equal(at_text_factor(t, 0.6), "0.6");
    assert_string_equal(at_text_factor(t, 0.01), "under 0.1");
    assert_string_equal(at_text_factor(t, 9.94), "9.9");
    assert_string_equal(at_text_factor(t, 9.96), "10");
    assert_string_equal(at_text_factor(t, 17.4), "17");
}

static void hostile_names_are_made_harmless(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain.mp4", "plain.mp4"},
        {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"a\xff\xc3", "a??"},
        {"\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", "??\xef\xbf\xbd"},
        {"\xc0\xaf\xed\xa0\x80", "?????"},
        {"\x1b[31m\n\x7f\xc2\x9b", "?[31m???"},
        {"x\xe2\x80\xaegpj.ts\xe2\x81\xa9", "x?gpj.ts?"},                 /* turned round */
        {"a\xe2\x80\x8b\xc2\xad\xef\xbb\xbf\xf3\xa0\x80\xa0z", "a????z"}, /* invisible */
        {"\xd9\x85\xe2\x80\x8c\xd9\x85", "\xd9\x85\xe2\x80\x8c\xd9\x85"}, /* Persian */
        {NULL, ""},
    };
    char text[64], *html = NULL;
    size_t size;
    FILE *f;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(at_visible_copy(text, sizeof text, cases[i].in), cases[i].out);
    assert_string_equal(at_visible_copy(text, 4, "ab\xe2\x82\xac"), "ab"); /* not cut in two */
    assert_string_equal(at_text_basename(text, sizeof text, "/a/b.mp4//"), "b.mp4");
    assert_string_equal(at_text_basename(text, sizeof text, "/"), "/");
    f = open_memstream(&html, &size);
    at_text_html(f, "<b a='\"&\xff");
    fclose(f);
    assert_string_equal(html, "&lt;b a=&#39;&quot;&amp;?");
    free(html);
}

/* ---- a whole report --------------------------------------------------------------------------- */

static int remove_reports(void **state)
{
    static const char *const names[] = {"timeline.csv", "timeline.jsonl", "timeline.vtt",
                                        "report.html",  "summary.json",   "index.html"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        made_in_folder(names[i]);
    return remove_folder(state);
}

static attune_report *report_from(int64_t begin_us, int windows, const attune_report_options *o)
{
    attune_report *r;
    attune_error err = {0};
    if (attune_report_open(&r, o, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 1; i <= windows; i++) {
        attune_window w = i % 7 ? made_window(i, i % 3, 5) : made_nothing(i);
        w.start_us += begin_us;
        w.end_us += begin_us;
        assert_int_equal(attune_report_window(r, &w, &err), ATTUNE_OK);
    }
    return r;
}

static attune_report *report_of(int windows, const attune_report_options *o)
{
    return report_from(0, windows, o);
}

static const attune_input_info some_info = {
    .duration_s = 50,
    .has_video = 1,
    .has_audio = 1,
    .width = 64,
    .height = 48,
    .truncated = 1,
    .truncated_reason = "cut <short>",
    .counts = {.frames = 400, .frames_with_face = 300, .end_us = 50000000},
    .elapsed_s = 2};

static char *page_from(int64_t begin_us)
{
    attune_report_options o = {.dir = temp_folder, .input = "x.mp4"};
    attune_report *r = report_from(begin_us, 100, &o);
    assert_int_equal(attune_report_finish(r, &some_info, 0, NULL), ATTUNE_OK);
    attune_report_free(&r);
    return read_text("report.html");
}

static void assert_same_between(const char *a, const char *b, const char *from, const char *to)
{
    const char *x = strstr(a, from), *y = strstr(b, from);
    assert_true(x && y && strstr(x, to));
    assert_memory_equal(x, y, (size_t)(strstr(x, to) - x));
}

static void a_clock_may_begin_anywhere(void **state)
{
    char *plain = page_from(0), *late = page_from(INT64_C(1700000000000000));
    (void)state;
    assert_null(strstr(plain, "time after"));
    assert_non_null(strstr(late, ">time after 472222:13:20<"));
    assert_same_between(plain, late, "<svg viewBox", "<div class=\"row axis\">");
    assert_same_between(plain, late, "{\"end\":", "</script>");
    free(plain);
    free(late);
}

static void a_report_appears_whole(void **state)
{
    attune_report_options o = {
        .dir = temp_folder, .input = "x/</title>\xff.mp4", .model_path = "</script><b>"};
    attune_report *r = report_of(100, &o);
    attune_index *x;
    attune_error err;
    char *html, *json;
    json_error_t error;
    json_t *j;
    (void)state;
    assert_int_not_equal(access(in_folder("timeline.csv"), F_OK), 0); /* not before its end */
    assert_int_equal(attune_report_finish(r, &some_info, 1, &err), ATTUNE_OK);
    html = read_text("report.html");
    assert_non_null(strstr(html, "cut &lt;short&gt;"));
    assert_non_null(strstr(html, "&lt;/title&gt;?.mp4"));
    assert_null(strstr(html, "</script><b>"));
    assert_null(strstr(html, "http://"));
    assert_null(strstr(html, "https://"));
    assert_null(strstr(html, " src="));
    assert_non_null(strstr(html, "2024/1689"));
    assert_null(strstr(html, "nan"));
    json = read_text("summary.json");
    assert_int_equal(strncmp(json, attune_report_json(r), strlen(attune_report_json(r))), 0);
    j = json_loads(json, 0, &error);
    assert_non_null(j);
    assert_int_equal(json_integer_value(json_object_get(j, "windows")), 100);
    assert_int_equal(json_integer_value(json_object_get(j, "windows_abstained")), 14);
    assert_int_equal(json_integer_value(json_object_get(j, "windows_with_face")), 86);
    assert_true(json_is_true(json_object_get(j, "truncated")));
    assert_true(json_is_true(json_object_get(j, "interrupted")));
    assert_true(fabs(json_real_value(json_object_get(j, "realtime_factor")) - 25) < 1e-9);
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_object_get(j, "all"), "engagement"), "most")),
                        "engaged");
    assert_int_equal(json_array_size(json_object_get(j, "faces")), 1);
    json_decref(j);
    assert_int_equal(attune_index_open(&x, temp_folder, &err), ATTUNE_OK);
    assert_int_equal(attune_index_add(x, "a b", r), ATTUNE_OK);
    assert_int_equal(attune_index_add_failed(x, "bad<", "reason"), ATTUNE_OK);
    assert_int_equal(attune_index_finish(x, &err), ATTUNE_OK);
    attune_index_free(&x);
    free(html);
    html = read_text("index.html");
    assert_non_null(strstr(html, "href=\"a%20b/report.html\""));
    assert_non_null(strstr(html, "bad&lt;"));
    free(html);
    free(json);
    attune_report_free(&r);
    assert_null(r);
}

static void an_abandoned_report_leaves_nothing(void **state)
{
    const char *dir = in_folder("new");
    attune_report_options o = {.dir = dir, .input = "clip.mp4"};
    attune_report *r = report_of(3, &o);
    (void)state;
    assert_int_equal(access(dir, F_OK), 0);
    attune_report_free(&r);
    assert_int_not_equal(access(dir, F_OK), 0);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    attune_report_options setup = {.dir = "/proc/attune", .input = "clip.mp4"};
    attune_error err = {0};
    attune_report *r;
    (void)state;
    assert_int_equal(attune_report_open(&r, &setup, &err), ATTUNE_E_IO);
    assert_null(r);
    assert_non_null(strstr(err.text, "/proc/attune"));
}

/* ---- sinks ---------------------------------------------------------------------------------- */

static void sinks_are_chosen_by_name(void **state)
{
    attune_error err = {0};
    attune_report_options o = {.dir = temp_folder, .sinks = "vtt,csv", .input = "clip.mp4"};
    attune_report *r = report_of(10, &o);
    (void)state;
    assert_int_equal(attune_report_finish(r, &some_info, 0, &err), ATTUNE_OK);
    assert_int_equal(access(in_folder("timeline.csv"), F_OK), 0);
    assert_int_equal(access(in_folder("timeline.vtt"), F_OK), 0);
    assert_int_not_equal(access(in_folder("report.html"), F_OK), 0);
    assert_non_null(strstr(attune_report_json(r), "\"windows\": 10"));
    attune_report_free(&r);
    assert_int_equal(attune_sinks_check(NULL, &err), ATTUNE_OK);
    assert_int_equal(attune_sinks_check("csv,nonsense", &err), ATTUNE_E_ARG);
    assert_non_null(strstr(err.text, "'nonsense'"));
    assert_non_null(strstr(err.text, "html"));
    assert_int_equal(attune_sinks_check("csv,", &err), ATTUNE_E_ARG);
    assert_int_equal(attune_sinks_check("cs", &err), ATTUNE_E_ARG);
}

static void names_and_files_of_sinks_are_unique(void **state)
{
    const attune_sink_info *a, *b;
    (void)state;
    for (int i = 0; (a = attune_sink_at(i)); i++) {
        assert_true(a->name[0] && a->file[0] && a->what[0]);
        for (int k = 0; k < i; k++) {
            b = attune_sink_at(k);
            if (strcmp(attune_sink_at(i - 1)->name, a->name) != 0) /* else files of one name */
                assert_string_not_equal(a->name, b->name);
            assert_string_not_equal(a->file, b->file);
        }
    }
    assert_null(attune_sink_at(-1));
}

static void a_live_reader_has_each_window_at_once(void **state)
{
    at_text *t = calloc(1, sizeof *t);
    attune_report_options o = {.sinks = "jsonl", .input = "x", .write = take, .user = t};
    attune_report *r = report_of(4, &o);
    int lines = 0;
    (void)state;
    for (const char *p = t->text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 4);
    attune_report_free(&r);
    free(t);
}

static int refuse(void *user, const attune_sink_info *sink, const char *text, size_t size)
{
    (void)user, (void)sink, (void)text, (void)size;
    return 1;
}

static void a_reader_that_fails_is_an_error(void **state)
{
    attune_report_options o = {.sinks = "jsonl", .input = "x", .write = refuse};
    attune_window w = made_window(1, 0, 1);
    attune_report *r;
    attune_error err = {0};
    (void)state;
    assert_int_equal(attune_report_open(&r, &o, &err), ATTUNE_OK);
    assert_int_equal(attune_report_window(r, &w, &err), ATTUNE_E_IO);
    assert_non_null(strstr(err.text, "timeline.jsonl"));
    attune_report_free(&r);
}

static void subtitles_come_second_by_second(void **state)
{
    at_text *t = calloc(1, sizeof *t);
    attune_report_options o = {.sinks = "vtt", .input = "x", .write = take, .user = t};
    attune_report *r;
    (void)state;
    assert_int_equal(attune_report_open(&r, &o, NULL), ATTUNE_OK);
    for (int i = 1; i <= 8; i++) {
        attune_window face = made_window(i, ATTUNE_HAPPY, 1), voice = made_voice(i, ATTUNE_SAD);
        attune_window none = made_nothing(i);
        attune_report_window(r, i <= 4 ? &face : &none, NULL);
        voice.abstain = i > 2; /* in doubt */
        if (i <= 4)
            attune_report_window(r, &voice, NULL);
    }
    assert_non_null(strstr(t->text, "WEBVTT\n\n"));
    assert_non_null(strstr(t->text, "\n00:00:00.000 --> 00:00:01.000\nface 1: happy 70 %, "
                                    "engaged\nvoice: sad 70 %\n\n"));
    assert_non_null(strstr(t->text, "\n00:00:01.000 --> 00:00:02.000\nface 1: happy 70 %, "
                                    "engaged\nvoice: no expression is likely enough\n\n"));
    assert_non_null(strstr(t->text, "\n00:00:03.000 --> 00:00:04.000\ntoo little to go on\n"));
    attune_report_free(&r);
    free(t);
}

/* A report that says "neutral 100 %" of a false sighting is worse than none. */
static void a_headline_needs_evidence(void **state)
{
    attune_report_options o = {.dir = temp_folder, .input = "clip.mp4"};
    attune_report *r;
    char *html;
    (void)state;
    assert_int_equal(attune_report_open(&r, &o, NULL), ATTUNE_OK);
    for (int i = 1; i <= 40; i++) {
        attune_window w = i <= 6 ? made_window(i, ATTUNE_NEUTRAL, 1) : made_nothing(i);
        w.seen[ATTUNE_FACE] = w.any_face = i == 1;
        w.seen[ATTUNE_VOICE] = 0;
        assert_int_equal(attune_report_window(r, &w, NULL), ATTUNE_OK);
    }
    assert_int_equal(attune_report_finish(r, &some_info, 0, NULL), ATTUNE_OK);
    assert_non_null(strstr(attune_report_text(r),
                           "expression   too little to say: 0.5 s of evidence, under 2 s\n"));
    assert_non_null(strstr(attune_report_json(r), "\"most\": null"));
    assert_null(strstr(attune_report_json(r), "\"most\": \""));
    html = read_text("report.html");
    assert_non_null(strstr(html, "<b>too little to say</b>"));
    assert_null(strstr(html, "<b>neutral</b>"));
    free(html);
    attune_report_free(&r);
}

/* ---- which face is which --------------------------------------------------------------------- */

static attune_window face_at(int n, uint32_t track, float x, float y, float w)
{
    attune_window face = made_window(n, ATTUNE_HAPPY, track);
    face.box[0] = x - w / 2;
    face.box[1] = y - w / 2;
    face.box[2] = face.box[3] = w;
    return face;
}

static void places_have_words(void **state)
{
    static const struct {
        float x, y;
        const char *words;
    } cases[] = {
        {50, 240, "far left"},          {200, 240, "left"},
        {320, 240, "centre"},           {450, 240, "right"},
        {600, 240, "far right"},        {320, 100, "top centre"},
        {600, 470, "bottom far right"}, {-40, -40, "top far left"},
        {900, 900, "bottom far right"},
    };
    at_position at;
    at_place moving = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        at_place p = {0};
        attune_window w = face_at(1, 1, cases[i].x, cases[i].y, 100);
        at_place_add(&p, w.box, 0.5);
        at_place_add(&p, w.box, 0.5);
        assert_int_equal(at_place_mean(&p, 640, 480, &at), 1);
        assert_string_equal(at.words, cases[i].words);
        assert_true(fabs(at.width - 100) < 1e-3);
        assert_true(at.x >= 0 && at.x <= 1 && at.y >= 0 && at.y <= 1);
        assert_int_equal(at_place_mean(&p, 0, 0, &at), 0);
    }
    for (int i = 0; i < 2; i++) {
        attune_window w = face_at(1, 1, i ? 100 : 540, 240, 100);
        at_place_add(&moving, w.box, 1);
    }
    assert_int_equal(at_place_mean(&moving, 640, 480, &at), 1);
    assert_string_equal(at.words, "moving about");
    assert_int_equal(at_place_mean(&(at_place){0}, 640, 480, &at), 0);
}

/* Who was seen for a moment gets no line; who has a picture shows it, if asked for. */
static void faces_are_told_apart(void **state)
{
    attune_report_options o = {
        .dir = temp_folder, .input = "clip.mp4", .session = {.max_tracks = 3}};
    attune_input_info info = some_info;
    uint8_t pixels[3 * 32 * 32] = {255, 0, 0};
    attune_thumbnail t = {.track = 2, .side = 32, .rgb = pixels};
    attune_report *r;
    json_t *j, *face;
    char *html;
    (void)state;
    info.width = 640;
    info.height = 480;
    assert_int_equal(attune_report_open(&r, &o, NULL), ATTUNE_OK);
    for (int i = 1; i <= 40; i++) {
        attune_window one = face_at(i, 1, 100, 240, 64), other = face_at(i, 2, 540, 240, 90);
        attune_window glimpse = face_at(i, 3 + (uint32_t)i / 20, 300, 240, 20);
        assert_int_equal(attune_report_window(r, &one, NULL), ATTUNE_OK);
        other.baseline_s = (float)i;
        other.offset[ATTUNE_SAD] = 0.75f;
        if (i % 20)
            assert_int_equal(attune_report_window(r, &other, NULL), ATTUNE_OK);
        if (i == 5 || i == 25)
            assert_int_equal(attune_report_window(r, &glimpse, NULL), ATTUNE_OK);
    }
    assert_int_equal(attune_report_thumbnail(r, &t, NULL), ATTUNE_OK);
    assert_int_equal(attune_report_thumbnail(r, &t, NULL), ATTUNE_OK); /* in the other's place */
    t.track = 3;                                                       /* a glimpse */
    assert_int_equal(attune_report_thumbnail(r, &t, NULL), ATTUNE_OK);
    t.side = 0;
    assert_int_equal(attune_report_thumbnail(r, &t, NULL), ATTUNE_E_ARG);
    assert_int_equal(attune_report_finish(r, &info, 0, NULL), ATTUNE_OK);
    assert_non_null(strstr(attune_report_text(r),
                           "face 1       far left, 64 px wide, seen for 20 s (0:00 to 0:20)\n"));
    assert_non_null(strstr(attune_report_text(r), "face 2       far right, 90 px wide, "));
    assert_non_null(strstr(attune_report_text(r), "usual for this face: more sad (0.8)\n"));
    assert_null(strstr(attune_report_text(r), "face 3"));
    assert_non_null(strstr(attune_report_text(r), " 2 more faces, each seen for less than 1 s\n"));
    j = json_loads(attune_report_json(r), 0, NULL);
    face = json_array_get(json_object_get(j, "faces"), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(face, "position"), "where")),
        "far right");
    assert_float_equal(json_real_value(json_object_get(
                           json_object_get(json_object_get(face, "usual"), "offset"), "sad")),
                       0.75, 1e-6);
    assert_true(
        json_is_null(json_object_get(json_array_get(json_object_get(j, "faces"), 0), "usual")));
    for (size_t i = 0; i < 4; i++) {
        face = json_array_get(json_object_get(j, "faces"), i);
        assert_int_equal(json_is_true(json_object_get(face, "thumbnail")), i == 1);
    }
    json_decref(j);
    html = read_text("report.html");
    assert_non_null(strstr(html, "img-src data:;"));
    assert_non_null(strstr(html, "alt=\"face 2 at its clearest\">face 2</th><td>far right, 90"));
    assert_null(strstr(html, "alt=\"face 1"));
    assert_null(strstr(html, "alt=\"face 3"));
    assert_non_null(strstr(html, "2 more faces, each seen for less than 1&#160;s, have no line"));
    assert_non_null(strstr(html, "This page shows faces"));
    free(html);
    attune_report_free(&r);
}

/* A reader that inflates nothing can follow a stored stream: that is what keeps the pixels true. */
static void pictures_are_png(void **state)
{
    const uint8_t pixels[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    (void)state;
    at_png_data_uri(f, pixels, 2, 2);
    fclose(f);
    /* As python3's zlib and base64 make it of the same chunks. */
    assert_string_equal(text,
                        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAA"
                        "GUlEQVR4AQEOAPH/AAECAwQFBgAHCAkKCwwBjwBPnjWJSQAAAABJRU5ErkJggg==");
    free(text);
}

/* ---- one picture ------------------------------------------------------------------------------ */

static const attune_input_info one_picture = {.duration_s = 0.04,
                                              .has_video = 1,
                                              .width = 64,
                                              .height = 48,
                                              .counts = {.frames = 1, .frames_with_face = 1},
                                              .elapsed_s = 0.1};

/* A picture has no time: no shares of it, no intervals, no gaps, nothing that lasts. */
static void a_picture_has_no_time(void **state)
{
    static const char *const nonsense[] = {
        "0&#160;s",  "frames analysed", "interval",   "longest", "unusual",
        "Over time", "usable voice",    "times real", "nan",     "stacked"};
    attune_report_options o = {.dir = temp_folder, .input = "face.jpg"};
    attune_window w = made_window(1, ATTUNE_SAD, 1);
    attune_report *r;
    json_t *j;
    char *html;
    (void)state;
    w.end_us = 40000;
    w.seen[ATTUNE_VOICE] = 0;
    w.box[2] = w.box[3] = 20;
    w.emotion7[ATTUNE_NEUTRAL] = 0.06f;
    w.emotion7[ATTUNE_SURPRISED] = 0.09f;
    assert_int_equal(attune_report_open(&r, &o, NULL), ATTUNE_OK);
    assert_int_equal(attune_report_window(r, &w, NULL), ATTUNE_OK);
    assert_int_equal(attune_report_finish(r, &one_picture, 0, NULL), ATTUNE_OK);
    assert_string_equal(attune_report_text(r) + strlen(attune_report_text(r)) -
                            strlen(temp_folder) - strlen("/report.html\n"),
                        in_folder("report.html\n"));
    assert_non_null(strstr(attune_report_text(r),
                           "face.jpg: a picture of 64 x 48 pixels, 1 face\n"
                           "  face 1       top far left, 20 px wide\n"
                           "  expression   likeliest sad (70 %), surprised (9 %), neutral (6 %)"));
    assert_non_null(strstr(attune_report_text(r),
                           "states       boredom very low, engagement high, confusion low, "
                           "frustration very low\n"));
    assert_non_null(strstr(attune_report_text(r), "speed        a picture in 0.1 s\n"));
    j = json_loads(attune_report_json(r), 0, NULL);
    assert_true(json_is_true(json_object_get(j, "still")));
    json_decref(j);
    html = read_text("report.html");
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        if (strstr(strstr(html, "<body>"), nonsense[i]))
            fail_msg("a picture's page says '%s'", nonsense[i]);
    assert_null(strstr(html, "<script"));
    free(html);
    attune_report_free(&r);
}

/* ---- files of another run ---------------------------------------------------------------------- */

static void files_of_an_earlier_run_are_named(void **state)
{
    attune_report_options o = {.dir = temp_folder, .input = "a.mp4"};
    attune_report *r = report_of(10, &o);
    char names[256], *html;
    (void)state;
    assert_int_equal(attune_report_finish(r, &some_info, 0, NULL), ATTUNE_OK);
    assert_null(strstr(attune_report_text(r), "earlier run"));
    assert_non_null(strstr(attune_report_json(r), "\"files_of_earlier_runs\": []"));
    attune_report_free(&r);
    o.sinks = "html,csv";
    r = report_of(10, &o);
    assert_int_equal(attune_report_finish(r, &some_info, 0, NULL), ATTUNE_OK);
    assert_non_null(strstr(attune_report_text(r),
                           "also there   timeline.jsonl, timeline.vtt, summary.json: of an earlier "
                           "run, not of this one\n"));
    assert_non_null(strstr(attune_report_json(r), "\"timeline.vtt\",\n"));
    html = read_text("report.html");
    assert_non_null(strstr(html, "timeline.jsonl, timeline.vtt, summary.json."));
    free(html);
    attune_report_free(&r);
    assert_int_equal(access(in_folder("timeline.vtt"), F_OK), 0); /* nothing is taken away */
    assert_int_equal(attune_outputs_in(temp_folder, "", names, sizeof names), 5);
    assert_int_equal(attune_outputs_in(temp_folder, NULL, names, sizeof names), 0);
    assert_int_equal(attune_outputs_in("/nowhere", "", names, sizeof names), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_unique_and_explained),
        cmocka_unit_test(values_are_those_of_the_columns),
        cmocka_unit_test(rows_hold_every_column),
        cmocka_unit_test(measures_stand_under_their_names),
        cmocka_unit_test(what_is_not_there_is_empty),
        cmocka_unit_test(numbers_in_words),
        cmocka_unit_test(hostile_names_are_made_harmless),
        cmocka_unit_test_setup_teardown(a_report_appears_whole, make_folder, remove_reports),
        cmocka_unit_test_setup_teardown(a_clock_may_begin_anywhere, make_folder, remove_reports),
        cmocka_unit_test_setup_teardown(an_abandoned_report_leaves_nothing, make_folder,
                                        remove_reports),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
        cmocka_unit_test_setup_teardown(sinks_are_chosen_by_name, make_folder, remove_reports),
        cmocka_unit_test(names_and_files_of_sinks_are_unique),
        cmocka_unit_test(a_live_reader_has_each_window_at_once),
        cmocka_unit_test(a_reader_that_fails_is_an_error),
        cmocka_unit_test(subtitles_come_second_by_second),
        cmocka_unit_test_setup_teardown(a_headline_needs_evidence, make_folder, remove_reports),
        cmocka_unit_test(places_have_words),
        cmocka_unit_test_setup_teardown(faces_are_told_apart, make_folder, remove_reports),
        cmocka_unit_test(pictures_are_png),
        cmocka_unit_test_setup_teardown(a_picture_has_no_time, make_folder, remove_reports),
        cmocka_unit_test_setup_teardown(files_of_an_earlier_run_are_named, make_folder,
                                        remove_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
